"""A real PostgreSQL server in a folder of its own, which only a socket there leads to."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

_READY_SECONDS = 30


def _program(name: str) -> str | None:
    """Return where *name* is: Debian keeps it off PATH, in a folder a version."""
    packaged = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    return str(packaged[-1]) if packaged else shutil.which(name)


@dataclass
class PostgreSQL:
    """The server; `stop` and `start` let it be away for a while."""

    directory: Path
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://eessi@/postgres?host={self.directory}"

    def run(self, statement: str) -> None:
        """Run SQL beside what is tested."""
        with psycopg.connect(host=str(self.directory), user="eessi", dbname="postgres", autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]

    def make(self) -> None:
        options = ["--username=eessi", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(
            [_program("initdb") or "initdb", *options, f"--pgdata={self.directory}/data"],
            check=True,
            capture_output=True,
            **_unprivileged(),
        )

    def start(self) -> None:
        command = [_program("postgres") or "postgres", "-D", f"{self.directory}/data", "-k", str(self.directory)]
        log = (self.directory / "log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [*command, "-c", "listen_addresses=", "-c", "fsync=off"], stdout=log, stderr=log, **_unprivileged()
            )
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            try:
                return self.run("SELECT 1")
            except psycopg.OperationalError:
                said = (self.directory / "log").read_text(errors="replace")
                assert self._process.poll() is None, said
                assert time.monotonic() < deadline, said
                time.sleep(0.05)

    def stop(self) -> None:
        """End it at once, with all connections."""
        assert self._process is not None
        self._process.send_signal(3)  # SIGQUIT: without waiting for anybody
        self._process.wait()


def _unprivileged() -> dict[str, str]:
    """Return who runs it: PostgreSQL refuses root."""
    return {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}


@contextmanager
def running_postgresql() -> Iterator[PostgreSQL]:
    """Run a server; skipped where there is none, but never in continuous integration."""
    if not (_program("initdb") and _program("postgres")):
        if os.environ.get("CI") == "true":
            pytest.fail("install Debian's postgresql")
        pytest.skip("install Debian's postgresql")
    # Not below pytest's own directory, which only its user may enter.
    with tempfile.TemporaryDirectory(prefix="postgresql-") as directory:
        if os.geteuid() == 0:
            shutil.chown(directory, "nobody", "nogroup")
        server = PostgreSQL(Path(directory))
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()
