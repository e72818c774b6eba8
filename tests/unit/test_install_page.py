"""The page on installing shows commands that exist, and values that the doctor finds no mistake in."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from eessi_spawner.checks.values.check import check_values
from eessi_spawner.cli.main import make_parser

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs/admin/install.md").read_text(encoding="utf-8")
# `services` is of Rancher's own file.
VALUES = [block for block in re.findall(r"```yaml\n(.+?)```", PAGE, re.DOTALL) if not block.startswith("services:")]


def test_its_commands_exist() -> None:
    commands = re.findall(r"^eessi-spawner (.+)$", PAGE, re.MULTILINE) + re.findall(
        r"-- eessi-spawner (.+)$", PAGE, re.MULTILINE
    )
    assert len(commands) == 3
    for command in commands:
        make_parser().parse_args(shlex.split(command))


@pytest.mark.parametrize("block", VALUES, ids=range(len(VALUES)))
def test_its_values_have_keys_that_their_charts_know(block: str) -> None:
    codes = [answer.code for answer in check_values([("values.yaml", block.encode())])]
    assert "keys" in codes
    assert not {"unknown_key", "chart_unknown", "not_values", "repeated_key"} & set(codes)


def test_every_section_that_is_linked_to_is_there() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lower()).replace(" ", "-")
        for line in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= headings
