"""Puts software where the sample's modules point: a Python, and what its notebooks need.

It has to stand there before EasyBuild writes the module files, as these name only directories that exist.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from eessi_spawner.demo.sample.closures import SampleGeneration
from eessi_spawner.demo.sample.commands import Workshop, make_python_environment, run_command
from eessi_spawner.demo.sample.nearest import choose_nearest, parse_offered
from eessi_spawner.errors import SetUpError

LOCAL_SERIES = f"{sys.version_info.major}.{sys.version_info.minor}"
LOCAL_PYTHON = ".".join(str(part) for part in sys.version_info[:3])

_PREFIXES = Path(__file__).with_name("ebpythonprefixes.py")
_PACKAGES = ("numpy", "ipykernel", "ipython")


@dataclass(frozen=True)
class Versions:
    """What is installed for one generation, which may differ from what its modules are named after."""

    numpy: str
    ipykernel: str
    ipython: str


def choose_versions(generations: Sequence[SampleGeneration], workshop: Workshop) -> dict[str, Versions]:
    """Ask pip what this Python can have, and return the nearest to what each generation's modules bring."""
    offered = {package: _list_offered(package, workshop) for package in _PACKAGES}

    def choose(package: str, wanted: str) -> str:
        chosen = choose_nearest(wanted, offered[package])
        if chosen is None:  # offers of pre-releases only
            raise _nothing_offered(package, ", ".join(offered[package]))
        return chosen

    return {
        generation.name: Versions(
            numpy=choose("numpy", generation.numpy),
            ipykernel=choose("ipykernel", generation.ipykernel),
            ipython=choose("ipython", generation.ipython),
        )
        for generation in generations
    }


def install_content(
    generation: SampleGeneration,
    *,
    versions: Versions,
    target: Path,
    workshop: Workshop,
    on_step: Callable[[str], None],
) -> None:
    """Install Python, ipykernel and numpy of *generation* below `<target>/software`."""
    software = target / "software"
    on_step(f"Python for {generation.name}")
    _make_python(software / generation.python_module, workshop)
    on_step(f"ipykernel {versions.ipykernel} for {generation.name}")
    jupyter_server = _make_package_folder(software / generation.jupyter_server_module, generation)
    requirements = [f"ipykernel=={versions.ipykernel}", f"ipython=={versions.ipython}"]
    _pip_install(requirements, jupyter_server, workshop)
    on_step(f"numpy {versions.numpy} for {generation.name}")
    scipy_bundle = _make_package_folder(software / generation.scipy_bundle_module, generation)
    _pip_install(["--no-deps", f"numpy=={versions.numpy}"], scipy_bundle, workshop)


def _make_python(prefix: Path, workshop: Workshop) -> None:
    """Make *prefix* a Python that runs this one's interpreter and takes itself for the module's."""
    argv = [sys.executable, "-m", "venv", "--without-pip", "--symlinks", str(prefix)]
    outcome = run_command(argv, environment=make_python_environment(), stop=workshop.stop)
    if outcome.code != 0:
        raise SetUpError(
            f"Python's own venv module could not make an environment in {prefix}.",
            advice="Install it (in Debian and Ubuntu the package is python3-venv), then try again.",
            details=outcome.words,
        )
    packages = prefix / "lib" / f"python{LOCAL_SERIES}" / "site-packages"
    shutil.copyfile(_PREFIXES, packages / _PREFIXES.name)
    (packages / "ebpythonprefixes.pth").write_text(f"import {_PREFIXES.stem}\n", encoding="utf-8")


def _make_package_folder(prefix: Path, generation: SampleGeneration) -> Path:
    """Make the folder of packages by the name it has in EESSI, and by that which this Python looks for.

    With PYTHONPATH the module file says the name, so one is enough.
    """
    folder = prefix / "lib" / f"python{generation.python_series}"
    packages = folder / "site-packages"
    packages.mkdir(parents=True)
    if generation.search_path != "PYTHONPATH" and generation.python_series != LOCAL_SERIES:
        folder.with_name(f"python{LOCAL_SERIES}").symlink_to(folder.name)
    return packages


def _pip_install(requirements: Sequence[str], packages: Path, workshop: Workshop) -> None:
    """Install *requirements* into the folder *packages*, from wheels only: nothing is compiled."""
    argv = [*_pip("install"), "--ignore-installed", "--target", str(packages), *requirements]
    outcome = run_command(argv, environment=make_python_environment(), stop=workshop.stop)
    if outcome.code != 0:
        raise SetUpError(
            f"pip could not install {' '.join(requirements)}.",
            advice="Its words are below; a package index must be within reach, and disk space left.",
            details=outcome.words,
        )
    # Their scripts would run this process's Python, not that of the modules.
    shutil.rmtree(packages / "bin", ignore_errors=True)
    if (packages / "share").is_dir():
        (packages / "share").rename(packages.parents[2] / "share")


def _list_offered(package: str, workshop: Workshop) -> tuple[str, ...]:
    """Return the versions of *package* that this Python can have as wheels.

    `pip index versions` is not asked: it also lists what exists as source only. The refusal of a version
    that cannot exist lists the rest.
    """
    nowhere = str(workshop.scratch / "downloads")
    argv = [*_pip("download"), "--no-deps", "--dest", nowhere, f"{package}==0"]
    outcome = run_command(argv, environment=make_python_environment(), stop=workshop.stop)
    offered = parse_offered(outcome.words)
    if not offered:
        raise _nothing_offered(package, outcome.words)
    return offered


def _pip(command: str) -> list[str]:
    return [sys.executable, "-m", "pip", command, "--only-binary=:all:", "--no-input"]


def _nothing_offered(package: str, words: str) -> SetUpError:
    if "No module named pip" in words:
        return SetUpError(
            f"The sample stack is filled by pip, which {sys.executable} does not have.",
            advice=f"Install it: {sys.executable} -m ensurepip",
            details=words,
        )
    return SetUpError(
        f"pip finds no release of {package} that Python {LOCAL_PYTHON} can have.",
        advice="The first build needs a package index within pip's reach: check the network, the proxy, and "
        "pip's settings (pip config list).",
        details=words,
    )
