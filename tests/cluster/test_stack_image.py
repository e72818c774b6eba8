"""The stack that the cluster mounts works at /cvmfs, and needs nothing of the machine or image it is used on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.testbed.stack_image import STACK, TESTBED_CACHE, build_stack_images, build_stack_tree

pytestmark = [pytest.mark.sample_stack, pytest.mark.fuse]

ROOT = f"/cvmfs/{STACK}"
# The mounts live in a namespace of their own, and end with its first process.
NAMESPACE = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-euc"]
SET_UP = """
mkdir -p /cvmfs
mount -t tmpfs none /cvmfs
for image in "$1"/*.sqsh; do
  name=$(basename "$image" .sqsh)
  mkdir "/cvmfs/$name"
  squashfuse -o allow_other "$image" "/cvmfs/$name"
done
for folder in "$2" /usr/share/lmod /usr/share/lua /usr/lib/lmod /usr/lib/*/lua; do mount -t tmpfs none "$folder"; done
mount --bind /dev/null /usr/bin/lua5.3
shift 2
exec "$@"
"""
IN_KERNEL = """
import _ctypes, bz2, lzma, readline, sqlite3, ssl, uuid  # what libraries of the machine might serve
import ipykernel, json, numpy, sys, zmq
files = {line.split()[-1] for line in open("/proc/self/maps") if "/" in line}
print(json.dumps({"numpy": numpy.__file__, "python": sys.prefix, "files": sorted(files)}))
"""


@pytest.fixture(scope="module")
def images() -> Path:
    return build_stack_images()


def run(images: Path, *command: str) -> str:
    """Run *command* where the stack is mounted, and what it was made of is hidden."""
    samples = TESTBED_CACHE.with_name("sample-stack")
    words = [*NAMESPACE, SET_UP, "sh", str(images), str(samples), *command]
    answer = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def run_ours(images: Path, *words: str) -> str:
    return run(images, f"{sys.prefix}/bin/eessi-spawner", "kernels", "--root", ROOT, *words)


def test_its_kernels_use_no_program_and_no_library_of_the_machine(images: Path) -> None:
    kernels = json.loads(run_ours(images, "list", "--json"))
    assert {kernel["release"] for kernel in kernels} == {"2023.06", "2025.06"}
    for kernel in kernels:
        seen = json.loads(run_ours(images, "run", kernel["name"], "--", "python", "-c", IN_KERNEL))
        assert seen["numpy"].startswith(f"{ROOT}/versions/{kernel['release']}/")
        assert seen["python"].startswith(f"{ROOT}/versions/{kernel['release']}/")
        foreign = [file for file in seen["files"] if ".so" in file and not file.startswith(ROOT)]
        assert not foreign
        assert any(file.startswith(ROOT) and "/compat/" in file and "libc.so" in file for file in seen["files"])


def test_modules_are_loaded_by_the_compatibility_layers_own_lmod(images: Path) -> None:
    [kernel, *_] = json.loads(run_ours(images, "list", "--json"))
    steps = run_ours(images, "explain", kernel["name"])
    assert f"Lmod is {ROOT}/versions/2025.06/compat/linux/" in steps
    assert "FAIL" not in steps


def test_nothing_in_it_names_the_place_where_it_was_made() -> None:
    tree = build_stack_tree()
    hidden = [str(TESTBED_CACHE), str(TESTBED_CACHE.with_name("sample-stack"))]
    patterns = [word for place in hidden for word in ("-e", place)]
    # Compiled Python keeps such names for tracebacks, until it is imported.
    answer = subprocess.run(
        ["grep", "-rlF", "--exclude=*.pyc", *patterns, str(tree)], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 1, answer.stdout
    links = [link for link in tree.rglob("*") if link.is_symlink()]
    assert len(links) > 5
    assert not [link for link in links if any(str(link.readlink()).startswith(place) for place in hidden)]


def test_a_site_has_a_repository_of_its_own_with_a_module(images: Path) -> None:
    lmod = next(build_stack_tree().glob(f"{STACK}/versions/2025.06/compat/linux/*/usr/share/Lmod/libexec/lmod"))
    command = f"/cvmfs/{lmod.relative_to(build_stack_tree())}"
    script = (
        f"MODULEPATH=/cvmfs/site.example.org/modules/all {command} bash load site-tool > /tmp/load.$$;"
        " . /tmp/load.$$; rm /tmp/load.$$; site-tool"
    )
    assert run(images, "bash", "-c", script) == "site-tool 1.0\n"


def test_it_is_made_once(images: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in images.iterdir()}
    assert build_stack_images() == images
    assert {file: file.stat().st_mtime_ns for file in images.iterdir()} == before
    assert {file.name for file in before} == {f"{STACK}.sqsh", "site.example.org.sqsh"}
