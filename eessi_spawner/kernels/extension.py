"""The Jupyter server extension: writes the kernel specs when a server starts, to a directory of its own.

From then on it asks the hub service, where there is one, for what the user saves (`saved.py`). Before, it links a GPU's
driver to where EESSI looks for it, and says where the CPU is not the one promised.

The directory lies outside the home, since specs in a home outlive the image that wrote them, and is put on
JUPYTER_PATH of the server's process, so that its terminals, nbconvert and papermill find the kernels too.
Modules are never loaded in the server.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eessi_spawner.errors import EESSIError
from eessi_spawner.kernels.gpu_driver import link_driver
from eessi_spawner.kernels.install import write_specs
from eessi_spawner.kernels.launcher import runtime_directory
from eessi_spawner.kernels.settings import SETTINGS_VARIABLE, KernelSettings, settings_from_variable
from eessi_spawner.kernels.specs import KernelSpec, make_spec, side_by_side
from eessi_spawner.stack.cpu_targets import parse_cpu_target
from eessi_spawner.stack.defaults import default_environments, default_modules
from eessi_spawner.stack.environments import Environment
from eessi_spawner.stack.host import read_host
from eessi_spawner.stack.mount import ask_stack

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

# JupyterHub's: the server's own token.
TOKEN_VARIABLE = "JUPYTERHUB_API_TOKEN"  # noqa: S105  (a name)
# A server started without a spawner looks at the stack itself, and its start waits for that.
_DISCOVERY_SECONDS = 10.0


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "eessi_spawner.kernels.extension"}]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    """Write the specs and make them known; a server starts without EESSI kernels rather than not at all."""
    try:
        specs = find_specs()
        settings = _settings_of_spawner()
        token = os.environ.get(TOKEN_VARIABLE, "")
        if specs:
            prepare(specs, server)
        if settings is not None and settings.service and token:
            follow_saved(specs, settings, token, offer(specs, server), server)
        elif specs:
            offer(specs, server)
    except (EESSIError, OSError) as error:
        server.log.warning("eessi-spawner: no EESSI kernels: %s", error)


def find_specs() -> list[KernelSpec]:
    """Return the specs of the spawner's settings or, without any, of the stack's default environments.

    Raises
    ------
    EESSIError
        If the settings are no settings, or no stack answers.
    """
    host = read_host()
    settings = _settings_of_spawner()
    if settings is not None:
        return [make_spec(environment, settings, host) for environment in settings.environments]
    settings = KernelSettings()
    reading = ask_stack(settings.root, host.chain, default_modules(), seconds=_DISCOVERY_SECONDS)
    settings = KernelSettings(root=reading.root, sample=reading.sample)
    return [make_spec(environment, settings, host) for environment in default_environments(reading)]


def _settings_of_spawner() -> KernelSettings | None:
    value = os.environ.get(SETTINGS_VARIABLE)
    return None if value is None else settings_from_variable(value)


def prepare(specs: list[KernelSpec], server: Any) -> None:
    """Make the machine ready for *specs* as far as this user can, and log what is not as it was promised."""
    for target in sorted({spec.promised for spec in specs if spec.broken}):
        server.log.warning(
            "eessi-spawner: builds for %s were promised, but this CPU runs at most %s: the labels of its node, or"
            " its pool, promise more than the node has",
            target,
            specs[0].recipe.detected,
        )
    driver = link_driver(sorted({spec.recipe.release for spec in specs}), specs[0].recipe.site_prefix)
    if driver:
        server.log.info("eessi-spawner: %s", driver)


def offer(specs: list[KernelSpec], server: Any) -> Path:
    """Write *specs* to a directory of this process alone and show it to *server*; the first is its default."""
    data = Path(tempfile.mkdtemp(prefix="eessi-spawner-kernels-", dir=runtime_directory()))
    atexit.register(shutil.rmtree, data, ignore_errors=True)
    write_specs(data / "kernels", specs, python=sys.executable)
    before = os.environ.get("JUPYTER_PATH")
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, (str(data), before)))
    manager = server.kernel_spec_manager
    manager.kernel_dirs = [str(data / "kernels"), *manager.kernel_dirs]
    if specs:
        server.kernel_manager.default_kernel_name = specs[0].name
    server.log.info("eessi-spawner: %d EESSI kernels in %s", len(specs), data / "kernels")
    return data


def follow_saved(specs: list[KernelSpec], settings: KernelSettings, token: str, data: Path, server: Any) -> None:
    """Keep the kernels below *data* what the user has saved, beside *specs*, as long as *server* runs."""
    # `eessi-spawner kernels` needs no server's libraries.
    from eessi_spawner.kernels.saved import SavedKernels  # noqa: PLC0415

    host = read_host()
    chain = parse_cpu_target(settings.cpu_target).fallback_chain if settings.cpu_target else host.chain

    def show(saved: Collection[str], runnable: Sequence[Environment]) -> None:
        own = [make_spec(environment, settings, host) for environment in runnable]
        if own:
            prepare(own, server)
        kernels = side_by_side(specs, own, saved=saved, were_own=settings.own)
        write_specs(data / "kernels", kernels, python=sys.executable)
        names = [spec.name for spec in kernels]
        if names and specs and server.kernel_manager.default_kernel_name == specs[0].name not in names:
            server.kernel_manager.default_kernel_name = names[0]
        server.log.info("eessi-spawner: %d EESSI kernels, of which %d are saved ones", len(kernels), len(own))

    SavedKernels(settings, token, chain, show, server.log).begin()
