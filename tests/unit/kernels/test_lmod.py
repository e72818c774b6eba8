"""Lmod is found, run in a clean environment, and its answer is read without being run."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eessi_spawner.errors import LmodMissingError, ModuleLoadError
from eessi_spawner.kernels import lmod
from eessi_spawner.kernels.launcher import SYSTEM_PATH
from eessi_spawner.kernels.lmod import LmodAnswer, clean_environment, find_lmod, load_modules, parse_python_output
from eessi_spawner.kernels.recipe import Recipe

LMOD = "/usr/share/lmod/lmod/libexec/lmod"

# What Lmod 8.6.19 wrote for a module file with these values (`_ModuleTable*_` left out).
REAL = r"""import os
os.environ["EMPTY"] = "";
os.environ["HOME"] = ''
del os.environ["HOME"]
os.environ["LOADEDMODULES"] = "EESSI/2025.06:A/1";
os.environ["MODULEPATH"] = "/stack/modules";
os.environ["MULTI"] = "a\
b\\n\"q\" $HOME `x` \9 tab \13 cr";
os.environ["TAIL"] = "x\\";
os.environ["UTF8"] = "é";
_mlstatus = True
"""


def make_recipe(tmp_path: Path, *modules: str, **changes: str) -> Recipe:
    return Recipe(
        **{"root": str(tmp_path), "release": "2025.06", "language": "python", "title": "Mine"} | changes,
        modules=modules,
    )


def make_module(tmp_path: Path, name: str, text: str = "") -> None:
    file = tmp_path / "init" / "modules" / f"{name}.lua"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode("utf-8", "surrogateescape"))


def load(tmp_path: Path, *modules: str, command: str = LMOD) -> LmodAnswer:
    if command == LMOD and not os.access(LMOD, os.X_OK):
        (pytest.fail if "CI" in os.environ else pytest.skip)("Debian's package lmod is not installed")
    make_module(tmp_path, "EESSI/2025.06", 'setenv("EESSI_VERSION", "2025.06")')
    return load_modules(command, make_recipe(tmp_path, *modules), ("x86_64/amd/zen3", "x86_64/generic"))


def make_program(place: Path, text: str) -> str:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"#!/bin/sh\n{text}\n")
    place.chmod(0o755)
    return str(place)


# What Lmod writes


def test_what_lmod_wrote_is_read_as_it_was_meant() -> None:
    assert parse_python_output(REAL) == (
        {
            "EMPTY": "",
            "LOADEDMODULES": "EESSI/2025.06:A/1",
            "MODULEPATH": "/stack/modules",
            "MULTI": 'a\nb\\n"q" $HOME `x` \t tab \r cr',
            "TAIL": "x\\",
            "UTF8": "é",
        },
        True,
    )


@pytest.mark.parametrize(
    ("text", "variables", "succeeded"),
    [
        ("", {}, True),
        ("_mlstatus = False\n", {}, False),
        ("_mlstatus = False", {}, False),
        ('os.environ["A"] = "1";\n_mlstatus = True\n', {"A": "1"}, True),
        ('os.environ["A"] = "1";\nos.environ["A"] = "2";\n', {"A": "2"}, True),
        ('os.environ["A"] = "1";\ndel os.environ["A"]\n', {}, True),
        ('del os.environ["NEVER_SET"]\n', {}, True),
        ('\n\nimport os\n\nos.environ["A"] = "1";\n\n', {"A": "1"}, True),
        ('os.environ["BASH_FUNC_module%%"] = "() { eval `x`; }";\n', {"BASH_FUNC_module%%": "() { eval `x`; }"}, True),
        (
            'os.environ["A"] = "_mlstatus = False\\\n_mlstatus = False";\n',
            {"A": "_mlstatus = False\n_mlstatus = False"},
            True,
        ),
        # Lua 5.1 writes a carriage return as a letter.
        (r'os.environ["A"] = "\r";', {"A": "\r"}, True),
        ('os.environ["A"] = "caf\udce9";\n', {"A": "caf\udce9"}, True),
        (f'os.environ["A"] = "{"x" * 1_000_000}";', {"A": "x" * 1_000_000}, True),
    ],
)
def test_the_statements_of_lmod_are_read(text: str, variables: dict[str, str], succeeded: bool) -> None:  # noqa: FBT001
    assert parse_python_output(text) == (variables, succeeded)


HOSTILE = """
os.system("touch {file}")
os.environ["A"] = open("{file}", "w").name
os.environ["A"] = "1" + os.popen("touch {file}").read()
os.environ["A"] = f"{{open('{file}', 'w')}}"
os.environ["A"] = "1"; os.system("touch {file}")
os.environ["A"] = "1", os.system("touch {file}")
os.environ["A"] = "1"os.environ["B"] = "2"
os.environ[open("{file}", "w").name] = "1"
os.environ.update(A="1")
del os.environ
del os.environ[open("{file}", "w").name]
import os, subprocess
import subprocess
from os import system
__import__("os").system("touch {file}")
_mlstatus = open("{file}", "w")
_mlstatus = 1
environ["A"] = "1"
sys.path["A"] = "1"
os.environ["A"] = 1
os.environ["A"] = b"1"
os.environ["A"] = "not closed
os.environ["A"] = "closed" too late"
if True: os.system("touch {file}")
export A=1;
{{"A": "1"}}
false
""".strip().splitlines()


@pytest.mark.parametrize("line", HOSTILE)
@pytest.mark.parametrize("before", ["", 'import os\nos.environ["Z"] = "1";\n'], ids=["first", "third"])
def test_what_lmod_does_not_write_is_refused_and_never_run(line: str, before: str, tmp_path: Path) -> None:
    file = tmp_path / "made"
    with pytest.raises(ValueError, match=f"line {before.count(chr(10)) + 1} is not an assignment"):
        parse_python_output(f"{before}{line.format(file=file)}\n_mlstatus = True\n")
    assert not file.exists()


@pytest.mark.parametrize(
    "line",
    ['os.environ[""] = "1";', 'os.environ["A=B"] = "1";', r'os.environ["A\0"] = "1";', r'os.environ["A"] = "\0";'],
)
def test_what_no_process_can_have_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be a variable's name|holds a NUL"):
        parse_python_output(line)


@settings(max_examples=30)
@given(st.text() | st.text(alphabet='os.environ["A"] = "1\\";\n'))
def test_any_other_text_is_refused_or_read_but_breaks_nothing(text: str) -> None:
    try:
        variables, _ = parse_python_output(text)
    except ValueError:
        return
    assert all(name and "=" not in name for name in variables)


@settings(max_examples=30)
@given(st.dictionaries(st.from_regex(r"[A-Z]+", fullmatch=True), st.text(st.characters(exclude_characters="\0"))))
def test_every_value_survives_the_way_that_lua_quotes_it(variables: dict[str, str]) -> None:
    def quoted(value: str) -> str:
        text = value.replace("\\", r"\\").replace('"', r"\"").replace("\n", "\\\n")
        return "".join(f"\\{ord(letter):03}" if letter != "\n" and letter < " " else letter for letter in text)

    text = "".join(f'os.environ["{name}"] = "{quoted(value)}";\n' for name, value in variables.items())
    assert parse_python_output(text) == (variables, True)


# Lmod itself


def test_what_a_module_sets_arrives_as_the_module_meant_it(tmp_path: Path) -> None:
    values = {"MULTI": 'a\nb \\ "q" $HOME `x` \t \r', "UTF8": "é☃", "LATIN1": "caf\udce9", "EMPTY": ""}
    lines = [f"setenv('{name}', [==[\n{value}]==])" for name, value in values.items() if "\r" not in value]
    lines.append(r"""setenv('MULTI', 'a\nb \\ "q" $HOME `x` \t \r') unsetenv('HOME')""")
    make_module(tmp_path, "A/1", "\n".join(lines))
    answer = load(tmp_path, "A/1")
    assert answer.succeeded, answer.words
    assert {name: answer.variables[name] for name in values} == values
    assert answer.variables["LOADEDMODULES"] == "EESSI/2025.06:A/1"
    assert "HOME" not in answer.variables


def test_a_failure_has_lmods_words_and_no_variables(tmp_path: Path) -> None:
    answer = load(tmp_path, "None/1")
    assert not answer.succeeded
    assert "None/1" in answer.words
    assert "None" not in str(answer.variables)


def test_modules_see_nothing_of_the_callers_software_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MODULEPATH", "LD_LIBRARY_PATH", "PYTHONPATH", "EESSI_ARCHDETECT_OPTIONS", "LMOD_QUIET", "OTHER"):
        monkeypatch.setenv(name, "/foreign")
    monkeypatch.setenv("LANG", "C.UTF-8")
    environ = clean_environment(make_recipe(tmp_path, accelerator="nvidia/cc80"), ("x86_64/amd/zen3", "x86_64/generic"))
    assert "/foreign" not in environ.values()
    assert environ["LANG"] == "C.UTF-8"
    assert environ["PATH"] == SYSTEM_PATH
    assert environ["MODULEPATH"] == f"{tmp_path}/init/modules"
    assert environ["EESSI_ARCHDETECT_OPTIONS_OVERRIDE"] == "x86_64/amd/zen3:x86_64/generic"
    assert environ["EESSI_ACCELERATOR_TARGET_OVERRIDE"] == "accel/nvidia/cc80"
    without = clean_environment(make_recipe(tmp_path), ("x86_64/generic",))
    assert without["EESSI_ACCELERATOR_TARGET_OVERRIDE"] == ""


def test_loading_leaves_no_cache_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    assert load(tmp_path / "stack").succeeded
    assert list(home.iterdir()) == []


# What is not Lmod


def test_what_answers_something_else_is_told_from_lmod(tmp_path: Path) -> None:
    program = make_program(tmp_path / "other", "echo 'export A=1;'; echo its words >&2")
    with pytest.raises(ModuleLoadError, match="not its Python output") as raised:
        load(tmp_path, command=program)
    assert raised.value.details == "its words"


@pytest.mark.parametrize("kind", ["missing", "directory", "no program", "no rights"])
def test_a_command_that_cannot_be_run_is_an_error_that_says_so(kind: str, tmp_path: Path) -> None:
    place = tmp_path / "lmod"
    if kind == "directory":
        place.mkdir()
    elif kind != "missing":
        place.write_text("no program")
        place.chmod(0o755 if kind == "no program" else 0o644)
    with pytest.raises(ModuleLoadError, match="cannot be run"):
        load(tmp_path, command=str(place))


def test_an_exit_code_is_a_failure_whatever_was_written(tmp_path: Path) -> None:
    assert not load(tmp_path, command=make_program(tmp_path / "lmod", "echo _mlstatus = True; exit 3")).succeeded


def test_one_that_does_not_answer_is_given_up_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lmod, "LMOD_SECONDS", 0.5)
    program = make_program(tmp_path / "lmod", f"sleep 60 & echo $! > {tmp_path}/child; wait")
    with pytest.raises(ModuleLoadError, match=r"within 0\.5 seconds"):
        load(tmp_path, command=program)
    child = (tmp_path / "child").read_text().strip()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        state = subprocess.run(["ps", "-o", "stat=", "-p", child], capture_output=True, text=True, check=False).stdout
        if state.strip()[:1] in ("", "Z"):
            return
        time.sleep(0.05)
    pytest.fail("what it started still runs")


# Where Lmod is


def test_the_recipes_own_lmod_is_used_and_no_other_in_its_place(tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path, lmod=make_program(tmp_path / "own", ""))
    assert find_lmod(recipe, "x86_64") == str(tmp_path / "own")
    (tmp_path / "own").unlink()
    with pytest.raises(LmodMissingError, match="cannot be executed"):
        find_lmod(recipe, "x86_64")


def test_lmod_is_the_stacks_then_the_variables_then_the_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compat = "compat/linux/x86_64/usr/share/Lmod/libexec/lmod"
    monkeypatch.setattr(lmod, "SYSTEM_LMOD", (make_program(tmp_path / "system", ""),))
    monkeypatch.setenv("LMOD_CMD", make_program(tmp_path / "variable", ""))
    recipe = make_recipe(tmp_path, release="2023.06")
    # EESSI 2023.06 uses the Lmod of 2025.06 where that is there.
    expected = [
        Path(make_program(tmp_path / "versions/2025.06" / compat, "")),
        Path(make_program(tmp_path / "versions/2023.06" / compat, "")),
        tmp_path / "variable",
        tmp_path / "system",
    ]
    for place in expected:
        assert find_lmod(recipe, "x86_64") == str(place)
        place.unlink()
    with pytest.raises(LmodMissingError, match="none was found"):
        find_lmod(recipe, "x86_64")
