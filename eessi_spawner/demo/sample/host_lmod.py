"""Finds the machine's own Lmod, which the sample stack takes for that of EESSI's compatibility layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from eessi_spawner.errors import SetUpError
from eessi_spawner.kernels.lmod import SYSTEM_LMOD

USUAL_PLACES = tuple(Path(command).parents[1] for command in SYSTEM_LMOD)


def find_lmod(environment: Mapping[str, str], *, places: Iterable[Path] = USUAL_PLACES) -> Path:
    """Return the directory that has `libexec/lmod`: that of LMOD_CMD, or else the first usual place.

    Raises
    ------
    SetUpError
        Where there is none.
    """
    command = environment.get("LMOD_CMD")
    named = [Path(command).parent.parent] if command else []
    for place in [*named, *places]:
        if (place / "libexec" / "lmod").is_file():
            return place
    raise SetUpError(
        "The sample stack needs Lmod on this machine, and none was found.",
        advice="Install it (the package is called lmod in Debian and Ubuntu, Lmod in Fedora and EPEL), "
        "or let LMOD_CMD name its libexec/lmod.",
    )
