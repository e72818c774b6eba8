"""Python: how a loaded module environment starts a Python kernel."""

from __future__ import annotations

from collections.abc import Mapping

from eessi_spawner.errors import InterpreterMissingError


def kernel_command(variables: Mapping[str, str]) -> list[str]:
    """Return the command that starts the kernel, without the connection file.

    The interpreter is the one of the loaded `Python` module, by its absolute path: the modules' ipykernel
    belongs to it, and nothing may depend on what PATH finds.

    Raises
    ------
    InterpreterMissingError
        If no Python module was loaded.
    """
    root = variables.get("EBROOTPYTHON")
    if not root:
        raise InterpreterMissingError(
            "The modules loaded, but none of them brings Python (EBROOTPYTHON is not set).",
            advice="Add the jupyter-server module of the same toolchain generation to the environment.",
        )
    return [f"{root}/bin/python", "-m", "ipykernel_launcher"]
