"""Whatever is wrong with modules, Lmod or the recipe: the kernel answers every cell with the reason."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from eessi_spawner.kernels.install import write_specs
from eessi_spawner.kernels.launcher import snapshot_directory
from eessi_spawner.kernels.resolve import keep, resolve
from eessi_spawner.kernels.specs import KernelSpec
from eessi_spawner.stack.cpu_targets import DETECTION_RULES
from eessi_spawner.stack.host import Host
from tests.kernels.conftest import Generation
from tests.kernels.kernel_session import KernelSession, running_kernel
from tests.kernels.small_stack import (
    KERNEL,
    OTHER_COMPILER,
    interpreter,
    make_small_stack,
    small_spec,
    target_directory,
    write_module,
)

Install = Callable[[KernelSpec], Path]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_small_stack(tmp_path / "small.eessi.io")


def assert_explained(session: KernelSession, code: str, *words: str) -> None:
    """Check that cells get *words* and the reason *code*, as an error, and that the kernel lives on."""
    for _ in range(2):
        cell = session.run("1 + 1")
        assert cell.status == "error"
        assert cell.reply["ename"] == "EESSIKernelError"
        assert f"Reason code: {code}<" in cell.html, cell.html
        assert "What to do:" in cell.html
        for word in words:
            assert word in cell.html
    assert session.manager.is_alive()


def assert_fails(data: Path, spec: KernelSpec, code: str, *words: str) -> None:
    with running_kernel(spec.name, data=data) as session:
        assert_explained(session, code, *words)


def test_the_small_stack_works_where_nothing_is_broken(root: Path, install: Install, host: Host) -> None:
    spec = small_spec(root, host)
    with running_kernel(spec.name, data=install(spec)) as session:
        assert session.run("import os; print(os.environ['SMALL_STACK'])").text == "yes\n"


@pytest.mark.sample_stack
def test_an_unknown_module_is_named_with_the_versions_there_are(
    generations: dict[str, Generation], install: Install
) -> None:
    spec = generations["2025b"].spec
    modules = ("SciPy-bundle/2099.01-gfbf-2025b", *spec.recipe.modules[1:])
    spec = dataclasses.replace(spec, recipe=dataclasses.replace(spec.recipe, modules=modules))
    words = ("SciPy-bundle/2099.01-gfbf-2025b", "SciPy-bundle is there as", "2025.07-gfbf-2025b")
    assert_fails(install(spec), spec, "unknown_module", *words)


@pytest.mark.sample_stack
def test_modules_of_two_generations_do_not_go_together(generations: dict[str, Generation], install: Install) -> None:
    new, old = generations["2025b"].spec, generations["2024a"].spec
    recipe = dataclasses.replace(new.recipe, modules=(*new.recipe.modules, *old.recipe.modules))
    spec = dataclasses.replace(new, recipe=recipe)
    assert_fails(install(spec), spec, "module_load_failed", "cannot be loaded together", "one toolchain generation")


@pytest.mark.sample_stack
def test_a_release_without_builds_for_the_cpu_says_so(generations: dict[str, Generation], install: Install) -> None:
    spec = generations["2025b"].spec
    spec = dataclasses.replace(spec, recipe=dataclasses.replace(spec.recipe, chain=("no/such", "no/builds")))
    assert_fails(install(spec), spec, "module_load_failed", "no builds for this CPU", "no/such, no/builds")


def test_builds_that_this_cpu_does_not_run_are_refused_before_they_crash(
    root: Path, install: Install, host: Host
) -> None:
    machine = os.uname().machine
    seen = {target.path for target in host.chain}
    other = next(rule.target for rule in DETECTION_RULES[machine] if rule.target not in seen)
    builds = target_directory(root).parents[1] / other
    builds.parent.mkdir(exist_ok=True)
    builds.symlink_to(target_directory(root))
    spec = small_spec(root, host, cpu_target=other)
    assert_fails(install(spec), spec, "cpu_mismatch", f"promised builds for {other}", "start it again")


def test_modules_that_conflict_are_named(root: Path, install: Install, host: Host) -> None:
    spec = small_spec(root, host, OTHER_COMPILER)
    assert_fails(install(spec), spec, "module_load_failed", "cannot be loaded together", "GCCcore")


def test_a_release_that_is_not_there_is_named(root: Path, install: Install, host: Host) -> None:
    (root / "init" / "modules" / "EESSI" / "2025.06.lua").rename(root / "init" / "modules" / "EESSI" / "2099.01.lua")
    spec = small_spec(root, host)
    assert_fails(install(spec), spec, "unknown_module", "no EESSI release 2025.06")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('setenv("A" "B")', "has an error and cannot be loaded"),
        ("no_such_function()", "has an error and cannot be loaded"),
        ('LmodError("licence expired & <gone>")', "licence expired &amp; &lt;gone&gt;"),
        ('error("that is lua")', "that is lua"),
    ],
)
def test_a_module_file_that_fails_shows_the_words_of_lmod(
    root: Path, install: Install, host: Host, text: str, words: str
) -> None:
    write_module(root, "Broken/1.0-GCCcore-14.3.0", text)
    spec = small_spec(root, host, "Broken/1.0-GCCcore-14.3.0")
    assert_fails(install(spec), spec, "module_load_failed", words, "Broken/1.0-GCCcore-14.3.0")


def remove(path: Path) -> None:
    path.unlink()


def make_not_executable(path: Path) -> None:
    path.unlink()
    path.write_text("", encoding="utf-8")


def make_a_program_of_another_machine(path: Path) -> None:
    path.write_bytes(b"\x7fELF" + b"\0" * 60)


BY_FAULT = pytest.mark.parametrize(
    "break_interpreter", [remove, make_not_executable, make_a_program_of_another_machine]
)


@BY_FAULT
@pytest.mark.parametrize("kept", [False, True], ids=["miss", "hit"])
def test_an_interpreter_that_cannot_be_executed_is_named(
    root: Path, install: Install, host: Host, break_interpreter: Callable[[Path], None], *, kept: bool
) -> None:
    spec = small_spec(root, host)
    data = install(spec)
    if kept:
        keep(spec.recipe, f"{spec.recipe.key}@{os.uname().nodename}", resolve(spec.recipe))
        assert len(os.listdir(snapshot_directory())) == 1
    break_interpreter(interpreter(root))
    assert_fails(data, spec, "interpreter_missing", str(interpreter(root)))


def test_modules_without_python_are_told_what_to_add(root: Path, install: Install, host: Host) -> None:
    write_module(root, KERNEL, "")
    spec = small_spec(root, host)
    assert_fails(install(spec), spec, "interpreter_missing", "EBROOTPYTHON", "jupyter-server")


def test_a_root_that_is_not_there_is_named(tmp_path: Path, install: Install, host: Host) -> None:
    spec = small_spec(tmp_path / "nowhere", host)
    assert_fails(install(spec), spec, "mount_absent", str(tmp_path / "nowhere"))


def test_a_root_that_holds_something_else_is_named(tmp_path: Path, install: Install, host: Host) -> None:
    (tmp_path / "else").mkdir()
    spec = small_spec(tmp_path / "else", host)
    assert_fails(install(spec), spec, "not_an_eessi_stack", str(tmp_path / "else"))


@pytest.mark.parametrize("text", ["{", '{"modules": 3}', '{"chain": [], "modules": [], "other": 1}', None])
def test_a_recipe_that_cannot_be_read_says_to_restart_the_server(
    root: Path, install: Install, host: Host, text: str | None
) -> None:
    spec = small_spec(root, host)
    data = install(spec)
    recipe = data / "kernels" / spec.name / "recipe.json"
    recipe.unlink()
    if text is not None:
        recipe.write_text(text, encoding="utf-8")
    assert_fails(data, spec, "set_up_failed", "recipe.json", "Restart the server")


# In a name space of its own the kernel sees empty directories there.
HIDE = """
for place in /usr/share/lmod /usr/share/Lmod /opt/apps/lmod; do
  [ ! -d $place ] || mount -t tmpfs none $place
done
exec "$@"
"""


def test_the_fallback_runs_where_the_server_s_python_does_not_have_the_package_installed(
    tmp_path: Path, host: Host
) -> None:
    """As where an init container brings it: the launcher knows its own place, and nothing else does."""
    venv.create(tmp_path / "python", with_pip=False)
    (site,) = (tmp_path / "python").glob("lib/python3*/site-packages")
    # A directory named in a .pth file is searched, but its own .pth files are not read: ipykernel without an
    # editable install of this package.
    (site / "ipykernel-only.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    python = str(tmp_path / "python" / "bin" / "python")
    assert subprocess.run([python, "-c", "import eessi_spawner"], check=False, capture_output=True, cwd="/").returncode
    spec = small_spec(tmp_path / "nowhere", host)
    write_specs(tmp_path / "data" / "kernels", [spec], python=python)
    assert_fails(tmp_path / "data", spec, "mount_absent", "nowhere")


def can_hide_files() -> bool:
    return subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode == 0


def test_without_lmod_it_says_how_to_install_it(root: Path, install: Install, host: Host) -> None:
    if not can_hide_files() and not os.environ.get("CI"):
        pytest.skip("hiding the machine's Lmod needs root")
    spec = small_spec(root, host)
    data = install(spec)
    file = data / "kernels" / spec.name / "kernel.json"
    kernel = json.loads(file.read_text(encoding="utf-8"))
    kernel["argv"] = ["unshare", "-m", "sh", "-c", HIDE, "sh", *kernel["argv"]]
    file.write_text(json.dumps(kernel), encoding="utf-8")
    assert_fails(data, spec, "lmod_missing", "apt-get install lmod", "LMOD_CMD")
