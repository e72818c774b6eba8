"""A real NFSv4 server: nfs-ganesha, which needs neither the kernel's server nor rpcbind."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

_START_SECONDS = 30
_STOP_SECONDS = 5
_CONFIGURATION = """
NFS_CORE_PARAM {{
  Protocols = 4;
  NFS_Port = {port};
  Enable_NLM = false;
  Enable_RQUOTA = false;
}}
NFSv4 {{
  Graceless = true;
  RecoveryBackend = fs;
  RecoveryRoot = "{directory}/recovery";
}}
EXPORT {{
  Export_Id = 1;
  Path = "{export}";
  Pseudo = "{pseudo}";
  Protocols = 4;
  Transports = TCP;
  SecType = sys;
  Access_Type = RO;
  Squash = All_Squash;
  FSAL {{ Name = VFS; }}
}}
"""


@dataclass
class NFSServer:
    """Serves the directory `export` read-only as `pseudo` on all addresses, and ends with the thread that started it.

    `directory` is for its own files: configuration, state, log.
    """

    export: Path
    directory: Path
    port: int = 2049
    pseudo: str = "/cvmfs"
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def log(self) -> Path:
        """The file that it writes its log to."""
        return self.directory / "ganesha.log"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        (self.directory / "recovery").mkdir(parents=True, exist_ok=True)
        configuration = self.directory / "ganesha.conf"
        text = _CONFIGURATION.format(port=self.port, directory=self.directory, export=self.export, pseudo=self.pseudo)
        configuration.write_text(text, encoding="utf-8")
        files = ["-f", str(configuration), "-L", str(self.log), "-p", str(self.directory / "ganesha.pid")]
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "ganesha.nfsd", "-F", *files], stdin=subprocess.DEVNULL
        )
        self._wait()

    def stop(self) -> None:
        """Stop it at once, as a crash would; it is no error if it does not run."""
        if self._process is None:
            return
        # Asked to end, it takes its time to tell its clients, and these are to see a crash.
        self._process.kill()
        self._process.wait(timeout=_STOP_SECONDS)
        self._process = None

    def restart(self) -> None:
        """Stop it and start it again."""
        self.stop()
        self.start()

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.05)
        self.stop()
        log = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        raise RuntimeError(f"nfs-ganesha does not answer on port {self.port}:\n{log[-4000:]}")
