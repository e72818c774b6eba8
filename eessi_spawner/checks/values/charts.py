"""Which chart is a values file of? Told by its keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from eessi_spawner.checks.values.known import Keys, keys_of_schema, parse_keys
from eessi_spawner.checks.values.tree import Value

# ConfigMaps that the chart of cvmfs-csi has volumes of.
OWN_MAPS = ("cvmfs-csi-config-d", "cvmfs-csi-default-local", "cvmfs-csi-default-d")

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Chart:
    """A chart whose values are known.

    Attributes
    ----------
    name
        As Helm has it.
    title
        In a sentence.
    aliases
        Keys below which a chart of charts has its values.
    no_longer
        Keys that people copy, and what to do instead.
    """

    name: str
    title: str
    keys: Keys
    aliases: tuple[str, ...] = ()
    no_longer: tuple[tuple[str, str], ...] = ()


_PROXY = (
    "No version of the chart has it. Set CVMFS_HTTP_PROXY in the text default.local of"
    " extraConfigMaps.cvmfs-csi-default-local."
)
_NO_LONGER = (
    ("cmvfsHttpProxy", _PROXY),
    ("cvmfsHttpProxy", _PROXY),
    ("cvmfsConfig", "Version 2 stops the install for it. Use extraConfigMaps."),
    ("startAutomountDaemon", "Version 2 has it no more. Remove it."),
    *((name, "Put it below extraConfigMaps.") for name in OWN_MAPS),
)


@cache
def charts() -> Mapping[str, Chart]:
    """Return the charts that are known, by name."""
    known = (
        Chart("cvmfs-csi", "cvmfs-csi 2.5.2", _table("cvmfs-csi"), ("cvmfs-csi", "cvmfscsi"), _NO_LONGER),
        Chart("jupyterhub", "Zero to JupyterHub 4.4.0", _table("jupyterhub"), ("jupyterhub",)),
        Chart("eessi-spawner", "our chart", keys_of_schema(own_schema()), ("eessi-spawner",)),
    )
    return {chart.name: chart for chart in known}


@cache
def own_schema() -> Mapping[str, Any]:
    """Return the schema of this project's chart."""
    return dict(json.loads((_FOLDER / "eessi-spawner.schema.json").read_text(encoding="utf-8")))


def _table(name: str) -> Keys:
    return parse_keys((_FOLDER / f"{name}.keys").read_text(encoding="utf-8"))


def recognise(value: Value) -> Iterator[tuple[Chart, str, Value]]:
    """Yield what of which chart *value* holds, with the path of it: the whole, or what charts of charts have below.

    The chart is the one that knows most of the keys; of two that know as many, the one that knows all.
    """
    inner = [
        (chart, alias, value.children[alias])
        for chart in charts().values()
        for alias in chart.aliases
        if alias in value.children and value.children[alias].children
    ]
    if inner:
        yield from inner
        return
    known, _, chart = max(
        ((*_known(chart, value), chart) for chart in charts().values()), key=lambda found: (found[0], found[1])
    )
    if known:
        yield chart, "", value


def _known(chart: Chart, value: Value) -> tuple[int, int]:
    """Return how well the chart knows the keys of *value*, and how many it does not, as a negative number."""
    copied = dict(chart.no_longer)
    unknown = dict(chart.keys.unknown(value))
    near = sum(1 for path in unknown if path in copied or chart.keys.alike(path))
    known = sum(1 for path, _ in value.walk() if path in chart.keys.paths)
    return 2 * known + near, -len(unknown)
