"""Module names, and the toolchain generation a module belongs to.

Modules of different generations cannot be loaded together: each generation has one compiler, one Python.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from eessi_spawner.errors import InvalidChoiceError

_MODULE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*/[A-Za-z0-9][A-Za-z0-9_.+-]*")
_COMPILER = re.compile(r"-GCC(?:core)?-([0-9]+\.[0-9]+\.[0-9]+)(?:-|$)")
_LLVM = re.compile(r"-llvm-compilers-([0-9]+\.[0-9]+\.[0-9]+)(?:-|$)")
_TOOLCHAIN = re.compile(r"-l?(?:foss|gfbf|gompi|gmpich|golf|lompi|lfbf)-([0-9]{4}(?:[ab]|\.[0-9]+))(?:-|$)")

# EasyBuild's common toolchains: the generation each compiler version belongs to.
GENERATION_OF_COMPILER: dict[str, str] = {
    "12.2.0": "2022b",
    "12.3.0": "2023a",
    "13.2.0": "2023b",
    "13.3.0": "2024a",
    "14.2.0": "2025a",
    "14.3.0": "2025b",
    "15.2.0": "2026.1",
}

# Likewise for EESSI's LLVM toolchains (lfoss): the compiler is a module of its own there.
GENERATION_OF_LLVM: dict[str, str] = {"20.1.8": "2025b", "21.1.8": "2026.1"}


@dataclass(frozen=True, order=True)
class ModuleName:
    """A full module name, such as `SciPy-bundle/2025.07-gfbf-2025b`."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}/{self.version}"

    @property
    def generation(self) -> str | None:
        """The toolchain generation (`2025b`); None for modules that need no toolchain."""
        # The name counts too: foss/2025b is a toolchain itself.
        text = f"-{self.name}-{self.version}"
        if compiler := _COMPILER.search(text):
            return GENERATION_OF_COMPILER.get(compiler[1])
        if toolchain := _TOOLCHAIN.search(text):
            return toolchain[1]
        if llvm := _LLVM.search(text):
            return GENERATION_OF_LLVM.get(llvm[1])
        return None


def is_module(text: str) -> bool:
    """Say whether *text* is shaped like a full module name (see `parse_module`)."""
    return len(text) <= 200 and _MODULE.fullmatch(text) is not None and ".." not in text


def parse_module(text: str) -> ModuleName:
    """Return the module that *text* names.

    The shape is bounded (letters, digits and `_.+-` on both sides of one `/`, at most 200 characters, no
    leading `-`), so that a name can stand in a command line and in a path.

    Raises
    ------
    InvalidChoiceError
        If *text* is not a full module name.
    """
    if not is_module(text):
        raise InvalidChoiceError(
            f"{text[:200]!r} is not a full module name.",
            advice="Write name and version as Lmod shows them, such as SciPy-bundle/2025.07-gfbf-2025b.",
        )
    name, _, version = text.partition("/")
    return ModuleName(name, version)
