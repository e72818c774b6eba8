"""Attaches EESSI to JupyterHub servers and offers EESSI module environments as kernels.

Public names load on first use, so that a user's server, which needs no hub, imports none.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eessi_spawner.spawner.kube import EESSISpawner as EESSISpawner
    from eessi_spawner.spawner.local import EESSILocalSpawner as EESSILocalSpawner

__version__ = "0.1.0"
__all__ = ["EESSILocalSpawner", "EESSISpawner", "__version__"]

_WHERE = {
    "EESSILocalSpawner": "eessi_spawner.spawner.local",
    "EESSISpawner": "eessi_spawner.spawner.kube",
}


def __getattr__(name: str) -> object:
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
