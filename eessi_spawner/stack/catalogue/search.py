"""Search: what people type -> modules, best first.

Each word must be found in a module: in its name, in an extension's, in the description; a version, generation or
release narrows what was found. What cannot be found at all is left out of the question, and the answer says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any

from eessi_spawner.stack.catalogue.entry import CatalogueModule, Extension, Extensions
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.match import HOW, INSIDE, PROSE, TYPO, Match, match_rows
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


@dataclass(frozen=True)
class Hit:
    """A module that was found, how well (0-100), and the extensions that matched.

    `how` says what was found: `exact`, `alias`, `prefix`, `part`, `inside`, `typo` or `prose`; `releases` are all
    that have a module of this full name.
    """

    module: CatalogueModule
    score: float
    how: str
    extensions_matched: tuple[Extension, ...] = ()
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
            "score": round(self.score, 1),
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
        rows = _match_query(catalogue, words, ignored)
    elif versions:
        rows = dict.fromkeys(range(len(catalogue)), Match(INSIDE, INSIDE))
    else:
        return SearchResult()
    if filters != _NO_FILTERS:
        wanted = _make_filter(catalogue, filters)
        rows = {row: match for row, match in rows.items() if wanted(row)}
    for version in versions:
        narrowed = _narrow(catalogue, rows, version)
        if narrowed or not words:
            rows = narrowed
        else:
            ignored.append(version)
    order = catalogue.order
    count = len(rows)
    # The rank as one number, best first: it sorts faster than a pair.
    ranks = {order[row] - len(order) * round(match.score): row for row, match in rows.items()}
    best = sorted(ranks) if limit is None else nsmallest(limit, ranks)
    hits = tuple(_make_hit(catalogue, ranks[rank], rows[ranks[rank]]) for rank in best)
    return SearchResult(hits, count, tuple(ignored))


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


def _match_query(catalogue: Catalogue, words: list[str], ignored: list[str]) -> dict[int, Match]:
    """Return the rows that answer all words; a word that no row answers is put into *ignored*."""
    answers = []
    for word in words:
        if rows := match_rows(catalogue, word, among_others=len(words) > 1):
            answers.append(rows)
        else:
            ignored.append(word)
    if len(words) == 1:
        return answers[0] if answers else {}
    if not answers:
        answers.append({})
    common = set(answers[0]).intersection(*answers[1:])
    found = {row: _mean([rows[row] for rows in answers], len(answers)) for row in common}
    best = max((match.score for match in found.values()), default=0.0)
    if best <= PROSE:
        # No module has all in its names: those that have some are ranked by how much of the question they answer.
        for row in set().union(*answers) - common:
            match = _mean([rows[row] for rows in answers if row in rows], len(answers))
            if match.score > best:
                found[row] = match
    # Two words can be one name, "scikit learn"; misspelt, where they are nothing else.
    for row, match in match_rows(catalogue, "".join(words), among_others=False).items():
        if (match.level != TYPO or best <= PROSE) and (row not in found or found[row].score < match.score):
            found[row] = match
            ignored.clear()
    return found


def _mean(matches: list[Match], words: int) -> Match:
    if words == 1:
        return matches[0]
    return Match(
        sum(match.score for match in matches) / words,
        min(match.level for match in matches),
        frozenset().union(*(match.extensions for match in matches)),
    )


def _narrow(catalogue: Catalogue, rows: dict[int, Match], version: str) -> dict[int, Match]:
    """Return the rows that have *version*; where none of the best has, 3.1 stands for 3.13 too."""
    narrowed = {row: match for row, match in rows.items() if _has_version(catalogue, row, match, version)}
    best = max((match.score for match in rows.values()), default=0.0)
    if all(match.score < best for match in narrowed.values()):
        loose = {row: rows[row] for row in rows if catalogue.columns.version_of[row].lower().startswith(version)}
        return {**narrowed, **loose}
    return narrowed


def _has_version(catalogue: Catalogue, row: int, match: Match, version: str) -> bool:
    """Say whether *version* is the row's generation, its release, or the beginning of a version that matched."""
    own = catalogue.columns.version_of[row].lower()
    if version in (catalogue.generation(row), catalogue.release(row)) or starts_version(own, version):
        return True
    return any(starts_version(extension.version.lower(), version) for extension in _matched(catalogue, row, match))


def starts_version(version: str, start: str) -> bool:
    """Say whether *version* begins with *start*, number by number: 3.1 begins 3.1.4, and not 3.13."""
    after = version[len(start) : len(start) + 1]
    return version.startswith(start) and not (after.isdigit() and start[-1:].isdigit())


def _matched(catalogue: Catalogue, row: int, match: Match) -> tuple[Extension, ...]:
    if not match.extensions:
        return ()
    names, wanted = catalogue.columns.package_names, match.extensions
    packages = [package for package in catalogue.columns.packages_of[row] if names[package] in wanted]
    return tuple(Extensions(catalogue.columns, packages))


def _make_hit(catalogue: Catalogue, row: int, match: Match) -> Hit:
    matched = _matched(catalogue, row, match)
    return Hit(catalogue.module(row), match.score, HOW[match.level], matched, catalogue.releases_of(row))


def _make_filter(catalogue: Catalogue, filters: Filters) -> Callable[[int], bool]:
    """Return a function that says whether a row passes; what a machine can load is found once a kind of row."""
    columns = catalogue.columns
    runs: dict[tuple[int, int, int], bool] = {}
    spoken = set(catalogue.rows_of_language.get(filters.language.lower(), ()))

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
