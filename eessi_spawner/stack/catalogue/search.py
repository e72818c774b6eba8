"""Search: what people type -> modules, best first.

Each word must be found in a module: in its name, in an extension's, in the description; a version, generation or
release narrows what was found. What cannot be found at all is left out of the question, and the answer says so.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any

from eessi_spawner.stack.catalogue.entry import CatalogueModule, Extension, Extensions
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.match import ALIAS, EXACT, HOW, INSIDE, PREFIX, TYPO, Answer, Match, match_rows
from eessi_spawner.stack.catalogue.terms import fold
from eessi_spawner.stack.cpu_targets import CpuTarget

_MAX_WORDS = 12
_MAX_QUERY = 300
_VERSION = re.compile(r"v?[0-9][A-Za-z0-9.+_-]*")
_GENERATION_OR_RELEASE = re.compile(r"20[0-9]{2}(\.[0-9]{1,2}|[ab])")
_SPLIT = re.compile(r"[\s,;/=<>~!@\"']+")


@dataclass(frozen=True)
class Filters:
    """What a search is narrowed to; empty values narrow nothing.

    `targets` are machines: a module must load on each, from the directory that EESSI takes there.
    """

    releases: tuple[str, ...] = ()
    targets: tuple[CpuTarget, ...] = ()
    accelerator: str = ""
    generations: tuple[str, ...] = ()
    language: str = ""


_NO_FILTERS = Filters()
_NOTHING = Match(0, 0)


@dataclass(frozen=True)
class Hit:
    """A module that was found, how well (0-100), and the extensions that matched.

    `how` says what was found: `exact`, `alias`, `prefix`, `part`, `inside`, `typo` or `prose`; `releases` are all
    that have a module of this full name.
    """

    module: CatalogueModule
    score: int
    how: str
    extensions_matched: Sequence[Extension] = ()
    releases: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the hit as the command and the service give it out."""
        module = self.module
        return {
            "name": module.module.name,
            "version": module.module.version,
            "release": module.release,
            "releases": list(self.releases),
            "module": module.full_name,
            "generation": module.generation,
            "toolchain": module.toolchain,
            "targets": list(module.targets),
            "accelerators": {target: list(names) for target, names in module.accelerators.items()},
            "extensions_matched": [
                {"kind": extension.kind, "name": extension.name, "version": extension.version}
                for extension in self.extensions_matched
            ],
            "description": module.description,
            "score": self.score,
            "how": self.how,
        }


@dataclass(frozen=True)
class SearchResult:
    """The best hits, how many there are in all, and the words that nothing answers and that were left out."""

    hits: tuple[Hit, ...] = ()
    total: int = 0
    ignored: tuple[str, ...] = ()


def search(
    catalogue: Catalogue, query: str, filters: Filters | None = None, *, limit: int | None = None
) -> SearchResult:
    """Return the modules that *query* finds, best first, newest first among equals; at most *limit* of them."""
    filters = filters or _NO_FILTERS
    words, versions = split_query(query)
    ignored: list[str] = []
    if words:
        rows, packages = _match_query(catalogue, words, ignored)
    elif versions:
        rows, packages = dict.fromkeys(range(len(catalogue)), Match(INSIDE, INSIDE)), {}
    else:
        return SearchResult()
    if filters != _NO_FILTERS:
        wanted = _make_filter(catalogue, filters)
        rows = {row: match for row, match in rows.items() if wanted(row)}
    for version in versions:
        narrowed = _narrow(catalogue, Answer(rows, packages), version)
        if narrowed or not words:
            rows = narrowed
        else:
            ignored.append(version)
    order, worst = catalogue.order, len(catalogue)
    # The rank as one number, best first: it sorts faster than a pair.
    ranks = {order[row] - worst * match.score: row for row, match in rows.items()}
    best = sorted(ranks) if limit is None else nsmallest(limit, ranks)
    hits = tuple(_make_hit(catalogue, ranks[rank], rows[ranks[rank]], packages.get(ranks[rank], ())) for rank in best)
    return SearchResult(hits, len(rows), tuple(ignored))


def split_query(query: str) -> tuple[list[str], list[str]]:
    """Return the folded words of *query*, and what in it is a version, a generation or a release."""
    words: list[str] = []
    versions: list[str] = []
    for part in _SPLIT.split(query[:_MAX_QUERY].strip().lower())[:_MAX_WORDS]:
        if (words and _VERSION.fullmatch(part)) or _GENERATION_OR_RELEASE.fullmatch(part):
            versions.append(part.removeprefix("v"))
        elif folded := fold(part):
            words.append(folded)
    return words, versions


def _match_query(catalogue: Catalogue, words: list[str], ignored: list[str]) -> Answer:
    """Return what answers all words, or most of them; a word that nothing answers is put into *ignored*."""
    if len(words) == 1:
        return match_rows(catalogue, words[0], among_others=False)
    answers = {word: match_rows(catalogue, word, among_others=True) for word in words}
    ignored += [word for word, answer in answers.items() if not answer.rows]
    found, parts = _combine([answer.rows for answer in answers.values() if answer.rows])
    # Two words can be one name, "scikit learn".
    joined = match_rows(catalogue, "".join(words), among_others=False)
    better = {row: match for row, match in joined.rows.items() if match > found.get(row, _NOTHING)}
    named = {row: match for row, match in better.items() if match.level != TYPO}
    found |= named
    if (best := _best(found)) < PREFIX:
        found |= {row: match for row, match in parts.items() if match.score > best}
        best = _best(found)
    misspelt = {row: match for row, match in better.items() if match.level == TYPO and match.score > best}
    found |= misspelt
    if named or misspelt:
        ignored.clear()
    return Answer(found, _merge([*(answer.packages for answer in answers.values()), joined.packages]))


def _combine(answers: list[dict[int, Match]]) -> tuple[dict[int, Match], dict[int, Match]]:
    """Return the rows that are in all *answers*, and those that are in some."""
    if len(answers) < 2:
        return dict(*answers), {}
    common = set(answers[0]).intersection(*answers[1:])
    found: tuple[dict[int, Match], dict[int, Match]] = {}, {}
    for row in set().union(*answers):
        found[row not in common][row] = _mean([rows[row] for rows in answers if row in rows], len(answers))
    return found


def _mean(matches: list[Match], words: int) -> Match:
    """Return how well a row answers *words*: one that is its very name counts for more than parts of several names."""
    score = sum(match.score for match in matches) // words
    if any(match.level >= ALIAS for match in matches):
        score = (2 * EXACT + score) // 3
    return Match(score, min(match.level for match in matches))


def _best(rows: dict[int, Match]) -> int:
    return max(rows.values(), default=_NOTHING).score


def _merge(answers: list[dict[int, list[int]]]) -> dict[int, list[int]]:
    """Return each row's packages, of all answers, each once."""
    merged: defaultdict[int, dict[int, None]] = defaultdict(dict)
    for packages in answers:
        for row, of_row in packages.items():
            merged[row].update(dict.fromkeys(of_row))
    return {row: list(of_row) for row, of_row in merged.items()}


def _narrow(catalogue: Catalogue, answer: Answer, version: str) -> dict[int, Match]:
    """Return the rows that have *version*; where none of the best has, 3.1 stands for 3.13 too.

    It is that of the module or of a package that answers, or the generation, or the release.
    """
    rows, columns = answer.rows, catalogue.columns
    narrowed = {
        row: match
        for row, match in rows.items()
        if version in (catalogue.generation(row), catalogue.release(row))
        or starts_version(columns.version_of[row].lower(), version)
        or any(starts_version(columns.package_versions[p].lower(), version) for p in answer.packages.get(row, ()))
    }
    best = _best(rows)
    if all(match.score < best for match in narrowed.values()):
        narrowed |= {row: rows[row] for row in rows if columns.version_of[row].lower().startswith(version)}
    return narrowed


def starts_version(version: str, start: str) -> bool:
    """Say whether *version* begins with *start*, number by number: 3.1 begins 3.1.4, and not 3.13."""
    after = version[len(start) : len(start) + 1]
    return version.startswith(start) and not (after.isdigit() and start[-1:].isdigit())


def _make_hit(catalogue: Catalogue, row: int, match: Match, packages: Sequence[int]) -> Hit:
    matched = Extensions(catalogue.columns, packages)
    return Hit(catalogue.module(row), match.score, HOW[match.level], matched, catalogue.releases_of(row))


def _make_filter(catalogue: Catalogue, filters: Filters) -> Callable[[int], bool]:
    """Return a function that says whether a row passes; what a machine can load is found once a kind of row."""
    columns = catalogue.columns
    runs: dict[tuple[int, int, int], bool] = {}
    spoken = catalogue.rows_of_language.get(filters.language.lower(), ())

    def passes(row: int) -> bool:
        if filters.releases and catalogue.release(row) not in filters.releases:
            return False
        if filters.generations and catalogue.generation(row) not in filters.generations:
            return False
        if filters.language and row not in spoken:
            return False
        if not filters.targets and not filters.accelerator:
            return True
        key = (columns.release_of[row], columns.targets_of[row], columns.accelerators_of[row])
        if key not in runs:
            runs[key] = catalogue.runs_on(row, filters.targets, filters.accelerator)
        return runs[key]

    return passes
