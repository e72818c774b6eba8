"""What Lmod says when loading fails, in its own words of today, and what that means."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eessi_spawner.errors import EESSIError, ModuleLoadError, UnknownModuleError
from eessi_spawner.kernels.diagnose import diagnose, unknown_modules
from eessi_spawner.kernels.lmod import load_modules
from eessi_spawner.kernels.recipe import Recipe

LMOD = "/usr/share/lmod/lmod/libexec/lmod"
CHAIN = ("x86_64/amd/zen3", "x86_64/generic")
LONG = "a-module-with-a-name-so-long-that-lmod-breaks-its-message-at-other-places/2025.07-gfbf-2025b"
FILES = {
    "EESSI/2025.06": 'setenv("EESSI_VERSION", "2025.06")',
    "Fine/1": 'setenv("FINE", "1")',
    "Rival/1": 'conflict("Fine")',
    LONG: 'conflict("Fine")',
    "Needs/1": 'prereq("Rival/1")',
    "NeedsUnknown/1": 'depends_on("Nowhere/1")',
    "Unfinished/1": 'setenv("A", ',
    "Misspelt/1": 'set_env("A", "1")',
    "Tcl/1": 'puts stdout "this is no Lua"',
    # What EESSI's own module says where no build is there for the CPU (init/modules/EESSI/2025.06.lua).
    "NoBuilds/1": 'LmodError("\\nSoftware directory check:\\n  /cvmfs/x/linux/x86_64/generic is not there\\n")',
    "Tired/1": 'LmodError("I will not today, and café ☃ is why.")',
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A module path with modules that fail in every way, for the real Lmod."""
    if not os.access(LMOD, os.X_OK):
        (pytest.fail if "CI" in os.environ else pytest.skip)("Debian's package lmod is not installed")
    root = tmp_path_factory.mktemp("stack")
    for name, text in FILES.items():
        file = root / "init" / "modules" / f"{name}.lua"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


def recipe(root: Path, *modules: str, release: str = "2025.06") -> Recipe:
    return Recipe(str(root), release, modules, "python", "Mine")


def fail(root: Path, *modules: str, release: str = "2025.06", **versions: tuple[str, ...]) -> EESSIError:
    wanted = recipe(root, *modules, release=release)
    answer = load_modules(LMOD, wanted, CHAIN)
    assert not answer.succeeded
    error = diagnose(answer.words, wanted, CHAIN, versions)
    assert error.details == answer.words
    assert error.details.startswith("Lmod has detected the following error")
    return error


@pytest.mark.parametrize(
    ("modules", "kind", "message"),
    [
        ("Nowhere/1", UnknownModuleError, "EESSI 2025.06 has no module Nowhere/1 for x86_64/amd/zen3."),
        ("Fine/2", UnknownModuleError, "EESSI 2025.06 has no module Fine/2 for x86_64/amd/zen3."),
        ("Fine/1 Nowhere/1 Zero/2", UnknownModuleError, "no module Nowhere/1 and no Zero/2 for"),
        ("NeedsUnknown/1", UnknownModuleError, "has no module Nowhere/1 for"),
        ("Fine/1 Rival/1", ModuleLoadError, "of 'Mine' cannot be loaded together: Rival/1 does not go with Fine."),
        (f"Fine/1 {LONG}", ModuleLoadError, f"cannot be loaded together: {LONG} does not go with Fine."),
        ("Needs/1", ModuleLoadError, "cannot be loaded: Needs/1 needs Rival/1, which is missing."),
        ("Unfinished/1", ModuleLoadError, "/init/modules/Unfinished/1.lua has an error and cannot be loaded."),
        ("Misspelt/1", ModuleLoadError, "/init/modules/Misspelt/1.lua has an error and cannot be loaded."),
        ("Tcl/1", ModuleLoadError, "/init/modules/Tcl/1.lua has an error and cannot be loaded."),
        (
            "NoBuilds/1",
            ModuleLoadError,
            "EESSI 2025.06 has no builds for this CPU (x86_64/amd/zen3, x86_64/generic).",
        ),
        ("Tired/1", ModuleLoadError, "Lmod could not load the modules of 'Mine'."),
    ],
)
def test_lmods_words_of_today_are_understood(modules: str, kind: type[EESSIError], message: str, stack: Path) -> None:
    error = fail(stack, *modules.split())
    assert type(error) is kind
    assert message in error.message


def test_a_release_that_is_not_there_is_told_from_a_module_that_is_not_there(stack: Path) -> None:
    error = fail(stack, "Fine/1", release="2023.06")
    assert isinstance(error, UnknownModuleError)
    assert error.message == f"There is no EESSI release 2023.06 under {stack}."


def test_for_an_unknown_version_the_advice_names_those_that_are_there(stack: Path) -> None:
    assert fail(stack, "Fine/2", Fine=("1", "3")).advice.endswith("'Mine': Fine is there as 1, 3.")


def test_for_unknown_names_the_advice_says_that_no_version_is_there(stack: Path) -> None:
    error = fail(stack, "Nowhere/1", "Zero/2", Nowhere=())
    assert error.advice.endswith(": no version of Nowhere is there; no version of Zero is there.")


def test_what_a_module_file_says_itself_is_in_the_details(stack: Path) -> None:
    assert "I will not today, and café ☃ is why." in fail(stack, "Tired/1").details


@pytest.mark.parametrize(
    ("words", "unknown"),
    [
        ('The following module(s) are unknown: "A/1"\n\nPlease check', ("A/1",)),
        ('The following module(s) are unknown:\n"A/1" "B/2"\n\nPlease check', ("A/1", "B/2")),
        ('The following\nmodule(s) are\nunknown: "A/1"', ("A/1",)),
        (
            'These module(s) or\nfollowing module(s) exist but cannot be\nloaded as requested: "A/1", "B/2"\n',
            ("A/1", "B/2"),
        ),
        ("", ()),
        ("The following module(s) are unknown:", ()),
        ("something else", ()),
    ],
)
def test_unknown_modules_are_found_wherever_lmod_breaks_its_lines(words: str, unknown: tuple[str, ...]) -> None:
    assert unknown_modules(words) == unknown


@settings(max_examples=30)
@given(st.text())
def test_words_that_nobody_knows_still_make_an_error_with_them_as_details(words: str) -> None:
    error = diagnose(words, recipe(Path("/stack"), "A/1"), CHAIN, {})
    assert error.message
    assert error.advice
    assert error.details == words
