"""Completes an environment: from words such as "numpy, matplotlib" to the modules that have them and a kernel.

The newest toolchain generation that has all of them on all wanted targets is taken; where none has, the answer
says what the best one lacks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from eessi_spawner.stack.catalogue.builder import clean_text
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.match import ALIAS, PART, TYPO, Match, match_names
from eessi_spawner.stack.catalogue.terms import fold
from eessi_spawner.stack.catalogue.together import common_targets
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.environments import Environment

# What makes modules a kernel, by the kernel's language.
KERNEL_SOFTWARE: dict[str, str] = {"python": "jupyter-server", "r": "IRkernel", "octave": "octave-kernel"}
_LANGUAGE_WORDS = {"python": "python", "r": "r", "octave": "octave", "irkernel": "r", "jupyterserver": "python"}
# Toolchains from the bottom up: what sits lower brings less along.
_TOOLCHAIN_LEVELS = ("SYSTEM", "GCCcore", "GCC", "gfbf", "gompi", "foss")
_MAX_WORDS = 50
_SPLIT = re.compile(r"[\s,;]+")


@dataclass(frozen=True)
class Completion:
    """What completes the words that were asked for.

    Attributes
    ----------
    language, release, generation
        Of the kernel; empty where no generation has anything of it.
    modules
        Full names, sorted, the kernel's among them.
    kernel_module
        The one that makes it a kernel; empty where the generation has none.
    found
        Each word to the module that has it.
    read_as
        Words that name nothing exactly, to the name that they were taken for.
    missing
        Words that the generation has not, or nothing has.
    targets
        CPU targets that have all of the modules.
    """

    language: str
    release: str
    generation: str
    modules: tuple[str, ...]
    kernel_module: str
    found: dict[str, str]
    read_as: dict[str, str]
    missing: tuple[str, ...]
    targets: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether all words were found and there is a kernel."""
        return bool(self.kernel_module) and not self.missing

    def environment(self, name: str = "", title: str = "") -> Environment:
        """Return it as an environment; without *name* it is called for what was asked for."""
        words = re.sub(r"[^a-z0-9._-]+", "-", "-".join(self.found).lower()).strip("-._") or self.language
        shown = ", ".join(self.read_as.get(word, word) for word in self.found) or self.language
        return Environment(
            name=name or f"{self.generation}-{words}"[:64],
            title=(title or f"{shown} ({self.generation})")[:100],
            release=self.release,
            modules=self.modules,
            language=self.language,
        )


def complete(
    catalogue: Catalogue,
    words: Iterable[str],
    *,
    release: str | None = None,
    targets: Sequence[CpuTarget] = (),
    language: str = "",
) -> Completion:
    """Return the modules of the newest generation that have all *words* on all *targets*, and its kernel's.

    Parameters
    ----------
    words
        Names of software or extensions, or full names of modules; text with commas is taken apart. Fifty are read,
        as many as an environment may have modules.
    language
        The kernel's; empty to infer it from the words (`r`, `octave`), else Python.
    """
    asked = list(dict.fromkeys(part for word in words for part in _SPLIT.split(clean_text(word)) if part))
    asked = asked[:_MAX_WORDS]
    spoken = [_LANGUAGE_WORDS[fold(word)] for word in asked if fold(word) in _LANGUAGE_WORDS]
    asked = [word for word in asked if fold(word) not in _LANGUAGE_WORDS]
    candidates, read_as = _candidates(catalogue, asked)
    language = language or (spoken[0] if spoken else _infer_language(catalogue, candidates))
    best: Completion | None = None
    for place in catalogue.places:
        if release not in (None, place[0]):
            continue
        answer = _complete_in(catalogue, place, candidates, targets, language)
        if best is None or _rank(answer) > _rank(best):
            best = answer
    nothing = Completion(language, release or "", "", (), "", {}, {}, tuple(asked), ())
    return replace(best or nothing, read_as=read_as)


def _rank(answer: Completion) -> tuple[bool, int, bool]:
    return (answer.complete, len(answer.found), bool(answer.kernel_module))


def _candidates(catalogue: Catalogue, words: list[str]) -> tuple[dict[str, dict[int, int]], dict[str, str]]:
    """Return each word's rows with scores, and what words without exact name were taken for."""
    terms = catalogue.terms
    candidates: dict[str, dict[int, int]] = {}
    read_as: dict[str, str] = {}
    for word in words:
        name, slash, version = word.partition("/")
        named = match_names(terms, fold(name))
        exact = {owner: match for owner, match in named.items() if match.level >= ALIAS}
        chosen = exact or _closest(named)
        if not exact and chosen:
            read_as[word] = _owner_name(catalogue, next(iter(chosen)))
        rows: dict[int, int] = {}
        for owner, match in chosen.items():
            own = owner < terms.software
            for row in catalogue.rows_of_place[owner] if own else catalogue.rows_of_extension[owner - terms.software]:
                if not slash or catalogue.columns.version_of[row] == version:
                    rows[row] = max(rows.get(row, 0), match.score)
        candidates[word] = rows
    return candidates, read_as


def _closest(named: dict[int, Match]) -> dict[int, Match]:
    """Return the best of inexact matches: one name, from a typo or from a part that stands at its beginning."""
    good = {owner: match for owner, match in named.items() if match.level >= PART or match.level == TYPO}
    if not good:
        return {}
    best = max(good, key=good.__getitem__)
    return {best: good[best]}


def _owner_name(catalogue: Catalogue, owner: int) -> str:
    columns = catalogue.columns
    count = len(columns.software)
    return columns.software[owner] if owner < count else columns.extensions[owner - count]


def _infer_language(catalogue: Catalogue, candidates: dict[str, dict[int, int]]) -> str:
    """Return the language that most words' modules are of; Python where they do not say."""
    votes = dict.fromkeys(KERNEL_SOFTWARE, 0)
    for rows in candidates.values():
        for language in votes:
            votes[language] += bool(rows) and rows.keys() <= catalogue.rows_of_language.get(language, set())
    best = max(votes, key=lambda language: (votes[language], language == "python"))
    return best if votes[best] else "python"


def _complete_in(
    catalogue: Catalogue,
    place: tuple[str, str],
    candidates: dict[str, dict[int, int]],
    targets: Sequence[CpuTarget],
    language: str,
) -> Completion:
    """Return what one generation of one release has of the words."""

    def usable(row: int) -> bool:
        return catalogue.fits(row, place, targets)

    options = {word: {row: score for row, score in rows.items() if usable(row)} for word, rows in candidates.items()}
    kernels = filter(usable, catalogue.rows_of_software.get(KERNEL_SOFTWARE.get(language, ""), ()))
    kernel = min(kernels, key=lambda row: catalogue.order[row], default=None)
    chosen: dict[str, int] = {}
    taken: set[int] = set() if kernel is None else {kernel}
    # Words with few options first: their modules may have the others as well.
    for word in sorted(options, key=lambda word: len(options[word])):
        if options[word]:
            chosen[word] = _best_row(catalogue, options, options[word], taken)
            taken.add(chosen[word])
    rows = sorted(taken)
    return Completion(
        language=language,
        release=place[0],
        generation=place[1],
        modules=tuple(sorted({catalogue.columns.full_name(row) for row in rows})),
        kernel_module="" if kernel is None else catalogue.columns.full_name(kernel),
        found={word: catalogue.columns.full_name(chosen[word]) for word in candidates if word in chosen},
        read_as={},
        missing=tuple(word for word in candidates if word not in chosen),
        targets=common_targets(catalogue, rows),
    )


def _best_row(catalogue: Catalogue, options: dict[str, dict[int, int]], rows: dict[int, int], taken: set[int]) -> int:
    """Return the row to take: one that is loaded anyway, the best match, what has most words, what brings least."""
    names_taken = {catalogue.columns.software_of[row] for row in taken}

    def rank(row: int) -> tuple[object, ...]:
        toolchain = catalogue.columns.toolchains[catalogue.columns.toolchain_of[row]].partition("-")[0]
        level = _TOOLCHAIN_LEVELS.index(toolchain) if toolchain in _TOOLCHAIN_LEVELS else len(_TOOLCHAIN_LEVELS)
        return (
            row not in taken,
            row not in taken and catalogue.columns.software_of[row] in names_taken,
            -rows[row],
            -sum(row in others for others in options.values()),
            bool(catalogue.columns.accelerators_of[row]),
            level,
            -len(catalogue.columns.packages_of[row]),
            catalogue.order[row],
        )

    return min(rows, key=rank)
