"""An answer: what was looked at, whether it is as it should be, and what to do where it is not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Trouble:
    """Something that can be amiss, with the same code wherever it is.

    Attributes
    ----------
    code
        Stable, for scripts and for the page that lists them.
    level
        `fail`: it does not work, or does nothing. `warn`: it works here and there, or less well than it could.
    meaning
        What is amiss and what follows from it, for the page.
    advice
        What to do; `{...}` are filled in where it is found.
    """

    code: str
    level: Literal["warn", "fail"]
    meaning: str
    advice: str

    def found(self, key: str, *, expected: str, came: str, file: str = "", line: int = 0, **words: str) -> Answer:
        """Return the answer that says so of *key*; *words* fill in the advice."""
        advice = self.advice.format(**words)
        return Answer(self.level, self.code, key, came, expected, advice, file, line)


@dataclass(frozen=True)
class Answer:
    """What was found of one thing.

    Attributes
    ----------
    code
        Of the trouble; of what is as it should be, a name of what was looked at.
    key
        What was looked at: a key of a values file, or an object.
    expected, came
        Parts of a sentence. Where all is well, `expected` is empty and `came` says what is there.
    file, line
        Where the key stands; empty and 0 where nowhere.
    """

    level: Level
    code: str
    key: str
    came: str
    expected: str = ""
    advice: str = ""
    file: str = ""
    line: int = 0

    @property
    def place(self) -> str:
        """Return where it stands, as compilers write it."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def to_json(self) -> dict[str, Any]:
        """Return it as the command prints it."""
        return {
            "level": self.level,
            "code": self.code,
            "key": self.key,
            "expected": self.expected,
            "came": self.came,
            "advice": self.advice,
            "file": self.file or None,
            "line": self.line or None,
        }


def worst(answers: Iterable[Answer]) -> Level:
    """Return the worst level of *answers*."""
    levels: tuple[Level, ...] = ("ok", "warn", "fail")
    return max((answer.level for answer in answers), key=levels.index, default="ok")
