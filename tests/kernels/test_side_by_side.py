"""Kernels of different releases and modules run side by side, each in its own environment."""

from __future__ import annotations

import dataclasses
import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from eessi_spawner.kernels.install import write_specs
from eessi_spawner.kernels.settings import KernelSettings
from eessi_spawner.kernels.specs import make_spec
from eessi_spawner.stack.host import Host
from tests.kernels.conftest import Generation, StartKernel
from tests.kernels.kernel_session import SECONDS, KernelSession, starting_kernel

pytestmark = pytest.mark.sample_stack

NO_NUMPY = "none"
WHO = """
import importlib.util, json, os, sys
numpy = __import__("numpy").__version__ if importlib.util.find_spec("numpy") else "none"
print(json.dumps([os.environ["EESSI_VERSION"], sys.prefix, numpy]))
"""


def identity(session: KernelSession) -> list[str]:
    cell = session.run(WHO)
    assert cell.status == "ok", cell.outputs
    return list(json.loads(cell.text))


def expected(generation: Generation) -> list[str]:
    return [generation.environment.release, generation.prefix, generation.numpy]


def test_two_kernels_of_two_releases_run_side_by_side(start: StartKernel, generations: dict[str, Generation]) -> None:
    new, old = generations["2025b"], generations["2023b"]
    with start(new.spec.name) as first, start(old.spec.name) as second:
        assert [identity(first), identity(second), identity(first)] == [expected(new), expected(old), expected(new)]


def without_numpy(generation: Generation, host: Host) -> Generation:
    """Return the environment of *generation* with nothing but the module that brings the kernel."""
    modules = tuple(module for module in generation.environment.modules if module.startswith("jupyter-server/"))
    environment = dataclasses.replace(generation.environment, name="bare", title="Bare", modules=modules)
    settings = KernelSettings(root=generation.spec.recipe.root)
    spec = make_spec(environment, settings, host)
    return Generation(environment, spec, NO_NUMPY, generation.prefix)


def test_ten_kernels_of_five_environments_started_at_once_have_the_right_environments(
    tmp_path: Path, generations: dict[str, Generation], host: Host
) -> None:
    bare = [without_numpy(generations[name], host) for name in ("2025b", "2023b")]
    five = [*generations.values(), *bare]
    write_specs(tmp_path / "data" / "kernels", [environment.spec for environment in five])
    with ExitStack() as running:
        started = [
            (environment, running.enter_context(starting_kernel(environment.spec.name, data=tmp_path / "data")))
            for environment in five * 2
        ]
        for _, session in started:
            session.client.wait_for_ready(timeout=SECONDS)
        assert [identity(session) for _, session in started] == [expected(environment) for environment, _ in started]
        assert len({session.pid for _, session in started}) == 10
