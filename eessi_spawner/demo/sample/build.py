"""Builds the sample stack once, and finds it again afterwards."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eessi_spawner.demo.sample.closures import SampleGeneration, select_generations
from eessi_spawner.demo.sample.commands import Workshop
from eessi_spawner.demo.sample.content import Versions, choose_versions, install_content
from eessi_spawner.demo.sample.host_lmod import find_lmod
from eessi_spawner.demo.sample.layout import (
    find_target,
    lay_out_compat_layer,
    lay_out_root,
    write_lmod_files,
)
from eessi_spawner.demo.sample.module_files import find_easybuild_version, write_module_files
from eessi_spawner.demo.sample.progress import Progress
from eessi_spawner.demo.sample.stamp import STAMP, describe_sample, is_complete, make_key, write_stamp
from eessi_spawner.demo.sample.tally import Tally
from eessi_spawner.errors import SetUpError

ROOT_NAME = "software.eessi.io"

_BYTES_NEEDED = 1_000_000_000
_SAMPLES_KEPT = 3
# EasyBuild spends its time waiting for Lmod, pip on the disk: more at once gains nothing on two cores.
_RELEASES_AT_ONCE = 2
# Shares of the time that a first build takes, in modules written.
_UNITS_OF_CHOICE = 6
_UNITS_OF_CONTENT_STEP = 8
_CONTENT_STEPS = 3
_UNITS_OF_CACHE = 3


@dataclass(frozen=True)
class _Plan:
    """What is to be built, and where."""

    root: Path
    cpu_targets: Mapping[str, str]
    generations: tuple[SampleGeneration, ...]
    lmod: Path

    def units(self) -> int:
        """How much work there is, in modules written."""
        content = _UNITS_OF_CONTENT_STEP * _CONTENT_STEPS
        modules = sum(generation.size + content for generation in self.generations)
        return modules + _UNITS_OF_CHOICE + _UNITS_OF_CACHE * len(self.cpu_targets)


def ensure_sample_stack(cache: Path, *, cpu_targets: Mapping[str, str], progress: Callable[[Progress], None]) -> Path:
    """Return the root of a sample stack, a directory named `software.eessi.io`; build it where there is none.

    The first build takes about a minute or two, and needs EasyBuild, Lmod and a package index. Later calls
    return at once. Of several processes that call at the same time one builds, the others wait for it.

    Parameters
    ----------
    cache
        A directory of the caller's, in which finished samples are kept.
    cpu_targets
        By release, the CPU target to build for: `{"2025.06": "x86_64/amd/zen3"}`.
    progress
        Called with how far it has come, from one thread at a time.

    Raises
    ------
    SetUpError
        When something that the build needs is missing, or fails.
    """
    plan = _make_plan(cache.resolve(), cpu_targets)
    if not is_complete(plan.root):
        try:
            with _locked(plan.root.parents[1], progress):
                if not is_complete(plan.root):
                    _build(plan, progress)
                    _remove_older(plan.root.parent)
        except OSError as error:
            raise _explain_os_error(error, cache) from error
    progress(Progress(1.0, "The sample stack is ready"))
    return plan.root


def _make_plan(cache: Path, cpu_targets: Mapping[str, str]) -> _Plan:
    lmod = find_lmod(os.environ)
    easybuild = find_easybuild_version()
    generations = select_generations(cpu_targets)
    without = sorted(set(cpu_targets) - {generation.release for generation in generations})
    if without or not generations:
        raise SetUpError(
            f"The sample stack has no software for release {', '.join(without) or '(none was asked for)'}.",
            advice="Ask for releases that eessi_spawner/demo/sample/closures.py lists.",
        )
    key = make_key(cpu_targets=cpu_targets, generations=generations, easybuild=easybuild, lmod=lmod)
    root = cache / "sample-stack" / key / ROOT_NAME
    return _Plan(root=root, cpu_targets=dict(cpu_targets), generations=generations, lmod=lmod)


@contextmanager
def _locked(folder: Path, progress: Callable[[Progress], None]) -> Iterator[None]:
    """Hold the lock on all samples in *folder*; it goes with the process, however that ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(Progress(0.0, "Waiting for another process that builds the sample stack"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_older(built: Path) -> None:
    """Remove all samples but the newest few: each has half a gigabyte, and every upgrade makes one."""
    stamps = sorted(built.parent.glob(f"*/{ROOT_NAME}/{STAMP}"), key=lambda stamp: stamp.stat().st_mtime, reverse=True)
    for stamp in stamps[_SAMPLES_KEPT:]:
        shutil.rmtree(stamp.parents[1])


def _build(plan: _Plan, progress: Callable[[Progress], None]) -> None:
    """Build from nothing: what a broken-off build left behind cannot be trusted."""
    home = plan.root.parent
    if home.exists():
        shutil.rmtree(home)
    home.mkdir(parents=True)
    _check_space(home)
    workshop = Workshop(scratch=home / "scratch", lmod=plan.lmod)
    workshop.scratch.mkdir()
    tally = Tally(plan.units(), progress)
    tally.add(0, "Asking pip which versions this Python can have")
    versions = choose_versions(plan.generations, workshop)
    tally.add(_UNITS_OF_CHOICE, "Laying out the sample stack")
    lay_out_root(plan.root, plan.cpu_targets)
    _build_releases(plan, versions=versions, workshop=workshop, tally=tally)
    shutil.rmtree(workshop.scratch)
    write_stamp(plan.root, describe_sample(plan.root, plan.generations, versions))


def _build_releases(plan: _Plan, *, versions: Mapping[str, Versions], workshop: Workshop, tally: Tally) -> None:
    """Build the releases side by side; when one fails, stop the others and raise its error."""

    def build(release: str) -> None:
        _build_release(release, plan=plan, versions=versions, workshop=workshop, tally=tally)

    with ThreadPoolExecutor(max_workers=_RELEASES_AT_ONCE) as pool:
        tasks = [pool.submit(build, release) for release in plan.cpu_targets]
        try:
            for task in as_completed(tasks):
                task.result()
        finally:
            workshop.stop.set()
            pool.shutdown(cancel_futures=True)
    workshop.stop.clear()


def _build_release(
    release: str, *, plan: _Plan, versions: Mapping[str, Versions], workshop: Workshop, tally: Tally
) -> None:
    """Build the generations of one release, one after the other: some of their modules are the same."""
    cpu_target = plan.cpu_targets[release]
    target = find_target(plan.root, release, cpu_target)
    lay_out_compat_layer(plan.root, release=release, cpu_target=cpu_target, lmod=plan.lmod)
    for generation in _of_release(plan.generations, release):
        install_content(
            generation,
            versions=versions[generation.name],
            target=target,
            workshop=workshop,
            on_step=lambda message: tally.add(_UNITS_OF_CONTENT_STEP, message),
        )
        write_module_files(generation, target=target, workshop=workshop, on_module=lambda module: tally.add(1, module))
    tally.add(_UNITS_OF_CACHE, f"Lmod's cache for {release}")
    write_lmod_files(target, workshop)


def _of_release(generations: Sequence[SampleGeneration], release: str) -> list[SampleGeneration]:
    return [generation for generation in generations if generation.release == release]


def _check_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < _BYTES_NEEDED:
        raise SetUpError(
            f"The sample stack needs 1 GB of disk space in {folder}, and {free / 1e9:.1f} GB are left.",
            advice="Make room there, or choose another cache directory.",
        )


def _explain_os_error(error: OSError, cache: Path) -> SetUpError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        message, advice = f"No space is left in {cache} for the sample stack.", "Make room there"
    else:
        message, advice = f"The sample stack could not be written to {cache}: {error}.", "Make it writable"
    return SetUpError(message, advice=f"{advice}, or choose another cache directory.")
