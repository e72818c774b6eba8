"""All answers about the values files that are given to `helm`, one file after the other."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from eessi_spawner.checks.answer import Answer
from eessi_spawner.checks.values import troubles
from eessi_spawner.checks.values.charts import Chart, recognise
from eessi_spawner.checks.values.csi import USER_TOLERATIONS, check_csi
from eessi_spawner.checks.values.hub import check_hub, user_tolerations
from eessi_spawner.checks.values.ours import check_ours
from eessi_spawner.checks.values.together import check_together
from eessi_spawner.checks.values.tree import Value, merge, parse_values

_EXAMPLE = re.compile(r"\bexample\.(org|com|net)\b")
_COMMENT = re.compile(r"^\s*#")


def check_values(files: Sequence[tuple[str, bytes]], settings: Collection[str] = ()) -> tuple[Answer, ...]:
    """Return what is right and what is amiss.

    Parameters
    ----------
    files
        Names and texts, in the order in which `helm` gets them: of one chart, the last wins.
    settings
        The names of all settings of EESSISpawner; empty: they are not checked.
    """
    answers: list[Answer] = []
    merged: dict[str, Value] = {}
    for name, text in files:
        root = parse_values(text, name)
        if isinstance(root, Answer):
            answers.append(root)
            continue
        found = list(recognise(root))
        if not found:
            came = ", ".join(list(root.children)[:5])[:100] or "no keys"
            answers.append(troubles.CHART_UNKNOWN.found(name, expected="keys of a known chart", came=came, file=name))
        for chart, path, value in found:
            answers += _keys(chart, path, value)
            merged[chart.name] = merge(merged[chart.name], value) if chart.name in merged else value
    return (*answers, *_content(merged, settings))


def _content(merged: Mapping[str, Value], settings: Collection[str]) -> Iterator[Answer]:
    hub = merged.get("jupyterhub")
    for name, values in merged.items():
        yield from _placeholders(values)
        if name == "cvmfs-csi":
            yield from check_csi(
                values, user_tolerations(hub) if hub else USER_TOLERATIONS, merged.get("eessi-spawner")
            )
        elif name == "jupyterhub":
            yield from check_hub(values, settings)
        else:
            yield from check_ours(values)
    yield from check_together(merged)


def _keys(chart: Chart, path: str, value: Value) -> Iterator[Answer]:
    """Say which keys the chart does not have, and which stand twice."""
    copied, prefix = dict(chart.no_longer), f"{path}." if path else ""
    unknown = list(chart.keys.unknown(value))
    for key, child in unknown:
        near = chart.keys.nearest(key)
        yield troubles.UNKNOWN_KEY.found(
            prefix + key[:200],
            expected=f"a key of {chart.title}",
            came=f"{key.rpartition('.')[2]!r:.100}, which it does not have",
            file=child.file,
            line=child.line,
            advice=copied.get(key) or (f"Write {prefix}{near}." if near else "Remove it, or look up its name."),
        )
    for key, child in (("", value), *value.walk()):
        for name, line in child.repeated:
            full = prefix + (f"{key}.{name}" if key else name)
            yield troubles.REPEATED_KEY.found(full, expected="each key once", came="two", file=child.file, line=line)
    if not unknown:
        count = sum(1 for key, _ in value.walk() if not key.endswith("]"))
        yield Answer("ok", "keys", f"{chart.title}", f"its keys, {count} of them", file=value.file)


def _placeholders(values: Value) -> Iterator[Answer]:
    for path, value in values.walk():
        for number, line in enumerate(str(value.data).splitlines() if isinstance(value.data, str) else ()):
            if not _COMMENT.match(line) and (match := _EXAMPLE.search(line)):
                at = value.text_line + number
                yield troubles.PLACEHOLDER.found(
                    path, expected="a name of your own", came=match[0], file=value.file, line=at
                )
