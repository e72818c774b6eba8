"""Aligned tables in a terminal: colour only there, nothing cut silently."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Sequence

BOLD, DIM, RED, GREEN, YELLOW = "1", "2", "31", "32", "33"


def has_colour() -> bool:
    """Say whether colour may be written: to a terminal that has it, and where NO_COLOR is not set."""
    if sys.stdout is None or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.stdout.isatty()


def colour(text: str, code: str) -> str:
    """Return *text* in a colour, where colour may be written."""
    return f"\x1b[{code}m{text}\x1b[0m" if text and has_colour() else text


def width(text: str) -> int:
    """Return how many columns of a terminal *text* takes."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def format_table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return *rows*, the first one the headings, as lines with aligned columns; the last column is not padded."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for number, row in enumerate(rows):
        cells = [cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True)]
        line = "  ".join(cells).rstrip()
        lines.append(colour(line, BOLD) if number == 0 else line)
    return lines


def target_summary(targets: Sequence[str], all_targets: Sequence[str]) -> str:
    """Return *targets* in few words: how many of all, and which ones are missing where those are few."""
    missing = sorted(set(all_targets) - set(targets))
    if not missing:
        return f"all {len(targets)}"
    if not targets:
        return "none"
    if len(missing) <= len(targets):
        return f"all but {', '.join(missing)}"
    return ", ".join(targets)
