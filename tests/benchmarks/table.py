"""A table of figures, with the bounds that they must keep."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Table:
    """What was measured: rows of text under a title, remarks, and the bounds that are broken."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def bound(self, what: str, value: float, limit: float) -> None:
        """Note that *value* must be at most *limit*, and whether it is."""
        text = f"{what}: {value:.2f}, at most {limit:g}"
        self.remarks.append(f"{text}: {'kept' if value <= limit else 'BROKEN'}")
        if value > limit:
            self.broken.append(f"{self.title}: {text}")

    def __str__(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.columns))]
        table = [
            "  ".join(
                cell.ljust(width) if not number else cell.rjust(width) for number, (cell, width) in enumerate(pairs)
            )
            for pairs in (tuple(zip(line, widths, strict=True)) for line in lines)
        ]
        table.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join([self.title, "", *table, "", *self.remarks])
