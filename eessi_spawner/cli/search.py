"""`eessi-spawner search`: which modules have a package, in which releases, for which CPUs."""

from __future__ import annotations

import argparse
import json

from eessi_spawner.cli.catalogue_options import add_tree_option, checked_release, open_catalogue, tell_source
from eessi_spawner.cli.table import DIM, colour, format_table, target_summary
from eessi_spawner.stack.accelerators import parse_accelerator
from eessi_spawner.stack.catalogue.entry import version_key
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.search import Filters, Hit, SearchResult, search
from eessi_spawner.stack.cpu_targets import parse_cpu_target

_SHOWN = 25
_EXTENSIONS_SHOWN = 3


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "search",
        help="find modules and the packages in them",
        description="Find modules by their name, by packages inside them (numpy is in SciPy-bundle) or by what they"
        " do; typing errors are forgiven. Exit code 1 if nothing is found.",
    )
    parser.add_argument("text", nargs="+", metavar="TEXT", help="what to look for; a version narrows it: 'numpy 1.26'")
    parser.add_argument("--release", action="append", default=[], metavar="R", help="only this EESSI release")
    parser.add_argument(
        "--target", action="append", default=[], metavar="T", help="only what loads on this CPU target (repeatable)"
    )
    parser.add_argument("--accelerator", default="", metavar="A", help="only what was built for it, as nvidia/cc80")
    parser.add_argument("--generation", action="append", default=[], metavar="G", help="only this one, as 2025b")
    parser.add_argument("--language", default="", metavar="L", help="only modules for a language, as python or r")
    add_tree_option(parser)
    parser.add_argument(
        "--limit", type=_count, default=_SHOWN, metavar="N", help="lines (default: %(default)s, 0: all)"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list of all hits")
    parser.set_defaults(run=run)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"a number was expected, {text[:20]!r} came")
    return int(text[:9])


def run(arguments: argparse.Namespace) -> int:
    """Search, and print the hits; exit code 1 if there are none."""
    catalogue = open_catalogue(arguments)
    filters = Filters(
        releases=tuple(release for release in arguments.release if checked_release(catalogue, release)),
        targets=tuple(map(parse_cpu_target, arguments.target)),
        accelerator=parse_accelerator(arguments.accelerator) if arguments.accelerator else "",
        generations=tuple(arguments.generation),
        language=arguments.language,
    )
    limit = None if arguments.json or not arguments.limit else arguments.limit
    result = search(catalogue, " ".join(arguments.text), filters, limit=limit)
    if arguments.json:
        tell_source(catalogue)
        print(json.dumps([hit.to_json() for hit in result.hits], indent=1, ensure_ascii=True))
        return int(not result.total)
    if result.total:
        print_hits(catalogue, result)
    else:
        print(f"Nothing was found for {' '.join(arguments.text)!r}.")
    tell_source(catalogue)
    return int(not result.total)


def print_hits(catalogue: Catalogue, result: SearchResult) -> None:
    """Print hits as a table, and what the table leaves out."""
    rows = [("MODULE", "RELEASE", "CPU TARGETS", "MATCHED")]
    for hit in result.hits:
        everywhere = sorted(catalogue.targets_of_release[hit.module.release])
        targets = target_summary(hit.module.targets, everywhere)
        rows.append((hit.module.full_name, hit.module.release, targets, matched(hit)))
    for line in format_table(rows):
        print(line)
    if result.ignored:
        print(f"Nothing answers {', '.join(map(repr, result.ignored))}: left out of the question.")
    if result.hits[0].how == "typo":
        print("Nothing is called exactly so; these come close.")
    if (rest := result.total - len(result.hits)) > 0:
        print(colour(f"... and {rest} more: --limit 0 shows all {result.total}.", DIM))


def matched(hit: Hit) -> str:
    """Return what of the module matched: some extensions, or how its name or description did."""
    if hit.extensions_matched:
        names = [f"{extension.name} {extension.version}" for extension in hit.extensions_matched[:_EXTENSIONS_SHOWN]]
        more = len(hit.extensions_matched) - len(names)
        return ", ".join(names) + (f" and {more} more" if more else "")
    gpus = sorted({name for names in hit.module.accelerators.values() for name in names}, key=version_key)
    words = {"prose": "description", "typo": "name (nearly)"}.get(hit.how, "name")
    return f"{words}; {', '.join(gpus)}" if gpus else words
