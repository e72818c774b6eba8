"""Releases: the versions of EESSI, where their parts lie, and what each was built for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.stack.cpu_targets import DETECTION_RULES, CpuTarget

DEFAULT_ROOT = "/cvmfs/software.eessi.io"

_VERSION = re.compile(r"[0-9]{4}\.[0-9]{2}(-[0-9]{3})?")

_2023 = tuple(
    (
        "x86_64/generic x86_64/amd/zen2 x86_64/amd/zen3 x86_64/amd/zen4 x86_64/intel/haswell"
        " x86_64/intel/skylake_avx512 x86_64/intel/cascadelake x86_64/intel/icelake x86_64/intel/sapphirerapids"
        " aarch64/generic aarch64/neoverse_n1 aarch64/neoverse_v1 aarch64/nvidia/grace aarch64/a64fx"
    ).split()
)

# EESSI/docs, software_layer/cpu_targets.md, August 2026. What a mounted tree has is read from the tree;
# this is for when there is none.
PUBLISHED_TARGETS: dict[str, tuple[str, ...]] = {
    "2023.06": _2023,
    "2025.06": (*_2023, "x86_64/amd/zen5"),
}


@dataclass(frozen=True, order=True)
class Release:
    """An EESSI version of a repository: where its parts lie."""

    version: str
    root: str = DEFAULT_ROOT

    @property
    def prefix(self) -> PurePosixPath:
        """The directory of this version."""
        return PurePosixPath(self.root) / "versions" / self.version

    @property
    def module_root(self) -> PurePosixPath:
        """The module path that holds the module `EESSI/<version>`."""
        return PurePosixPath(self.root) / "init" / "modules"

    @property
    def eessi_module(self) -> str:
        """The module that makes all others of this release visible."""
        return f"EESSI/{self.version}"

    def target_directory(self, target: CpuTarget) -> PurePosixPath:
        """Return the directory that holds the builds for *target*."""
        return self.prefix / "software" / "linux" / target.path

    def lmod(self, machine: str) -> PurePosixPath:
        """Return the Lmod command of the compatibility layer."""
        return self.prefix / "compat" / "linux" / machine / "usr" / "share" / "Lmod" / "libexec" / "lmod"


def parse_release(text: str) -> str:
    """Return *text* as a release version.

    Raises
    ------
    InvalidChoiceError
        If it is not shaped like `2025.06`.
    """
    if len(text) > 20 or not _VERSION.fullmatch(text):
        raise InvalidChoiceError(
            f"{text[:100]!r} is not an EESSI release.", advice="Write it as EESSI does, such as 2025.06."
        )
    return text


def best_published_target(version: str, chain: tuple[CpuTarget, ...]) -> CpuTarget:
    """Return the best target of *chain* that EESSI builds *version* for (the last one where it is unknown)."""
    published = PUBLISHED_TARGETS.get(version, ())
    return next((target for target in chain if target.path in published), chain[-1])


def known_targets() -> tuple[CpuTarget, ...]:
    """Return every CPU target that EESSI detects or publishes builds for, sorted."""
    detected = {rule.target for rules in DETECTION_RULES.values() for rule in rules}
    generic = {f"{machine}/generic" for machine in DETECTION_RULES}
    return tuple(map(CpuTarget, sorted(detected.union(generic, *PUBLISHED_TARGETS.values()))))
