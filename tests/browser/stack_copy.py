"""Copies of the sample stack: symbolic links but for the folders of modules that tests change."""

from __future__ import annotations

import os
from pathlib import Path

from eessi_spawner.stack.generations import GENERATIONS as _ALL

GENERATIONS = {generation.name: generation for generation in _ALL}


def make_copy(sample: Path, copy: Path) -> Path:
    """Make *copy* look like *sample*; module files of SciPy-bundle can be replaced in it without harm."""
    _link(sample, copy, {module_file(sample, name).parent for name in ("2024a", "2025b")})
    return copy


def module_file(root: Path, generation: str) -> Path:
    """Return the module file of *generation*'s SciPy-bundle."""
    found = GENERATIONS[generation]
    (file,) = root.glob(f"versions/{found.release}/software/linux/*/*/*/modules/all/{found.science[0]}.lua")
    return file


def _link(source: Path, copy: Path, real: set[Path]) -> None:
    copy.mkdir(parents=True)
    for entry in source.iterdir():
        if any(entry == folder or entry in folder.parents for folder in real):
            _link(entry, copy / entry.name, real)
        else:
            os.symlink(entry, copy / entry.name)
