"""When the sample is built, when it is not, and what becomes of one that was broken off.

What takes minutes is replaced by steps that only make a file; the order, the lock and the stamp are real.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from eessi_spawner.demo.sample import build
from eessi_spawner.demo.sample.closures import SampleGeneration
from eessi_spawner.demo.sample.content import Versions
from eessi_spawner.demo.sample.progress import Progress
from eessi_spawner.errors import SetUpError

ZEN3 = {"2023.06": "x86_64/amd/zen3", "2025.06": "x86_64/amd/zen3"}


class Steps:
    """Stands in for pip, EasyBuild and Lmod."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.during: Callable[[str], None] = lambda _: None

    def choose_versions(self, generations: tuple[SampleGeneration, ...], _: object) -> dict[str, Versions]:
        self.done.append("choose")
        return {generation.name: Versions("1", "2", "3") for generation in generations}

    def install_content(self, generation: SampleGeneration, **_: object) -> None:
        self.done.append(f"content {generation.name}")
        self.during(generation.name)

    def write_module_files(self, generation: SampleGeneration, **_: object) -> None:
        self.done.append(f"modules {generation.name}")

    def write_lmod_files(self, *_: object) -> None:
        self.done.append("cache")


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Steps:
    fake = Steps()
    for name in ("choose_versions", "install_content", "write_module_files", "write_lmod_files"):
        monkeypatch.setattr(build, name, getattr(fake, name))
    monkeypatch.setattr(build, "find_easybuild_version", lambda: "5.4.1")
    monkeypatch.setattr(build, "find_lmod", lambda _: tmp_path / "lmod")
    return fake


def ensure(cache: Path, progress: Callable[[Progress], None] = lambda _: None) -> Path:
    return build.ensure_sample_stack(cache, cpu_targets=ZEN3, progress=progress)


def test_it_is_built_once(steps: Steps, tmp_path: Path) -> None:
    root = ensure(tmp_path)
    assert root.name == "software.eessi.io"
    assert (root / "SAMPLE.json").is_file()
    built = list(steps.done)
    assert len(built) == 1 + 3 * 2 + 2
    assert ensure(tmp_path) == root
    assert steps.done == built


def test_generations_of_one_release_follow_one_another(steps: Steps, tmp_path: Path) -> None:
    ensure(tmp_path)
    assert steps.done.index("modules 2024a") < steps.done.index("content 2025b")


def test_the_default_release_is_that_of_eessi(steps: Steps, tmp_path: Path) -> None:
    root = ensure(tmp_path)
    assert steps.done
    modulerc = (root / "init/modules/EESSI/.modulerc.lua").read_text()
    assert modulerc == 'module_version("EESSI/2023.06", "default")\n'
    assert (root / "init/modules/EESSI/2025.06.lua").resolve().is_relative_to(root / "versions/2025.06/init")
    assert (root / "versions/2025.06/compat/linux/x86_64/usr/share/Lmod").is_symlink()


def test_a_build_without_its_stamp_is_wiped(steps: Steps, tmp_path: Path) -> None:
    root = ensure(tmp_path)
    (root / "SAMPLE.json").unlink()
    (root / "rubbish").touch()
    assert ensure(tmp_path) == root
    assert not (root / "rubbish").exists()
    assert steps.done.count("choose") == 2


def test_only_the_newest_samples_are_kept(steps: Steps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roots = []
    for version in ("5.1", "5.2", "5.3", "5.4"):
        monkeypatch.setattr(build, "find_easybuild_version", lambda version=version: version)
        roots.append(ensure(tmp_path))
        os.utime(roots[-1] / "SAMPLE.json", (len(roots), len(roots)))
    assert len(steps.done) == 4 * (1 + 3 * 2 + 2)
    assert [root.parent.exists() for root in roots] == [False, True, True, True]


def test_a_failure_stops_the_other_release_and_leaves_no_stamp(steps: Steps, tmp_path: Path) -> None:
    def fail(generation: str) -> None:
        if generation == "2023b":
            raise SetUpError("pip could not install it.", advice="Look below.", details="words")

    steps.during = fail
    with pytest.raises(SetUpError, match="pip could not install it"):
        ensure(tmp_path)
    assert not list(tmp_path.rglob("SAMPLE.json"))
    steps.during = lambda _: None
    assert (ensure(tmp_path) / "SAMPLE.json").is_file()


def test_a_second_builder_waits_says_so_and_finds_it_done(steps: Steps, tmp_path: Path) -> None:
    said: list[str] = []
    waiting = threading.Event()

    def listen(progress: Progress) -> None:
        said.append(progress.message)
        if "Waiting" in progress.message:
            waiting.set()

    folder = tmp_path / "sample-stack"
    folder.mkdir()
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = threading.Thread(target=ensure, args=(tmp_path, listen))
        second.start()
        assert waiting.wait(5)
        time.sleep(0.05)
        assert steps.done == []
    second.join(10)
    assert said[0] == "Waiting for another process that builds the sample stack"
    assert said[-1] == "The sample stack is ready"


def test_progress_never_falls_and_ends_at_one(steps: Steps, tmp_path: Path) -> None:
    seen: list[float] = []
    ensure(tmp_path, lambda progress: seen.append(progress.fraction))
    assert steps.done
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "No space is left"), (errno.EACCES, "could not be written")]
)
def test_trouble_with_the_disk_is_told_in_words(steps: Steps, tmp_path: Path, number: int, words: str) -> None:
    def fail(_: str) -> None:
        raise OSError(number, "trouble")

    steps.during = fail
    with pytest.raises(SetUpError, match=words):
        ensure(tmp_path)


def test_a_full_disk_is_noticed_before_the_work_begins(
    steps: Steps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "_BYTES_NEEDED", 10**18)
    with pytest.raises(SetUpError, match="needs 1 GB of disk space"):
        ensure(tmp_path)
    assert steps.done == []


@pytest.mark.usefixtures("steps")
@pytest.mark.parametrize("targets", [{}, {"2026.06": "x86_64/generic"}])
def test_releases_that_the_sample_has_not_are_refused(tmp_path: Path, targets: dict[str, str]) -> None:
    with pytest.raises(SetUpError, match="no software for release"):
        build.ensure_sample_stack(tmp_path, cpu_targets=targets, progress=lambda _: None)
