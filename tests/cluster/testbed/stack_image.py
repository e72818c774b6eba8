"""The stack that the test cluster mounts at /cvmfs: the sample stack, moved there and made to need nothing else.

The sample that the demonstration builds names the directory that it was built in, and uses this machine's Python and
Lmod. Here it becomes what EESSI is: a tree that works at one place, in any pod, whatever the pod's image has.
Each release has builds for two CPU targets. Beside it lies a small repository of a site's own.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path, PurePosixPath

from eessi_spawner.demo.stack import cache_directory, sample_stack
from eessi_spawner.stack.host import read_host
from tests.cluster.testbed.compat_layer import LMOD, make_compat_layer
from tests.cluster.testbed.locks import locked
from tests.cluster.testbed.own_libraries import shared_objects
from tests.cluster.testbed.relocation import compile_lmod_caches, copy_tree, rewrite_tree
from tests.cluster.testbed.stack_python import find_base_python, install_python

STACK = "software.eessi.io"
SITE = "site.example.org"
CVMFS = PurePosixPath("/cvmfs")
TESTBED_CACHE = cache_directory() / "testbed"

_SITE_MODULE = """help([[A site's own tool]])
prepend_path("PATH", "/cvmfs/site.example.org/software/site-tool/1.0/bin")
setenv("EBROOTSITEMINTOOL", "/cvmfs/site.example.org/software/site-tool/1.0")
"""
_SITE_TOOL = """#!/bin/sh
echo "site-tool 1.0"
"""
_KEPT = 2


def build_stack_images(cache: Path = TESTBED_CACHE) -> Path:
    """Return a directory with `<repository>.sqsh` for each repository; the first call takes about a minute."""
    tree = build_stack_tree(cache)
    images = tree.with_name("images")
    with locked(cache / ".stack.lock"):
        if not images.exists():
            draft = images.with_name("images.draft")
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            for repository in (STACK, SITE):
                _squash(tree / repository, draft / f"{repository}.sqsh")
            draft.rename(images)
    return images


def build_stack_tree(cache: Path = TESTBED_CACHE) -> Path:
    """Return a directory that has what /cvmfs shall have: a directory for each repository."""
    sample = sample_stack(read_host())
    tree = cache / "stack" / _key(sample) / "cvmfs"
    with locked(cache / ".stack.lock"):
        if not tree.exists():
            shutil.rmtree(tree.parent, ignore_errors=True)
            draft = tree.with_name("draft")
            _make_stack(sample, draft / STACK)
            _make_site(draft / SITE)
            draft.rename(tree)
            _remove_older(tree.parent)
    return tree


def _key(sample: Path) -> str:
    """Return a short name for all that decides what the tree is: the sample, Lmod, and how it is made."""
    here = Path(__file__).parent
    makers = ("stack_image", "stack_python", "compat_layer", "own_libraries", "relocation")
    parts = [sample.parent.name, str(LMOD.resolve())]
    parts += [(here / f"{maker}.py").read_text(encoding="utf-8") for maker in makers]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _make_stack(sample: Path, tree: Path) -> None:
    copy_tree(sample, tree)
    place = CVMFS / STACK
    pythons = sorted(path.parent for path in tree.glob("versions/*/software/linux/**/software/Python/*/pyvenv.cfg"))
    base = find_base_python(pythons[0])
    packages = shared_objects(tree)
    # EasyBuild's logs also name the folder that it worked in.
    rewrite_tree(tree, {str(sample): str(place), str(sample.parent): "/tmp/easybuild"})  # noqa: S108
    compile_lmod_caches(tree)
    for compat in sorted(tree.glob("versions/*/compat/linux/*")):
        libraries = make_compat_layer(compat, place / compat.relative_to(tree))
        libraries.add_closure([*base.objects(), *packages], without=[tree, sample, *base.own()])
        release = compat.parents[2]
        for python in pythons:
            if python.is_relative_to(release):
                install_python(python, base, libraries)
    for software in sorted(tree.glob("versions/*/software/linux")):
        _add_generic(software, place / software.relative_to(tree))


def _add_generic(software: Path, place: PurePosixPath) -> None:
    """Let a release have builds for two CPU targets: those of this machine serve as `generic` ones too."""
    built = read_host().target
    if built != built.generic:
        generic = software / built.generic.path
        copy_tree(software / built.path, generic)
        rewrite_tree(generic, {f"{place}/{built}": f"{place}/{built.generic}"})
        compile_lmod_caches(generic)


def _make_site(tree: Path) -> None:
    files = {
        "README": ("A site's own repository.\n", 0o644),
        "modules/all/site-tool/1.0.lua": (_SITE_MODULE, 0o644),
        "software/site-tool/1.0/bin/site-tool": (_SITE_TOOL, 0o755),
    }
    for name, (text, mode) in files.items():
        file = tree / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(mode)


def _squash(tree: Path, image: Path) -> None:
    options = ["-quiet", "-no-progress", "-all-root", "-comp", "zstd", "-Xcompression-level", "3"]
    subprocess.run(["mksquashfs", str(tree), str(image), *options], check=True, capture_output=True)


def _remove_older(made: Path) -> None:
    """Keep the newest few: each has half a gigabyte."""
    trees = sorted(made.parent.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in trees[_KEPT:]:
        shutil.rmtree(path)
