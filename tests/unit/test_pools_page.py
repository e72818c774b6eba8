"""The page on node pools says what the code does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from traitlets.config import Config

from eessi_spawner.cli.main import make_parser
from eessi_spawner.placement import declared
from eessi_spawner.placement.declared import parse_pools
from eessi_spawner.placement.labels import encode
from eessi_spawner.placement.pool import NodePool, PoolState
from eessi_spawner.spawner.kube import EESSISpawner
from eessi_spawner.spawner.placed import PlacedKubeSpawner
from eessi_spawner.spawner.pools_report import PoolReport, PoolsReport

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs/admin/pools.md").read_text(encoding="utf-8")
SOURCE = "".join(
    re.sub(r'"\s+f?"', "", file.read_text(encoding="utf-8"))
    for folder in ("placement", "spawner")
    for file in (REPOSITORY / "eessi_spawner" / folder).glob("*.py")
)


def table(heading: str) -> dict[str, list[str]]:
    """Return the rows of the table whose heading begins so: first cell to the others."""
    lines = PAGE.splitlines()
    found = {}
    for line in lines[lines.index(next(line for line in lines if line.startswith(f"| {heading}"))) + 2 :]:
        if not line.startswith("|"):
            break
        first, *others = (cell.strip() for cell in line.strip("|").split(" | "))
        found[first] = others
    return found


def codes(cells: Any) -> list[str]:
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def test_it_lists_every_setting_with_its_default() -> None:
    settings = table("setting of")
    traits = PlacedKubeSpawner.class_own_traits(config=True)
    assert {f"`{name}`" for name in traits} == set(settings)
    for name, trait in traits.items():
        default = trait.default()
        assert settings[f"`{name}`"][0].strip("`") == {"": '""'}.get(str(default), str(default)), name


def test_it_lists_every_key_of_a_declared_pool() -> None:
    assert set(codes(table("key | meaning"))) == set(declared._KEYS)


def test_it_lists_every_key_of_the_json() -> None:
    report = PoolsReport((PoolReport(PoolState(NodePool("a"))),)).to_json()
    said = set(codes(table("key of `--json`")))
    assert said == {*report, *report["pools"][0]}


@pytest.mark.parametrize("words", table("warning"))
def test_each_warning_is_one_that_the_code_gives(words: str) -> None:
    for part in re.split(r"kubernetes\.io/arch|true", words.strip('"')):
        assert part in SOURCE


def test_its_configurations_can_be_used() -> None:
    blocks = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL) + re.findall(r"`(c\.EESSISpawner\.\w+ = [^`]+)`", PAGE)
    assert len(blocks) == 6
    for code in blocks:
        given = Config()
        exec(code, {"c": given})  # noqa: S102  (the document's own lines)
        assert set(given.EESSISpawner) <= set(EESSISpawner.class_traits(config=True))
        parse_pools(given.EESSISpawner.get("node_pools", []))


def test_every_setting_that_it_names_exists() -> None:
    named = re.findall(r"c\.(?:EESSI|Kube)Spawner\.(\w+)", PAGE)
    assert set(named) <= set(EESSISpawner.class_traits(config=True))


def test_the_rights_are_those_that_the_watch_needs() -> None:
    (block,) = re.findall(r"```yaml\n(.+?)```", PAGE, re.DOTALL)
    role, binding = yaml.safe_load_all(block)
    assert {rule["resources"][0]: rule["verbs"] for rule in role["rules"]} == {
        "nodes": ["list", "watch"],
        "pods": ["list", "watch"],
    }
    assert binding["roleRef"]["name"] == role["metadata"]["name"]


def test_its_commands_exist() -> None:
    commands = re.findall(r"^(?:kubectl exec deploy/hub -- )?eessi-spawner (pools.*)$", PAGE, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        make_parser().parse_args(shlex.split(command))


def test_a_pinned_choice_of_a_profile_is_called_as_the_code_calls_it() -> None:
    assert f"`2025.06-{encode('x86_64/amd/zen4')}`" in PAGE
