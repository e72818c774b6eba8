"""The sample stack, loaded by the machine's own Lmod, gives Pythons that can be kernels."""

from __future__ import annotations

import ast
import json
import os
import subprocess
from pathlib import Path

import pytest

from eessi_spawner.demo.sample.closures import GENERATIONS, SampleGeneration
from eessi_spawner.demo.sample.host_lmod import find_lmod

pytestmark = pytest.mark.sample_stack

BY_NAME = pytest.mark.parametrize("generation", GENERATIONS, ids=lambda generation: generation.name)


def chain_of(root: Path, release: str) -> str:
    """Return a chain that begins with a target nobody builds for and ends with the sample's own."""
    targets = root / "versions" / release / "software" / "linux"
    (built,) = (folder.parent.relative_to(targets) for folder in targets.glob("*/**/software"))
    return f"x86_64/no/such_cpu:{built}"


def load(root: Path, *modules: str, **variables: str) -> dict[str, str]:
    """Load *modules* in a clean environment, and return it with what they set."""
    environment = {
        "HOME": "/",
        "PATH": "/usr/bin:/bin",
        "MODULEPATH": str(root / "init" / "modules"),
        "EESSI_ACCELERATOR_TARGET_OVERRIDE": "",
        **variables,
    }
    lmod = find_lmod(os.environ) / "libexec" / "lmod"
    answer = subprocess.run(
        [lmod, "python", "load", *modules], env=environment, capture_output=True, text=True, check=True
    )
    assert "_mlstatus = True" in answer.stdout, answer.stderr
    for statement in ast.parse(answer.stdout).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Subscript):
            name = ast.literal_eval(statement.targets[0].slice)
            environment[name] = ast.literal_eval(statement.value)
    return environment


def load_generation(root: Path, generation: SampleGeneration) -> dict[str, str]:
    return load(
        root,
        f"EESSI/{generation.release}",
        generation.jupyter_server_module,
        generation.scipy_bundle_module,
        EESSI_ARCHDETECT_OPTIONS_OVERRIDE=chain_of(root, generation.release),
    )


@BY_NAME
def test_loaded_modules_bring_the_python_numpy_and_ipykernel_that_the_stamp_names(
    sample_stack: Path, generation: SampleGeneration
) -> None:
    environment = load_generation(sample_stack, generation)
    script = (
        "import json, platform, sys, numpy, ipykernel, IPython;"
        "versions = [module.__version__ for module in (numpy, ipykernel, IPython)];"
        "print(json.dumps([sys.prefix, platform.python_version(), *versions]))"
    )
    python = Path(environment["EBROOTPYTHON"]) / "bin" / "python"
    said = subprocess.run([python, "-c", script], env=environment, capture_output=True, text=True, check=True)
    stamp = json.loads((sample_stack / "SAMPLE.json").read_text())["generations"][generation.name]
    assert json.loads(said.stdout) == [
        environment["EBROOTPYTHON"],
        stamp["python"],
        stamp["numpy"],
        stamp["ipykernel"],
        stamp["ipython"],
    ]
    assert stamp["release"] == generation.release


@BY_NAME
def test_modules_lead_to_what_is_in_the_sample(sample_stack: Path, generation: SampleGeneration) -> None:
    environment = load_generation(sample_stack, generation)
    assert f"{environment['EBROOTPYTHON']}/bin" in environment["PATH"].split(":")
    assert environment["EB_ENV_JUPYTER_ROOT"].endswith(f"/software/{generation.jupyter_server_module}")
    other = {"PYTHONPATH", "EBPYTHONPREFIXES"} - {generation.search_path}
    assert generation.search_path in environment
    assert not other & set(environment)
    assert "LD_LIBRARY_PATH" not in environment


@BY_NAME
def test_the_whole_closure_is_loaded(sample_stack: Path, generation: SampleGeneration) -> None:
    loaded = load_generation(sample_stack, generation)["LOADEDMODULES"].split(":")
    print(f"{generation.name}: {len(loaded)} modules loaded")  # noqa: T201 - for whoever asks with -s
    assert 25 <= len(loaded) <= 45
    assert f"gfbf/{generation.name}" in loaded


@BY_NAME
def test_eessi_gets_its_build_for_this_cpu_and_nothing_from_its_compatibility_layer(
    sample_stack: Path, generation: SampleGeneration
) -> None:
    all_modules = [file.parent.name for file in sample_stack.glob("versions/*/software/**/modules/all/*/*.lua")]
    assert not {"zlib", "binutils", "ncurses", "M4", "CMake"} & set(all_modules)
    environment = load_generation(sample_stack, generation)
    assert Path(environment["EPREFIX"], "usr/share/Lmod/libexec/lmod").is_file()
    assert environment["EESSI_CVMFS_REPO"] == str(sample_stack)


def test_without_a_version_the_default_of_eessi_is_loaded(sample_stack: Path) -> None:
    chain = chain_of(sample_stack, "2023.06")
    environment = load(sample_stack, "EESSI", EESSI_ARCHDETECT_OPTIONS_OVERRIDE=chain)
    assert environment["EESSI_VERSION"] == "2023.06"


def test_lmod_uses_the_cache_that_comes_with_the_modules(sample_stack: Path) -> None:
    environment = load_generation(sample_stack, GENERATIONS[-1])
    lmodrc = Path(environment["LMOD_RC"].split(":")[0])
    cache = lmodrc.parent / "cache"
    assert str(cache) in lmodrc.read_text()
    assert f'"{GENERATIONS[-1].scipy_bundle_module}"' in (cache / "spiderT.lua").read_text()
    assert (cache / "timestamp").is_file()
    assert environment["LMOD_PACKAGE_PATH"] == str(lmodrc.parent)
