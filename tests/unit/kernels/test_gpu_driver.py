"""A stand-in for NVIDIA's driver, made of real shared libraries, is found by a real ldconfig and linked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from eessi_spawner.kernels import gpu_driver
from eessi_spawner.kernels.gpu_driver import describe_driver, find_libraries, link_driver
from eessi_spawner.stack.releases import Release

MACHINE = os.uname().machine
RELEASES = ["2023.06", "2025.06"]
# File, and the name by which programs ask for it. The last one is not the driver's.
LIBRARIES = {
    "libcuda.so.550.54": "libcuda.so.1",
    "libnvidia-ml.so.550.54": "libnvidia-ml.so.1",
    "libcudart.so.12.4": "libcudart.so.12",
}


@pytest.fixture
def no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine has: no list of libraries, no directory and no kernel module tells of a driver."""
    monkeypatch.setattr(gpu_driver, "_LDCONFIG", ("/no/such/ldconfig", "-p"))
    monkeypatch.setattr(gpu_driver, "_DIRECTORIES", (str(tmp_path / "driver"),))
    monkeypatch.setattr(gpu_driver, "_KERNEL_MODULE", str(tmp_path / "proc-driver-nvidia"))


@pytest.fixture
def driver(tmp_path: Path, no_gpu: None) -> Path:
    """A directory with the libraries, as NVIDIA's runtime leaves them: file and link of its name, no `libcuda.so`."""
    del no_gpu
    if shutil.which("gcc") is None:
        (pytest.fail if "CI" in os.environ else pytest.skip)("gcc is not installed")
    folder = tmp_path / "driver"
    folder.mkdir()
    for file, soname in LIBRARIES.items():
        command = ["gcc", "-shared", "-fPIC", "-x", "c", "-", f"-Wl,-soname,{soname}", "-o", str(folder / file)]
        subprocess.run(command, input="int version(void) { return 12040; }", text=True, check=True)
    subprocess.run(["/sbin/ldconfig", "-n", str(folder)], check=True)
    return folder


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """What is mounted at /opt/eessi."""
    (tmp_path / "eessi").mkdir()
    return tmp_path / "eessi"


def places(prefix: Path) -> list[Path]:
    return [prefix / "2023.06/compat/linux" / MACHINE / "lib", prefix / "nvidia"]


def tree(prefix: Path) -> dict[str, str]:
    return {str(path): os.readlink(path) for path in prefix.rglob("*") if path.is_symlink()}


@pytest.mark.parametrize("place", [0, 1], ids=RELEASES)
def test_a_linker_that_looks_where_that_of_a_release_does_finds_the_driver(
    place: int, driver: Path, prefix: Path
) -> None:
    assert link_driver(RELEASES, str(prefix)).startswith("NVIDIA's driver: ")
    program = "import ctypes; print(ctypes.CDLL('libcuda.so.1').version(), ctypes.CDLL('libcuda.so').version())"
    environ = {"LD_LIBRARY_PATH": str(places(prefix)[place])}
    answer = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True)
    assert answer.stdout == "12040 12040\n"
    assert driver.is_dir()


def test_the_libraries_are_those_that_ldconfig_lists(
    driver: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ld.so.conf").write_text(f"{driver}\n", encoding="utf-8")
    cache = str(tmp_path / "ld.so.cache")
    subprocess.run(["/sbin/ldconfig", "-X", "-C", cache, "-f", str(tmp_path / "ld.so.conf")], check=True)
    monkeypatch.setattr(gpu_driver, "_LDCONFIG", ("/sbin/ldconfig", "-p", "-C", cache))
    monkeypatch.setattr(gpu_driver, "_DIRECTORIES", ())
    found = {name: path for name, path in find_libraries(MACHINE).items() if path.startswith(str(driver))}
    assert found == {
        "libcuda.so": f"{driver}/libcuda.so.1",
        "libcuda.so.1": f"{driver}/libcuda.so.1",
        "libnvidia-ml.so.1": f"{driver}/libnvidia-ml.so.1",
    }


def test_linking_again_changes_nothing(driver: Path, prefix: Path) -> None:
    first = link_driver(RELEASES, str(prefix))
    before = tree(prefix)
    assert len(before) == 10
    assert first == f"NVIDIA's driver: 10 links made, 0 were there; it is in {', '.join(map(str, places(prefix)))}"
    assert link_driver(RELEASES, str(prefix)) == first.replace("10 links made, 0 were", "0 links made, 10 were")
    assert tree(prefix) == before
    assert driver.is_dir()


@pytest.mark.usefixtures("driver")
def test_servers_that_share_the_directory_and_start_at_once_all_find_the_driver(prefix: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: link_driver(RELEASES, str(prefix)), range(8)))
    assert all("; it is in " in text for text in told)
    assert sum(int(text.split()[2]) for text in told) == len(tree(prefix)) == 10


@pytest.mark.usefixtures("driver")
def test_what_an_administrator_has_linked_stays(prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").touch()
    places(prefix)[1].mkdir()
    (places(prefix)[1] / "libcuda.so.1").symlink_to(tmp_path / "theirs")
    assert "4 links made, 1 were there" in link_driver(["2025.06"], str(prefix))
    assert os.readlink(places(prefix)[1] / "libcuda.so.1") == str(tmp_path / "theirs")


# Not even root can make directories in /proc, and nobody makes the prefix itself.
@pytest.mark.parametrize(
    ("prefix", "why"),
    [("/proc", "No such file or directory: /proc/nvidia"), ("/no/prefix", "nothing is mounted at /no/prefix")],
    ids=["not writable", "not mounted"],
)
@pytest.mark.usefixtures("driver")
def test_where_nothing_can_be_linked_the_log_says_why(prefix: str, why: str) -> None:
    text = link_driver(["2025.06"], prefix)
    assert text == (
        f"NVIDIA's driver: 0 links made, others not ({why}); GPU software will not find it in {prefix}/nvidia"
    )


@pytest.mark.usefixtures("driver")
def test_what_cannot_be_linked_for_one_release_is_told_and_the_other_gets_its_links(prefix: Path) -> None:
    (prefix / "2023.06").touch()
    text = link_driver(RELEASES, str(prefix))
    assert text.startswith("NVIDIA's driver: 5 links made, others not (")
    assert text.endswith(f"; GPU software will not find it in {places(prefix)[0]}")
    assert (places(prefix)[1] / "libcuda.so").exists()


@pytest.mark.usefixtures("driver")
def test_a_link_that_leads_nowhere_is_told(prefix: Path) -> None:
    places(prefix)[1].mkdir()
    (places(prefix)[1] / "libcuda.so").symlink_to("/no/such/driver")
    assert "; GPU software will not find it in" in link_driver(["2025.06"], str(prefix))


@pytest.mark.usefixtures("no_gpu")
def test_without_a_gpu_nothing_happens(prefix: Path) -> None:
    assert link_driver(RELEASES, str(prefix)) == ""
    assert describe_driver(Release("2025.06"), str(prefix)) == ""
    assert os.listdir(prefix) == []


@pytest.mark.usefixtures("no_gpu")
def test_a_gpu_of_the_node_that_the_pod_did_not_ask_for_is_told(prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "proc-driver-nvidia").mkdir()
    assert "the pod asks for no GPU" in link_driver(RELEASES, str(prefix))
    assert os.listdir(prefix) == []


def test_what_is_linked_is_described_with_where_the_release_looks(driver: Path, prefix: Path, tmp_path: Path) -> None:
    release = Release("2025.06", str(tmp_path / "stack"))
    looks = tmp_path / "stack/versions/2025.06/compat/linux" / MACHINE / "lib/nvidia"
    looks.parent.mkdir(parents=True)
    looks.symlink_to("/dev/null")
    place = f"{prefix}/nvidia"
    text = f"NVIDIA's driver is {driver}/libcuda.so.1; 0 of its 5 libraries are linked in {place}"
    assert describe_driver(release, str(prefix)) == f"{text}, but EESSI 2025.06 looks in /dev/null"
    assert os.listdir(prefix) == []
    link_driver(["2025.06"], str(prefix))
    looks.unlink()
    looks.symlink_to(place)
    assert describe_driver(release, str(prefix)) == text.replace("0 of", "5 of")
