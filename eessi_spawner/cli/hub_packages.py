"""Commands that need what a hub has installed: without it they say so, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from eessi_spawner.errors import SetUpError


@contextmanager
def hub_packages() -> Iterator[None]:
    """Import in this block what needs a hub's packages.

    Raises
    ------
    SetUpError
        If one of them is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise SetUpError(
            f"The hub's packages were expected, and {error.name} is not installed.",
            advice="Run this where the hub runs, or install eessi-spawner[hub].",
        ) from error
