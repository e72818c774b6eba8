"""The page on node labels says what the code does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import yaml

from eessi_spawner.cli.labels import DEFAULT_IMAGE
from eessi_spawner.cli.main import make_parser
from eessi_spawner.placement.labels import Labels
from eessi_spawner.placement.nfd import OLDEST_NFD
from eessi_spawner.stack.cpu_targets import CpuTarget

PAGE = (Path(__file__).parents[2] / "docs/admin/labels.md").read_text(encoding="utf-8")
LABELS = Labels()


def test_the_example_is_what_a_zen3_node_carries() -> None:
    (block,) = re.findall(r"```yaml\n(.+?)```", PAGE, re.DOTALL)
    assert yaml.safe_load(block) == LABELS.labels_of(CpuTarget("x86_64/amd/zen3").fallback_chain)


def test_the_keys_in_the_table_are_set() -> None:
    keys = re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE)
    assert len(keys) == 4
    assert set(keys) <= set(LABELS.labels_of(CpuTarget("x86_64/amd/zen2").fallback_chain, "nvidia/cc86"))


def test_at_least_a_target_is_written_as_the_code_writes_it() -> None:
    (expression,) = re.findall(r"`(\{key:.+?\})`", PAGE)
    assert yaml.safe_load(expression) == LABELS.runs_requirement(CpuTarget("x86_64/amd/zen2"))


def test_the_commands_exist_and_defaults_are_the_codes() -> None:
    commands = re.findall(r"^eessi-spawner ([^|\n]+)", PAGE, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        make_parser().parse_args(shlex.split(command))
    assert f"`{DEFAULT_IMAGE}`" in PAGE
    assert f"{OLDEST_NFD} or newer" in PAGE
