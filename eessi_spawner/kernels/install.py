"""Writes kernel specs to disk."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from eessi_spawner.kernels.specs import SPEC_PREFIX, KernelSpec

_LOGO = Path(__file__).with_name("logo-svg.svg")


def write_specs(directory: Path, specs: Iterable[KernelSpec], *, python: str = sys.executable) -> list[Path]:
    """Make *directory* hold just these EESSI kernel specs; specs of other kinds in it stay.

    A spec is made beside its place and renamed into it, so that a reader sees all of it or nothing.

    Parameters
    ----------
    directory
        A `kernels` directory of Jupyter's data path.
    python
        The Python that runs the launcher, an absolute path.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written = [_write_spec(directory, spec, python) for spec in specs]
    # By the recipe ours are told from a kernel that somebody has called eessi-something.
    for recipe in directory.glob(f"{SPEC_PREFIX}*/recipe.json"):
        if recipe.parent not in written and not recipe.parent.is_symlink():
            shutil.rmtree(recipe.parent)
    return written


def _write_spec(directory: Path, spec: KernelSpec, python: str) -> Path:
    place = directory / spec.name
    recipe_file = place / "recipe.json"
    kernel = spec.kernel_json(python=python, recipe_file=recipe_file.absolute())
    files = {
        "kernel.json": json.dumps(kernel, indent=1, ensure_ascii=False),
        "recipe.json": json.dumps(spec.recipe.to_json(), indent=1),
    }
    if all(_has(place / name, text) for name, text in files.items()):
        return place
    with tempfile.TemporaryDirectory(prefix=".new-", dir=directory) as temporary:
        made = Path(temporary, spec.name)
        made.mkdir(mode=0o755)
        for name, text in files.items():
            (made / name).write_text(text, encoding="utf-8")
        shutil.copyfile(_LOGO, made / "logo-svg.svg")
        if place.exists():
            os.replace(place, Path(temporary, "old"))
        os.replace(made, place)
    return place


def _has(file: Path, text: str) -> bool:
    """Say whether *file* is there and has *text*: what is as it should be is never away, not even for a moment."""
    try:
        return file.read_text(encoding="utf-8") == text
    except (OSError, ValueError):
        return False
