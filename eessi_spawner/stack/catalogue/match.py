"""How well one word of a query is found in one catalogue's names, extensions and descriptions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import NamedTuple

from eessi_spawner.stack.catalogue.aliases import ALIASES
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.terms import Terms

EXACT, ALIAS, PREFIX, PART, INSIDE, TYPO, PROSE = 100, 95, 80, 75, 60, 50, 30
HOW = {EXACT: "exact", ALIAS: "alias", PREFIX: "prefix", PART: "part", INSIDE: "inside", TYPO: "typo", PROSE: "prose"}
_LESS_FOR_EXTENSION = 4
# What a longer name than the word's can cost; below it the next level begins.
_LESS_FOR_LENGTH = 10


class Match(NamedTuple):
    """How well something answers a word (0-100), and the level; the greater of two is the better."""

    score: int
    level: int


_IN_PROSE, _IN_VERSION, _OF_LANGUAGE = Match(PROSE, PROSE), Match(INSIDE, INSIDE), Match(EXACT, PART)


class Answer(NamedTuple):
    """What answers a word or a question: rows, how well each does, and the packages (extensions) in it that do."""

    rows: dict[int, Match]
    packages: dict[int, list[int]]


def match_names(terms: Terms, word: str) -> dict[int, Match]:
    """Return what *word* names: owner (see `Terms`) to its best match.

    Typos are looked for only where no name has the word in it.
    """
    found: dict[int, Match] = {}
    if not word:
        return found

    def note(term: int, score: int, level: int) -> None:
        owner = terms.owners[term]
        match = Match(score - _LESS_FOR_EXTENSION * (owner >= terms.software), level)
        if owner not in found or found[owner] < match:
            found[owner] = match

    for term in terms.haystack.find(f"\n{word}\n"):
        level = EXACT if term < terms.whole else PART
        note(term, level, level)
    if alias := ALIASES.get(word):
        for term in terms.haystack.find(f"\n{alias}\n"):
            note(term, ALIAS, ALIAS)
    if len(word) > 1:
        _match_parts(terms, word, note)
        if not found:
            _match_typos(terms, word, note)
    return found


def _match_parts(terms: Terms, word: str, note: Callable[[int, int, int], None]) -> None:
    for term in terms.haystack.find(word):
        text = terms.words[term]
        if len(text) > len(word):
            level = PREFIX if text.startswith(word) else INSIDE
            level = min(level, PART) if term >= terms.whole else level
            note(term, level - _LESS_FOR_LENGTH * (len(text) - len(word)) // len(text), level)


def allowed_typos(word: str) -> int:
    """Return how many typos a word of its length may have."""
    return 0 if len(word) < 4 else 1 if len(word) < 7 else 2 if len(word) < 11 else 3


def _match_typos(terms: Terms, word: str, note: Callable[[int, int, int], None]) -> None:
    """Note the words with the fewest typos: one is looked for first, since few words come into question for it."""
    for typos in range(1, allowed_typos(word) + 1):
        close = terms.near(word, typos)
        for term in close:
            other_start = terms.words[term][:1] != word[:1]
            note(term, TYPO - 6 * (typos - 1) - 3 * other_start - 6 * (term >= terms.whole), TYPO)
        if close:
            return


def match_rows(catalogue: Catalogue, word: str, *, among_others: bool) -> Answer:
    """Return the rows that answer *word*.

    Parameters
    ----------
    among_others
        Whether other words say what is looked for: then a language stands for all modules that are about it
        (`r ggplot2`) and for nothing else, and a part of a version counts (`gromacs cuda`).
    """
    if among_others and (spoken := catalogue.rows_of_language.get(word)):
        return Answer(dict.fromkeys(spoken, _OF_LANGUAGE), {})
    terms = catalogue.terms
    rows: dict[int, Match] = {}
    if len(word) > 2:
        for software in terms.prose.find(word):
            rows.update(dict.fromkeys(catalogue.rows_of_place[software], _IN_PROSE))
    if among_others and len(word) > 2:
        rows.update(dict.fromkeys(catalogue.versions.find(f"-{word}"), _IN_VERSION))
    packages: dict[int, list[int]] = {}
    for owner, match in sorted(match_names(terms, word).items(), key=itemgetter(1), reverse=True):
        named: Iterable[int]
        if owner < terms.software:
            named = catalogue.rows_of_place[owner]
        else:
            named = carriers = catalogue.rows_of_extension[owner - terms.software]
            for row, package in carriers.items():
                packages.setdefault(row, []).append(package)
        for row in named:
            if row not in rows or rows[row] < match:
                rows[row] = match
    return Answer(rows, packages)
