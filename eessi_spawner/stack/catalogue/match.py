"""How well one word of a query is found in one catalogue's names, extensions and descriptions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eessi_spawner.stack.catalogue.aliases import ALIASES
from eessi_spawner.stack.catalogue.entry import KNOWN_LANGUAGES
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.terms import Terms, distance, signature

EXACT, ALIAS, PREFIX, PART, INSIDE, TYPO, PROSE = 100, 95, 80, 75, 60, 50, 30
HOW = {EXACT: "exact", ALIAS: "alias", PREFIX: "prefix", PART: "part", INSIDE: "inside", TYPO: "typo", PROSE: "prose"}
_LESS_FOR_EXTENSION = 4
# What a longer name than the word's can cost; below it the next level begins.
_LESS_FOR_LENGTH = 10


@dataclass(frozen=True)
class Match:
    """How well a row answers a word (0-100), the level, and the extensions (positions of names) that do."""

    score: float
    level: int
    extensions: frozenset[int] = frozenset()


def match_names(terms: Terms, word: str) -> dict[int, tuple[float, int]]:
    """Return what *word* names: owner (see `Terms`) to score and level of its best match.

    Typos are looked for only where no name has the word in it.
    """
    found: dict[int, tuple[float, int]] = {}
    if not word:
        return found

    def note(term: int, score: float, level: int) -> None:
        owner = terms.owners[term]
        score -= _LESS_FOR_EXTENSION * (owner >= terms.software)
        if owner not in found or found[owner][0] < score:
            found[owner] = (score, level)

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


def _match_parts(terms: Terms, word: str, note: Callable[[int, float, int], None]) -> None:
    for term in terms.haystack.find(word):
        text = terms.words[term]
        if len(text) > len(word):
            level = PREFIX if text.startswith(word) else INSIDE
            level = min(level, PART) if term >= terms.whole else level
            note(term, level - _LESS_FOR_LENGTH * (1 - len(word) / len(text)), level)


def allowed_typos(word: str) -> int:
    """Return how many typos a word of its length may have."""
    return 0 if len(word) < 4 else 1 if len(word) < 7 else 2 if len(word) < 11 else 3


def _match_typos(terms: Terms, word: str, note: Callable[[int, float, int], None]) -> None:
    """Note the words with the fewest typos: one is looked for first, since few words come into question for it."""
    wanted = signature(word)
    for typos in range(1, allowed_typos(word) + 1):
        # A typo changes two pairs of letters, a swap three.
        least = wanted.bit_count() - 2 * typos - 1
        shortest, longest = len(word) - typos, len(word) + typos
        close = [
            term
            for term, bits in enumerate(terms.signatures)
            if (bits & wanted).bit_count() >= least
            and shortest <= len(terms.words[term]) <= longest
            and distance(word, terms.words[term], typos) <= typos
        ]
        for term in close:
            other_start = terms.words[term][:1] != word[:1]
            note(term, TYPO - 6 * (typos - 1) - 3 * other_start - 6 * (term >= terms.whole), TYPO)
        if close:
            return


def match_rows(catalogue: Catalogue, word: str, *, among_others: bool) -> dict[int, Match]:
    """Return the rows that answer *word*.

    Parameters
    ----------
    among_others
        Whether other words say what is looked for: then a language stands for all modules with extensions of it
        (`r ggplot2`), and a part of a version counts (`gromacs cuda`).
    """
    rows: dict[int, Match] = {}
    if len(word) > 2:
        for software in catalogue.terms.prose.find(word):
            rows.update(dict.fromkeys(catalogue.rows_of_place[software], Match(PROSE, PROSE)))
    if among_others and len(word) > 2:
        rows.update(dict.fromkeys(catalogue.versions.find(f"-{word}"), Match(INSIDE, INSIDE)))
    if among_others and word in KNOWN_LANGUAGES:
        rows.update(dict.fromkeys(catalogue.rows_of_language.get(word, ()), Match(PART, PART)))
    _add_named(catalogue, match_names(catalogue.terms, word), rows)
    return rows


def _add_named(catalogue: Catalogue, named: dict[int, tuple[float, int]], rows: dict[int, Match]) -> None:
    """Put the rows of what was *named* into *rows*, where they answer better than what is there."""
    count = catalogue.terms.software
    carried: dict[int, list[tuple[float, int, int]]] = {}
    for owner, (score, level) in named.items():
        if owner >= count:
            for row in catalogue.rows_of_extension[owner - count]:
                carried.setdefault(row, []).append((score, level, owner - count))
            continue
        match = Match(score, level)
        for row in catalogue.rows_of_place[owner]:
            if row not in rows or rows[row].score < score:
                rows[row] = match
    for row, matches in carried.items():
        score, level, _ = max(matches)
        if row in rows and rows[row].score >= score:
            score, level = rows[row].score, rows[row].level
        rows[row] = Match(score, level, frozenset(place for _, _, place in matches))
