"""A kernel's environment is its modules', whatever the environment of whoever starts it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from eessi_spawner.kernels.launcher import snapshot_directory
from tests.kernels.conftest import Generation, StartKernel
from tests.kernels.kernel_session import KernelSession

pytestmark = pytest.mark.sample_stack

# What the process was started with, and what the interpreter made of it.
LOOK = """
import json, numpy, os, sys
start = open("/proc/self/environ", "rb").read().decode("utf-8", "surrogateescape").rstrip("\\0").split("\\0")
print(json.dumps([sorted(start), dict(os.environ), sys.path, sys.prefix, numpy.__file__, numpy.__version__]))
"""
POISON = 'import os; os.environ["POISONED"] = "yes"'
# What a user or JupyterHub has set, and no software environment.
MEANT_FOR_KERNELS = {
    "HTTPS_PROXY": "http://proxy.example:3128",
    "JUPYTERHUB_API_TOKEN": "secret",
    "JUPYTERHUB_USER": "ada",
    "OMP_NUM_THREADS": "3",
    "MY_COURSE_DATA": "/data/course with spaces = and\nlines and $HOME",
    "NOT_UTF8": "caf\udce9",
}


@pytest.fixture
def foreign(tmp_path: Path, generations: dict[str, Generation]) -> dict[str, str]:
    """Return what the software environment of a caller may hold, all of it wrong for the kernel."""
    poison = tmp_path / "poison"
    poison.mkdir()
    for name in ("sitecustomize.py", "usercustomize.py", "numpy.py", "json.py", "ipykernel.py", "startup.py"):
        (poison / name).write_text(POISON, encoding="utf-8")
    root = generations["2023b"].spec.recipe.root
    old = f"{root}/versions/2023.06/software/linux/x86_64/old/modules/all"
    return {
        "LD_LIBRARY_PATH": str(poison),
        "LD_PRELOAD": "libm.so.6",
        "PYTHONPATH": str(poison),
        "PYTHONHOME": str(poison),
        "PYTHONSTARTUP": str(poison / "startup.py"),
        "PYTHONUSERBASE": str(poison),
        "PYTHONEXECUTABLE": str(poison / "python"),
        "JUPYTER_PATH": str(poison),
        "JUPYTER_CONFIG_DIR": str(poison),
        "EESSI_ARCHDETECT_OPTIONS": "x86_64/no/such_cpu",
        "EESSI_ARCHDETECT_OPTIONS_OVERRIDE": "x86_64/no/such_cpu",
        "EESSI_SOFTWARE_SUBDIR_OVERRIDE": "x86_64/no/such_cpu",
        "EESSI_ACCELERATOR_TARGET_OVERRIDE": "accel/nvidia/cc90",
        "EESSI_VERSION": "2023.06",
        "EB_ENV_JUPYTER_ROOT": str(poison),
        "EBPYTHONPREFIXES": str(poison),
        "EBROOTPYTHON": str(poison),
        "EBROOTFOREIGN": str(poison),
        "LOADEDMODULES": "EESSI/2023.06:GCCcore/13.2.0",
        "_LMFILES_": f"{root}/init/modules/EESSI/2023.06.lua:{old}/GCCcore/13.2.0.lua",
        "_ModuleTable001_": "bm9uc2Vuc2U=",
        "_ModuleTable_Sz_": "1",
        "MODULEPATH": old,
        "LMOD_RC": str(poison / "lmodrc.lua"),
        "LMOD_PACKAGE_PATH": str(poison),
        "BASH_ENV": str(poison / "startup.py"),
        "CONDA_PREFIX": str(poison),
        "VIRTUAL_ENV": str(poison),
        "PATH": f"{poison}:/usr/bin:/bin",
        "CPATH": str(poison),
        "MANPATH": str(poison),
        "XDG_DATA_DIRS": str(poison),
    }


def plain() -> dict[str, str]:
    """Return what Jupyter itself needs of this process's environment, and no more."""
    names = ("HOME", "EESSI_SPAWNER_RUNTIME_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    return {"PATH": "/usr/bin:/bin", **{name: os.environ[name] for name in names}}


def look(session: KernelSession) -> list[object]:
    cell = session.run(LOOK)
    assert cell.status == "ok", cell.outputs
    return list(json.loads(cell.text))


def variables(start: object) -> dict[str, str]:
    assert isinstance(start, list)
    return dict(entry.split("=", 1) for entry in start)


def test_nothing_of_a_foreign_software_environment_reaches_the_kernel(
    start: StartKernel, generations: dict[str, Generation], foreign: dict[str, str]
) -> None:
    generation = generations["2025b"]
    with start(generation.spec.name, environ=plain()) as session:
        clean = look(session)
    for file in Path(snapshot_directory()).iterdir():
        file.unlink()
    with start(generation.spec.name, environ=plain() | foreign) as session:
        by_lmod = look(session)
    assert len(os.listdir(snapshot_directory())) == 1
    with start(generation.spec.name, environ=plain() | foreign) as session:
        by_snapshot = look(session)
    assert by_lmod == clean
    assert by_snapshot == clean
    assert "poison" not in json.dumps(clean).lower()
    assert clean[3] == generation.prefix
    assert clean[5] == generation.numpy


def test_the_first_kernel_by_lmod_and_the_next_by_snapshot_start_with_the_same_bytes(
    start: StartKernel, generations: dict[str, Generation], foreign: dict[str, str]
) -> None:
    starts = []
    for _ in range(2):
        with start(generations["2024a"].spec.name, environ=plain() | foreign | MEANT_FOR_KERNELS) as session:
            starts.append(Path(f"/proc/{session.pid}/environ").read_bytes())
    assert sorted(starts[0].split(b"\0")) == sorted(starts[1].split(b"\0"))


def test_what_is_no_software_environment_passes(start: StartKernel, generations: dict[str, Generation]) -> None:
    name = generations["2025b"].spec.name
    with start(name, environ=plain()) as session:
        without = variables(look(session)[0])
    with start(name, environ=plain() | MEANT_FOR_KERNELS) as session:
        found = variables(look(session)[0])
    assert found == without | MEANT_FOR_KERNELS
    assert found["HOME"] == os.environ["HOME"]
