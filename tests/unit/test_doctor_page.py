"""The page on the doctor says what the code does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import get_args

from eessi_spawner.checks.answer import Trouble
from eessi_spawner.checks.values import troubles
from eessi_spawner.checks.values.check import check_values
from eessi_spawner.checks.ways.choose import all_ways
from eessi_spawner.checks.ways.verdict import State
from eessi_spawner.cli.doctor import answer_lines
from eessi_spawner.cli.main import make_parser
from eessi_spawner.cluster.survey import Survey

PAGE = (Path(__file__).parents[2] / "docs/admin/doctor.md").read_text(encoding="utf-8")
ROWS = {
    match[1]: [cell.strip() for cell in match[2].split(" | ")]
    for match in re.finditer(r"^\| `([^`]+)` \|(.*)\|$", PAGE, re.MULTILINE)
}


def test_the_page_lists_every_trouble_of_values_files_with_its_level_and_meaning() -> None:
    known = [trouble for trouble in vars(troubles).values() if isinstance(trouble, Trouble)]
    assert known
    assert {trouble.code: ROWS.get(trouble.code) for trouble in known} == {
        trouble.code: [trouble.level, trouble.meaning] for trouble in known
    }
    assert len({trouble.code for trouble in known}) == len(known)


def test_the_page_lists_every_way_in_the_order_of_the_best_and_every_state() -> None:
    ways = [verdict.code for verdict in all_ways(Survey())]
    assert [code for code in ROWS if code in ways] == ways
    assert set(get_args(State)) <= set(ROWS)


def test_its_commands_exist() -> None:
    commands = re.findall(r"^eessi-spawner (.+)$", PAGE, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        make_parser().parse_args(shlex.split(command))


def test_its_example_is_what_is_printed() -> None:
    answers = check_values([("values.yaml", b"cache: {}\n\n\ncmvfsHttpProxy: DIRECT\n")])
    (found,) = [answer for answer in answers if answer.code == "unknown_key"]
    assert "\n".join([*answer_lines([found])][:3]) in PAGE
