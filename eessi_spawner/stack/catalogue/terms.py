"""The words a search looks in: names of software and of extensions, folded, and the descriptions.

They stand in one long text with one word a line, which `str.find` scans faster than any index in Python would
answer: for whole words, their beginnings and parts, and for the pieces that a typing error has left of a word.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any

_SEPARATORS = re.compile(r"[\s_.:/-]+")


def fold(text: str) -> str:
    """Return *text* as names are compared: lower case, without separators (`scikit_learn` is `Scikit-Learn`)."""
    return text.lower() if text.isalnum() else _SEPARATORS.sub("", text.lower())


class Haystack:
    """Lines of text in one string: finds the lines that contain something."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.text = "\n" + "\n".join(lines) + "\n"
        self._starts = array("L", accumulate((len(line) + 1 for line in lines), initial=1))

    def find(self, needle: str) -> Iterator[int]:
        """Yield each line that contains *needle*, once; a newline in it stands for a line's end."""
        find, starts, into = self.text.find, self._starts, int(needle[0] == "\n")
        place = find(needle)
        while place >= 0:
            line = bisect_right(starts, place + into)
            yield line - 1
            place = find(needle, starts[line] - 1)


@dataclass
class Terms:
    """Folded words, each with what it names.

    `owners` holds, for each word, the position of a software, or that of an extension plus the number of
    software. Words after the first `whole` are parts of a software's name (`bundle` of SciPy-bundle).
    """

    words: list[str]
    owners: list[int]
    whole: int
    software: int
    descriptions: Sequence[str]

    @cached_property
    def haystack(self) -> Haystack:
        """All words."""
        return Haystack(self.words)

    @cached_property
    def prose(self) -> Haystack:
        """All descriptions, in lower case."""
        return Haystack([description.lower() for description in self.descriptions])

    def near(self, word: str, typos: int) -> list[int]:
        """Return the words that *word*, of at least three letters a typo, can be with that many typos or fewer.

        Between *typos* + 1 pieces of it, each one letter from the next, a typo spoils one piece at most, a swap of
        neighbours too: what is meant has one of them unspoilt, its ends counted as letters.
        """
        marked, pieces = f"\n{word}\n", typos + 1
        cuts = [number * (len(marked) + 1) // pieces for number in range(pieces + 1)]
        found = {term for start, end in pairwise(cuts) for term in self.haystack.find(marked[start : end - 1])}
        return [
            term
            for term in sorted(found)
            if abs(len(self.words[term]) - len(word)) <= typos and distance(word, self.words[term], typos) <= typos
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the words as plain JSON, without the descriptions, which the columns have."""
        return {"words": self.words, "owners": self.owners, "whole": self.whole, "software": self.software}

    @staticmethod
    def from_json(data: Mapping[str, Any], descriptions: Sequence[str]) -> Terms:
        """Rebuild the words from `to_json`.

        Raises
        ------
        ValueError
            If they are of another shape.
        """
        words, owners = data.get("words"), data.get("owners")
        whole, software = data.get("whole"), data.get("software")
        if not (isinstance(words, list) and isinstance(owners, list) and len(words) == len(owners)):
            raise ValueError("the words have another shape")
        if not (isinstance(whole, int) and software == len(descriptions)):
            raise ValueError("the words are of another catalogue")
        return Terms(words, owners, whole, len(descriptions), descriptions)


def make_terms(software: Sequence[str], extensions: Sequence[str], descriptions: Sequence[str]) -> Terms:
    """Return the words of all names."""
    words = [*map(fold, software), *map(fold, extensions)]
    whole = len(words)
    owners = list(range(whole))
    for place, name in enumerate(software):
        parts = _SEPARATORS.split(name.lower())
        if len(parts) > 1:
            kept = [part for part in parts if len(part) > 2]
            words += kept
            owners += [place] * len(kept)
    return Terms(words, owners, whole, len(software), descriptions)


def distance(left: str, right: str, limit: int) -> int:
    """Return how many letters must be put in, left out, replaced or swapped with a neighbour (at most *limit* + 1)."""
    while left and right and left[-1] == right[-1]:
        left, right = left[:-1], right[:-1]
    while left and right and left[0] == right[0]:
        left, right = left[1:], right[1:]
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    if not left or not right:
        return max(len(left), len(right))
    if limit == 1:
        # Both begin and end otherwise: one letter is another, or two are swapped.
        return 1 if len(left) == len(right) == 1 or (len(left) == 2 and left == right[::-1]) else 2
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, letter in enumerate(left, 1):
        earlier, before, row = before, row, [i]
        for j, other in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == right[j - 2] and left[i - 2] == other:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]
