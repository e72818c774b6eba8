"""`eessi-spawner detect`: the CPU target of this machine or of one that a file describes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eessi_spawner.cli.main import main
from eessi_spawner.stack.host import read_host

ZEN3 = "vendor_id\t: AuthenticAMD\nflags\t\t: fpu avx2 fma vaes\n"
CHAIN = ["x86_64/amd/zen3", "x86_64/amd/zen2", "x86_64/generic"]


@pytest.fixture
def zen3(tmp_path: Path) -> list[str]:
    """The arguments that describe a Zen 3 machine."""
    file = tmp_path / "cpuinfo"
    file.write_text(ZEN3)
    return ["--cpuinfo", str(file), "--machine", "x86_64"]


@pytest.mark.parametrize(
    ("option", "printed"),
    [
        ([], "x86_64/amd/zen3\n"),
        (["--chain"], "x86_64/amd/zen3:x86_64/amd/zen2:x86_64/generic\n"),
        (["--json"], json.dumps({"target": CHAIN[0], "chain": CHAIN}) + "\n"),
    ],
    ids=["plain", "chain", "json"],
)
def test_the_target_is_printed_in_each_form(
    option: list[str], printed: str, zen3: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["detect", *zen3, *option]) == 0
    assert capsys.readouterr() == (printed, "")


def test_without_a_file_it_is_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["detect", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    chain = [target.path for target in read_host().chain]
    assert printed == {"target": chain[0], "chain": chain}


@pytest.mark.parametrize("content", [b"", b"\xff\x00garbage", b"flags : avx2 fma\n"])
def test_a_file_without_a_known_cpu_is_a_generic_one(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cpuinfo").write_bytes(content)
    assert main(["detect", "--cpuinfo", str(tmp_path / "cpuinfo"), "--machine", "aarch64"]) == 0
    assert capsys.readouterr().out == "aarch64/generic\n"


def test_a_machine_that_eessi_does_not_build_for_is_named_with_those_that_it_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["detect", "--machine", "s390x"]) == 2
    assert "Use one of: x86_64, aarch64, ppc64le, riscv64." in capsys.readouterr().err
