"""What `eessi-spawner doctor machine` looks at: the CPU, the mount of EESSI and Lmod of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from eessi_spawner.checks.answer import Answer, Level
from eessi_spawner.errors import EESSIError, MountAbsentError
from eessi_spawner.kernels.lmod import find_lmod
from eessi_spawner.kernels.recipe import Recipe
from eessi_spawner.stack.host import CPUINFO, read_chain
from eessi_spawner.stack.mount import ask_stack
from eessi_spawner.stack.releases import DEFAULT_ROOT


def machine_answers(root: str = DEFAULT_ROOT) -> Sequence[Answer]:
    """Return what is found of this machine and of the repository at *root*, which may be dead or hang."""
    return tuple(_answers(root))


def _answers(root: str) -> Iterator[Answer]:
    machine = os.uname().machine
    try:
        chain = read_chain(CPUINFO, machine)
    except EESSIError as error:
        yield _of(error, "CPU")
        return
    yield Answer("ok", "cpu", "CPU", chain[0].path)
    try:
        reading = ask_stack(root, chain, {})
        releases = [release.version for release in reading.releases]
        if not releases:
            yield Answer("fail", "no_builds", root, f"No release there has builds for {chain[0].path}.")
            return
        yield Answer("ok", "mount", root, f"releases {', '.join(releases)}")
        yield Answer("ok", "lmod", "Lmod", find_lmod(Recipe(root, releases[0], (), "python", ""), machine))
    except MountAbsentError as error:
        # The machine may be a hub's, which needs none.
        yield _of(error, root, "warn")
    except EESSIError as error:
        yield _of(error, root)


def _of(error: EESSIError, key: str, level: Level = "fail") -> Answer:
    return Answer(level, error.code, key, error.message, advice=error.advice)
