"""The images as tests use them: unpacked once, and the volume that the kernels image fills."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from eessi_spawner.kernels.settings import SETTINGS_VARIABLE, KernelSettings
from eessi_spawner.stack.defaults import default_environments, default_modules
from eessi_spawner.stack.environments import Environment
from eessi_spawner.stack.host import read_host
from eessi_spawner.stack.mount import ask_stack
from tests.cluster.testbed.stack_image import CVMFS, STACK, build_stack_images, build_stack_tree
from tests.cluster.testbed.unpacked_image import UnpackedImage, Volume

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


def run(words: list[str]) -> subprocess.CompletedProcess[str]:
    """Run *words* with no variables of this process."""
    environ = {"PATH": os.environ["PATH"]}
    return subprocess.run(words, env=environ, capture_output=True, text=True, check=False, timeout=SECONDS)


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
