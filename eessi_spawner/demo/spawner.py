"""The demonstration's spawner: everybody's server runs as the one user who started the hub."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from jupyterhub.app import JupyterHub
from jupyterhub.spawner import SimpleLocalProcessSpawner
from traitlets import Unicode, default

from eessi_spawner.errors import SetUpError
from eessi_spawner.spawner.local import EESSILocalSpawner

LOOPBACK = "127.0.0.1"


class DemoSpawner(EESSILocalSpawner, SimpleLocalProcessSpawner):
    """Not for users: there is no password and no isolation, so it listens on 127.0.0.1 and nowhere else."""

    homes = Unicode(help="The directory that holds a home for each name.").tag(config=True)

    @default("home_dir")
    def _home_of_name(self) -> str:
        # A name may be anything; a leading dot must not lead out of the directory.
        name = quote(self.user.name, safe="").replace(".", "%2E")
        return str(Path(self.homes, name))

    @default("ip")
    def _loopback(self) -> str:
        return LOOPBACK

    @default("args")
    def _args_of_superuser(self) -> list[str]:
        return ["--allow-root"] if os.getuid() == 0 else []

    async def start(self) -> Any:
        """Start the server, if nobody but this machine can reach it.

        Raises
        ------
        SetUpError
            If the hub or the server would listen on another address.
        """
        public = urlsplit(JupyterHub.instance().bind_url).hostname
        for address in (public, self.hub.ip, self.ip):
            if address != LOOPBACK:
                raise SetUpError(
                    f"The demonstration listens on {LOOPBACK} only, and was told to use {address}.",
                    advice="For a hub that others reach, use EESSILocalSpawner, which runs servers as real users.",
                )
        return await super().start()
