"""The generations that the sample stack holds, and the versions that EESSI's own modules have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Generation:
    """One toolchain generation: modules that can be loaded together.

    Attributes
    ----------
    name
        What EasyBuild's community calls it, e.g. `2025b`.
    release
        The EESSI release that has it.
    toolchain
        The compiler that Python and Jupyter's modules are named after, e.g. `GCCcore-14.3.0`.
    python, jupyter_server, scipy_bundle
        Versions in the names of those modules.
    ipykernel, ipython, numpy
        Versions that those modules bring.
    search_path
        The variable by which its modules tell Python where packages are.
    size
        How many modules the closure has, as last counted: only for the share of work that is done.
    """

    name: str
    release: str
    toolchain: str
    python: str
    jupyter_server: str
    scipy_bundle: str
    ipykernel: str
    ipython: str
    numpy: str
    search_path: str
    size: int

    @property
    def python_module(self) -> str:
        """The module that brings Python, e.g. `Python/3.13.5-GCCcore-14.3.0`."""
        return f"Python/{self.python}-{self.toolchain}"

    @property
    def jupyter_server_module(self) -> str:
        """The module that brings ipykernel."""
        return f"jupyter-server/{self.jupyter_server}-{self.toolchain}"

    @property
    def scipy_bundle_module(self) -> str:
        """The module that brings numpy."""
        return f"SciPy-bundle/{self.scipy_bundle}-gfbf-{self.name}"

    @property
    def easyconfigs(self) -> tuple[str, str]:
        """The names of EasyBuild's recipes whose closures are wanted."""
        modules = (self.jupyter_server_module, self.scipy_bundle_module)
        return (f"{modules[0].replace('/', '-')}.eb", f"{modules[1].replace('/', '-')}.eb")

    @property
    def python_series(self) -> str:
        """Major and minor version of the module's Python, which name its folder of packages."""
        return ".".join(self.python.split(".")[:2])


GENERATIONS = (
    Generation(
        name="2023b",
        release="2023.06",
        toolchain="GCCcore-13.2.0",
        python="3.11.5",
        jupyter_server="2.14.0",
        scipy_bundle="2023.11",
        ipykernel="6.29.4",
        ipython="8.17.2",
        numpy="1.26.2",
        search_path="PYTHONPATH",
        size=37,
    ),
    Generation(
        name="2024a",
        release="2025.06",
        toolchain="GCCcore-13.3.0",
        python="3.12.3",
        jupyter_server="2.14.2",
        scipy_bundle="2024.05",
        ipykernel="6.29.5",
        ipython="8.28.0",
        numpy="1.26.4",
        search_path="EBPYTHONPREFIXES",
        size=32,
    ),
    Generation(
        name="2025b",
        release="2025.06",
        toolchain="GCCcore-14.3.0",
        python="3.13.5",
        jupyter_server="2.17.0",
        scipy_bundle="2025.07",
        ipykernel="6.30.1",
        ipython="9.4.0",
        numpy="2.3.2",
        search_path="EBPYTHONPREFIXES",
        size=34,
    ),
)


def select_generations(releases: Iterable[str]) -> tuple[Generation, ...]:
    """Return the generations of *releases*, oldest first; a release that the sample has none of adds none."""
    wanted = set(releases)
    return tuple(generation for generation in GENERATIONS if generation.release in wanted)
