"""What this machine is: its CPU by a file, its GPU by a program."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.stack import host
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.host import Host, read_accelerator, read_chain, read_host

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder the only one on PATH, and return where `nvidia-smi` would be in it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "nvidia-smi"


def write_program(file: Path, body: str) -> None:
    file.write_text(f"#!/bin/sh\n{body}\n", encoding="latin-1")
    file.chmod(0o755)


def test_a_machine_without_nvidia_smi_has_no_accelerator(nvidia_smi: Path) -> None:
    assert not nvidia_smi.exists()
    assert read_accelerator() == ""


@pytest.mark.parametrize(
    ("body", "accelerator"),
    [
        ("echo 8.0", "nvidia/cc80"),
        ("echo 8.9; echo 9.0", "nvidia/cc89"),
        ("echo 12.0", "nvidia/cc120"),
        ("printf 9.0", "nvidia/cc90"),
        ("echo 8.0; echo warning >&2", "nvidia/cc80"),
        ("echo 8.0; exit 3", ""),
        ("echo No devices were found; exit 6", ""),
        ("echo No devices were found", ""),
        ("echo '[N/A]'", ""),
        ("exit 0", ""),
        ("kill -9 $$", ""),
        ("printf '\\377\\376\\n'", ""),
        ("echo 8.0; echo; printf '\\377'", "nvidia/cc80"),
    ],
)
def test_the_first_gpu_that_nvidia_smi_names_counts(nvidia_smi: Path, body: str, accelerator: str) -> None:
    write_program(nvidia_smi, body)
    assert read_accelerator() == accelerator


def test_nvidia_smi_is_asked_for_the_compute_capability_alone(nvidia_smi: Path) -> None:
    write_program(nvidia_smi, '[ "$*" = "--query-gpu=compute_cap --format=csv,noheader" ] && echo 8.0')
    assert read_accelerator() == "nvidia/cc80"


def test_an_nvidia_smi_that_cannot_be_started_means_no_accelerator(nvidia_smi: Path) -> None:
    nvidia_smi.write_bytes(b"\x7fELF nothing that runs")
    nvidia_smi.chmod(0o755)
    assert read_accelerator() == ""


def test_an_nvidia_smi_that_hangs_is_not_waited_for(nvidia_smi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_NVIDIA_SMI_SECONDS", 0.2)
    write_program(nvidia_smi, "exec /bin/sleep 60")
    started = time.monotonic()
    assert read_accelerator() == ""
    assert time.monotonic() - started < 5


def test_a_chain_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("vendor_id\t: AuthenticAMD\nflags\t\t: avx2 fma vaes\n")
    assert [str(target) for target in read_chain(file, "x86_64")] == [
        "x86_64/amd/zen3",
        "x86_64/amd/zen2",
        "x86_64/generic",
    ]


@given(content=st.binary(max_size=300))
def test_any_bytes_in_the_file_give_a_chain(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.getbasetemp() / "any-cpuinfo"
    file.write_bytes(content)
    assert read_chain(file, "aarch64")[-1] == CpuTarget("aarch64/generic")


def test_a_file_that_is_missing_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_chain(tmp_path / "cpuinfo", "x86_64")


def test_a_machine_type_that_eessi_does_not_build_for_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("")
    with pytest.raises(InvalidChoiceError):
        read_chain(tmp_path / "cpuinfo", "s390x")


def test_this_machine_runs_generic_builds_at_least() -> None:
    machine = read_host()
    assert machine.chain[-1] == CpuTarget(f"{os.uname().machine}/generic")
    assert machine.target == machine.chain[0]


def test_the_target_of_a_host_is_the_best_of_its_chain() -> None:
    zen4 = CpuTarget("x86_64/amd/zen4")
    assert Host(zen4.fallback_chain).target == zen4
    assert Host(zen4.fallback_chain).accelerator == ""
