"""The sample's module `EESSI` obeys the variables that EESSI's own obeys, as the machine's Lmod reads it."""

from __future__ import annotations

import ast
import os
import subprocess
from pathlib import Path

import pytest

from eessi_spawner.demo.sample.host_lmod import find_lmod
from eessi_spawner.demo.sample.layout import find_target, lay_out_root
from eessi_spawner.errors import SetUpError

try:
    LMOD = find_lmod(os.environ) / "libexec" / "lmod"
except SetUpError:
    pytest.skip("there is no Lmod on this machine", allow_module_level=True)

CHAIN = {
    "EESSI_ARCHDETECT_OPTIONS_OVERRIDE": "x86_64/amd/zen4:x86_64/amd/zen3:x86_64/amd/zen2:x86_64/generic",
    "EESSI_ACCELERATOR_TARGET_OVERRIDE": "",
}
ZEN3 = "x86_64/amd/zen3"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a stack without software: zen3 with an A100's tree, and generic with an H100's."""
    root = tmp_path / "software.eessi.io"
    lay_out_root(root, {"2025.06": ZEN3})
    generic = find_target(root, "2025.06", "x86_64/generic")
    (generic / "software").mkdir(parents=True)
    (generic / "accel/nvidia/cc90/modules/all").mkdir(parents=True)
    (find_target(root, "2025.06", ZEN3) / "accel/nvidia/cc80/modules/all").mkdir(parents=True)
    return root


def run(root: Path, variables: dict[str, str]) -> tuple[dict[str, str], str]:
    """Load EESSI; return the variables it set, and Lmod's words."""
    environment = {"HOME": "/", "PATH": "/usr/bin:/bin", "MODULEPATH": str(root / "init/modules"), **variables}
    argv = [str(LMOD), "python", "load", "EESSI/2025.06"]
    answer = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    found = {}
    for statement in ast.parse(answer.stdout).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Subscript):
            found[ast.literal_eval(statement.targets[0].slice)] = ast.literal_eval(statement.value)
    return found, answer.stderr


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param({}, {"EESSI_SOFTWARE_SUBDIR": ZEN3}, id="first of the chain that is built"),
        pytest.param(
            {"EESSI_ARCHDETECT_OPTIONS": "x86_64/generic"},
            {"EESSI_SOFTWARE_SUBDIR": "x86_64/generic", "EESSI_ARCHDETECT_OPTIONS": "x86_64/generic"},
            id="an inherited chain wins over the override",
        ),
        pytest.param(
            {"EESSI_SOFTWARE_SUBDIR_OVERRIDE": "x86_64/generic"},
            {"EESSI_SOFTWARE_SUBDIR": ZEN3},
            id="the override of the script is not asked where the chain is given",
        ),
        pytest.param(
            {"EESSI_ARCHDETECT_OPTIONS_OVERRIDE": "", "EESSI_SOFTWARE_SUBDIR_OVERRIDE": "x86_64/generic"},
            {"EESSI_SOFTWARE_SUBDIR": "x86_64/generic"},
            id="the script echoes its override",
        ),
        pytest.param({}, {"EESSI_CPU_FAMILY": "x86_64"}, id="family of the target"),
        pytest.param(
            {"EESSI_CPU_FAMILY_OVERRIDE": "aarch64"},
            {"EESSI_CPU_FAMILY": "aarch64", "EPREFIX": "@/versions/2025.06/compat/linux/aarch64"},
            id="another compatibility layer",
        ),
        pytest.param(
            {},
            {"EESSI_SITE_SOFTWARE_PATH": f"@/host_injections/2025.06/software/linux/{ZEN3}"},
            id="site's place",
        ),
        pytest.param(
            {"EESSI_SITE_SOFTWARE_PREFIX": "/shared"},
            {"EESSI_SITE_SOFTWARE_PATH": f"/shared/versions/2025.06/software/linux/{ZEN3}"},
            id="another place of the site's",
        ),
        pytest.param(
            {"EESSI_ACCELERATOR_TARGET_OVERRIDE": "accel/nvidia/cc80"},
            {"EESSI_ACCELERATOR_TARGET": "accel/nvidia/cc80", "EESSI_ACCEL_SUBDIR": "accel/nvidia/cc80"},
            id="exact accelerator",
        ),
        pytest.param(
            {"EESSI_ACCELERATOR_TARGET_OVERRIDE": "accel/nvidia/cc86"},
            {"EESSI_ACCELERATOR_TARGET": "accel/nvidia/cc80", "EESSI_ACCEL_SUBDIR": "accel/nvidia/cc86"},
            id="accelerator of the same generation",
        ),
        pytest.param(
            {
                "EESSI_ACCELERATOR_TARGET_OVERRIDE": "accel/nvidia/cc90",
                "EESSI_ACCEL_SOFTWARE_SUBDIR_OVERRIDE": "x86_64/generic",
            },
            {"EESSI_ACCELERATOR_TARGET": "accel/nvidia/cc90", "EESSI_SOFTWARE_SUBDIR": ZEN3},
            id="accelerator's builds for another CPU",
        ),
    ],
)
def test_overrides_act_as_in_eessi(root: Path, variables: dict[str, str], expected: dict[str, str]) -> None:
    found, words = run(root, CHAIN | variables)
    wanted = {name: value.replace("@", str(root)) for name, value in expected.items()}
    assert {name: found.get(name) for name in wanted} == wanted, words


@pytest.mark.parametrize("target", ["", "accel/nvidia/cc70", "accel/amd/gfx90a"])
def test_an_accelerator_that_nothing_is_built_for_is_passed_over(root: Path, target: str) -> None:
    found, _ = run(root, CHAIN | {"EESSI_ACCELERATOR_TARGET_OVERRIDE": target})
    assert found["EESSI_ACCEL_SUBDIR"] == target
    assert "EESSI_ACCELERATOR_TARGET" not in found
    assert "/accel/" not in found["MODULEPATH"]


@pytest.mark.parametrize("variable", ["EESSI_ARCHDETECT_OPTIONS_OVERRIDE", "EESSI_ARCHDETECT_OPTIONS"])
def test_a_chain_of_which_nothing_is_built_is_refused(root: Path, variable: str) -> None:
    found, words = run(root, CHAIN | {variable: "aarch64/neoverse_v1:aarch64/generic"})
    assert "Software directory check failed" in words
    assert "EESSI_VERSION" not in found


def test_site_accelerator_and_cpu_are_searched_in_this_order(root: Path) -> None:
    found, _ = run(root, CHAIN | {"EESSI_ACCELERATOR_TARGET_OVERRIDE": "accel/nvidia/cc80"})
    software = f"software/linux/{ZEN3}"
    assert found["MODULEPATH"].split(":") == [
        f"{root}/host_injections/2025.06/{software}/accel/nvidia/cc80/modules/all",
        f"{root}/host_injections/2025.06/{software}/modules/all",
        f"{root}/versions/2025.06/{software}/accel/nvidia/cc80/modules/all",
        f"{root}/versions/2025.06/{software}/modules/all",
        f"{root}/init/modules",
    ]


def test_without_overrides_the_script_tells_the_chain_that_the_sample_was_built_for(root: Path) -> None:
    found, _ = run(root, {"EESSI_ACCELERATOR_TARGET_OVERRIDE": ""})
    assert found["EESSI_ARCHDETECT_OPTIONS"] == "x86_64/amd/zen3:x86_64/amd/zen2:x86_64/generic"


@pytest.mark.parametrize("quiet", [False, True])
def test_it_says_that_it_is_a_sample_unless_told_to_be_quiet(root: Path, quiet: bool) -> None:  # noqa: FBT001
    _, words = run(root, CHAIN | ({"EESSI_MODULE_QUIET_LOAD": "1"} if quiet else {}))
    assert ("a sample, for x86_64/amd/zen3" in words) is not quiet


def test_a_site_can_make_it_a_family_with_its_own_stack(root: Path) -> None:
    found, _ = run(root, CHAIN | {"EESSI_MODULE_FAMILY_NAME": "stack"})
    assert found["LMOD_FAMILY_STACK"] == "EESSI"
