"""The generations that the sample stack holds, and the versions that EESSI's own modules bring."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from eessi_spawner.stack.generations import GENERATIONS as EESSI_GENERATIONS
from eessi_spawner.stack.generations import Generation
from eessi_spawner.stack.modules import parse_module


@dataclass(frozen=True)
class SampleGeneration:
    """A toolchain generation of EESSI, and what the sample needs to know of it besides.

    Attributes
    ----------
    eessi
        Its release, its Python and its modules.
    ipykernel, ipython, numpy
        Versions that its modules bring.
    search_path
        The variable by which its modules tell Python where packages are.
    size
        How many modules the closure has, as last counted: only for the share of work that is done.
    """

    eessi: Generation
    ipykernel: str
    ipython: str
    numpy: str
    search_path: str
    size: int

    @property
    def name(self) -> str:
        """What EasyBuild's community calls it, e.g. `2025b`."""
        return self.eessi.name

    @property
    def release(self) -> str:
        """The EESSI release that has it."""
        return self.eessi.release

    @property
    def python_module(self) -> str:
        """The module that brings Python, e.g. `Python/3.13.5-GCCcore-14.3.0`."""
        toolchain = parse_module(self.jupyter_server_module).version.partition("-")[2]
        return f"Python/{self.eessi.python}-{toolchain}"

    @property
    def jupyter_server_module(self) -> str:
        """The module that brings ipykernel."""
        return self.eessi.kernel_module

    @property
    def scipy_bundle_module(self) -> str:
        """The module that brings numpy."""
        return next(module for module in self.eessi.science if module.startswith("SciPy-bundle/"))

    @property
    def easyconfigs(self) -> tuple[str, str]:
        """The names of EasyBuild's recipes whose closures are wanted."""
        modules = (self.jupyter_server_module, self.scipy_bundle_module)
        return (f"{modules[0].replace('/', '-')}.eb", f"{modules[1].replace('/', '-')}.eb")

    @property
    def python_series(self) -> str:
        """Major and minor version of the module's Python, which name its folder of packages."""
        return ".".join(self.eessi.python.split(".")[:2])


_BY_NAME = {generation.name: generation for generation in EESSI_GENERATIONS}

GENERATIONS = (
    SampleGeneration(
        _BY_NAME["2023b"], ipykernel="6.29.4", ipython="8.17.2", numpy="1.26.2", search_path="PYTHONPATH", size=37
    ),
    SampleGeneration(
        _BY_NAME["2024a"], ipykernel="6.29.5", ipython="8.28.0", numpy="1.26.4", search_path="EBPYTHONPREFIXES", size=32
    ),
    SampleGeneration(
        _BY_NAME["2025b"], ipykernel="6.30.1", ipython="9.4.0", numpy="2.3.2", search_path="EBPYTHONPREFIXES", size=34
    ),
)


def select_generations(releases: Iterable[str]) -> tuple[SampleGeneration, ...]:
    """Return the generations of *releases*, oldest first; a release that the sample has none of adds none."""
    wanted = set(releases)
    return tuple(generation for generation in GENERATIONS if generation.release in wanted)
