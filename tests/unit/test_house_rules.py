"""What CONTRIBUTING.md promises of every file, held by a test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
FILES = sorted([*REPOSITORY.glob("eessi_spawner/**/*.py"), *REPOSITORY.glob("tests/**/*.py")])
LINES_OF_A_FILE = 300
LINES_OF_A_FUNCTION = 50


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_a_file_is_one_short_concept(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count("\n") <= LINES_OF_A_FILE
    too_long = {
        function.name: (function.end_lineno or 0) - function.lineno
        for function in functions(file)
        if (function.end_lineno or 0) - function.lineno > LINES_OF_A_FUNCTION
    }
    assert not too_long


@pytest.mark.parametrize(
    "folder",
    "stack stack/catalogue cluster attach placement checks checks/values checks/ways kernels spawner service"
    " service/handlers service/store service/store/migrations"
    " service/store/migrations/versions demo demo/sample cli".split(),
)
def test_a_room_says_what_lives_in_it(folder: str) -> None:
    module = ast.parse((REPOSITORY / "eessi_spawner" / folder / "__init__.py").read_text(encoding="utf-8"))
    assert ast.get_docstring(module)
    assert len(module.body) == 1, "a room's __init__ is a docstring and nothing else"


def test_no_file_is_a_drawer_for_everything() -> None:
    drawers = {"utils", "util", "helpers", "common", "misc", "tools"}
    assert not [file for file in FILES if file.stem in drawers]
