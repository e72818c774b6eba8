"""What the tests of kernels share: specs of the sample in a data path of their own, and kernels started from them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from eessi_spawner.kernels.install import write_specs
from eessi_spawner.kernels.settings import KernelSettings
from eessi_spawner.kernels.specs import KernelSpec, make_spec
from eessi_spawner.stack.defaults import default_environments, default_modules
from eessi_spawner.stack.environments import Environment
from eessi_spawner.stack.host import Host, read_host
from eessi_spawner.stack.mount import ask_stack
from tests.faults.conftest import fuse
from tests.kernels.kernel_session import KernelSession, running_kernel

__all__ = ["fuse"]


class StartKernel(Protocol):
    def __call__(
        self, name: str, *, environ: Mapping[str, str] | None = None
    ) -> AbstractContextManager[KernelSession]: ...


@dataclass(frozen=True)
class Generation:
    """A default environment of the sample, its spec, and what is true of its kernel."""

    environment: Environment
    spec: KernelSpec
    numpy: str
    prefix: str


@pytest.fixture(autouse=True)
def _own_jupyter_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Connection files and IPython's history go to this test's directory."""
    for name, folder in (("JUPYTER_RUNTIME_DIR", "jupyter-runtime"), ("IPYTHONDIR", "ipython")):
        (tmp_path / folder).mkdir()
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.delenv("JUPYTER_PATH", raising=False)


@pytest.fixture(scope="session")
def host() -> Host:
    return read_host()


@pytest.fixture(scope="session")
def generations(sample_stack: Path, host: Host) -> dict[str, Generation]:
    """Toolchain generation to its default environment in the sample."""
    reading = ask_stack(str(sample_stack), host.chain, default_modules())
    settings = KernelSettings(root=reading.root, sample=reading.sample)
    found = {}
    for environment in default_environments(reading):
        release = reading.release(environment.release)
        assert release is not None
        name = str(environment.generation)
        (software,) = sample_stack.glob(f"versions/{release.version}/software/linux/{release.target}/software")
        suffix = environment.modules[-1].partition("-GCCcore")[2]
        (python,) = (software / "Python").glob(f"*-GCCcore{suffix}")
        found[name] = Generation(
            environment,
            make_spec(environment, settings, host),
            reading.sample["generations"][name]["numpy"],
            str(python),
        )
    assert list(found) == ["2025b", "2024a", "2023b"]
    return found


@pytest.fixture
def data(tmp_path: Path, generations: dict[str, Generation]) -> Path:
    """Return a directory for JUPYTER_PATH that has the sample's default kernels."""
    write_specs(tmp_path / "data" / "kernels", [generation.spec for generation in generations.values()])
    return tmp_path / "data"


@pytest.fixture
def start(data: Path) -> StartKernel:
    """Start a kernel of `data` by its name and wait for it."""
    return functools.partial(running_kernel, data=data)


@pytest.fixture
def cleanup() -> Iterator[ExitStack]:
    """Take what must be ended with the test."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def install(tmp_path: Path) -> Callable[[KernelSpec], Path]:
    """Write one spec to a data path of its own."""

    def install_one(spec: KernelSpec) -> Path:
        data = tmp_path / f"data-{spec.name}-{spec.recipe.key}"
        write_specs(data / "kernels", [spec])
        return data

    return install_one
