"""A kernel whose stack is on a real file system that has died, or hangs: the notebook hears it in time."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from eessi_spawner.kernels.specs import KernelSpec
from eessi_spawner.stack.host import Host
from tests.faults.conftest import FuseMount, FuseMounts
from tests.kernels.kernel_session import running_kernel, starting_kernel
from tests.kernels.small_stack import make_small_stack, small_spec
from tests.kernels.test_faults import assert_explained, assert_fails

pytestmark = pytest.mark.fuse

# What Jupyter waits for a kernel.
PATIENCE = 60

Install = Callable[[KernelSpec], Path]


@pytest.fixture
def mounted(fuse: FuseMounts, tmp_path: Path) -> FuseMount:
    return fuse.tree(make_small_stack(tmp_path / "tree"))


def keep_snapshot(data: Path, spec: KernelSpec, environ: Mapping[str, str] | None = None) -> None:
    with running_kernel(spec.name, data=data, environ=environ) as session:
        assert session.run("import os; print(os.environ['SMALL_STACK'])").text == "yes\n"


@pytest.mark.parametrize("kept", [False, True], ids=["miss", "hit"])
def test_a_mount_that_has_died_says_so(mounted: FuseMount, install: Install, host: Host, *, kept: bool) -> None:
    spec = small_spec(mounted.path, host)
    data = install(spec)
    if kept:
        keep_snapshot(data, spec)
    mounted.kill()
    assert_fails(data, spec, "mount_dead", f"The file system at {mounted.path} has died", "umount -l")


def test_a_mount_that_hangs_says_so_while_jupyter_still_waits(
    mounted: FuseMount, fuse: FuseMounts, install: Install, host: Host, tmp_path: Path
) -> None:
    """On a hit, on a miss, and where not even the child that asks can be killed: all three at once, to save time."""
    spec, mute = small_spec(mounted.path, host), small_spec(fuse.mute().path, host)
    with_snapshot = dict(os.environ)
    without_snapshot = with_snapshot | {"EESSI_SPAWNER_RUNTIME_DIR": str(tmp_path)}
    keep_snapshot(install(spec), spec, with_snapshot)
    mounted.stop()
    started = time.monotonic()
    with ExitStack() as running:
        sessions = [
            running.enter_context(starting_kernel(which.name, data=data, environ=environ))
            for which, data, environ in (
                (spec, install(spec), with_snapshot),
                (spec, install(spec), without_snapshot),
                (mute, install(mute), with_snapshot),
            )
        ]
        for session in sessions:
            session.client.wait_for_ready(timeout=PATIENCE)
        for session in sessions:
            assert_explained(
                session, "mount_hanging", "did not answer within 20 seconds", "Restart the kernel in a minute"
            )
        assert time.monotonic() - started < PATIENCE


def test_after_the_stack_is_back_a_restart_is_all_it_takes(mounted: FuseMount, install: Install, host: Host) -> None:
    spec = small_spec(mounted.path, host)
    missing = str(mounted.path / "versions")
    with running_kernel(spec.name, data=install(spec)) as session:
        subprocess.run(["mount", "-t", "tmpfs", "none", missing], check=True)
        try:
            session.manager.restart_kernel(now=True)
            session.client.wait_for_ready(timeout=PATIENCE)
            assert session.run("1").status == "error"
        finally:
            subprocess.run(["umount", missing], check=True)
        session.manager.restart_kernel(now=True)
        session.client.wait_for_ready(timeout=PATIENCE)
        assert session.run("1").status == "ok"
