"""The images as tests use them: unpacked once, run, and the volume that the kernels image fills."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from eessi_spawner.demo.visitor import Visitor
from eessi_spawner.kernels.settings import SETTINGS_VARIABLE, KernelSettings
from eessi_spawner.stack.defaults import default_environments, default_modules
from eessi_spawner.stack.environments import Environment
from eessi_spawner.stack.host import read_host
from eessi_spawner.stack.mount import ask_stack
from tests.cluster.testbed.programs import wait_until
from tests.cluster.testbed.stack_image import CVMFS, STACK, build_stack_images, build_stack_tree
from tests.cluster.testbed.unpacked_image import UnpackedImage, Volume, unpack

# No image has an entry for it.
ANY_USER = "987654:0"
SECONDS = 120


@dataclass(frozen=True)
class Case:
    """An image for a user's server, and how the package gets there: with it, or in a volume."""

    image: UnpackedImage
    volumes: tuple[Volume, ...] = ()

    def words(self, command: list[str], settings: KernelSettings | None = None) -> list[str]:
        """Return what runs *command* as any user, as the spawner would have it."""
        environment = {}
        for volume in self.volumes:
            environment["JUPYTER_CONFIG_PATH"] = f"{volume.target}/etc/jupyter"
        if settings is not None:
            environment[SETTINGS_VARIABLE] = settings.to_variable()
        return self.image.words(
            command,
            user=ANY_USER,
            environment=environment,
            repositories=build_stack_images(),
            volumes=self.volumes,
        )


def unpack_all(archives: Mapping[str, Path], directory: Path) -> dict[str, UnpackedImage]:
    """Unpack images into *directory*, one of pytest's, whose parents only its user may enter until now."""
    for folder in (directory, *list(directory.parents)[:3]):
        folder.chmod(0o755)
    return {name: unpack(archive, name, directory) for name, archive in archives.items()}


def run(words: list[str]) -> subprocess.CompletedProcess[str]:
    """Run *words* with no variables of this process."""
    environ = {"PATH": os.environ["PATH"]}
    return subprocess.run(words, env=environ, capture_output=True, text=True, check=False, timeout=SECONDS)


@contextlib.contextmanager
def serving(words: list[str], *, port: int, path: str, log: Path) -> Iterator[Visitor]:
    """Run *words* to the end of the block, which begins when *path* is answered at *port*."""
    with log.open("wb") as file:
        process = subprocess.Popen(words, env={"PATH": os.environ["PATH"]}, stdout=file, stderr=file)
    visitor = Visitor(f"http://127.0.0.1:{port}/")

    def answers() -> bool:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        with contextlib.suppress(OSError):
            return bool(visitor.request(path).status)
        return False

    try:
        wait_until(f"{words[-5:]} answers {path}", answers, SECONDS)
        yield visitor
    finally:
        process.kill()
        process.wait()


def fill_volume(kernels: UnpackedImage, source: Path, *, user: str, target: str) -> Volume:
    """Have the kernels image copy the package to the directory *source*, and return what a server sees of it."""
    volume = Volume(source, "/volume")
    entry = list(kernels.config["Entrypoint"])
    answer = run(kernels.words([*entry, volume.target], user=user, volumes=(volume,)))
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    return Volume(source, target, read_only=True)


def settings() -> KernelSettings:
    """Return what a spawner would say of the stack, with an environment that cannot be loaded besides."""
    reading = ask_stack(str(build_stack_tree() / STACK), read_host().chain, default_modules())
    working = default_environments(reading)
    modules = ("NoSuchModule/1.0-GCCcore-14.3.0", *working[0].modules)
    broken = Environment("broken", "Broken", working[0].release, modules)
    return KernelSettings(root=str(CVMFS / STACK), environments=(*working, broken))
