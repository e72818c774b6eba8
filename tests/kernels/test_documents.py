"""Notebooks that are executed without a front end: the same outputs, and a failure where the kernel cannot start."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from eessi_spawner.kernels.install import write_specs
from tests.kernels.conftest import Generation, StartKernel

pytestmark = pytest.mark.sample_stack

CELLS = (
    "import os, sys, numpy\nprint(os.environ['EESSI_VERSION'], sys.prefix)",
    "numpy.__version__",
    "from IPython.display import HTML, display\ndisplay(HTML('<b>shown</b>'))\nprint('warned', file=sys.stderr)",
)
# Parts of a message may be broken into lines and coloured by whoever prints it.
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """Write a notebook of CELLS that names no kernel."""
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": code,
        }
        for number, code in enumerate(CELLS)
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "?"}, "language_info": {"name": "python"}}
    path = tmp_path / "in.ipynb"
    path.write_text(
        json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}), encoding="utf-8"
    )
    return path


def nbconvert(kernel: str, source: Path, target: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute"),
        f"--ExecutePreprocessor.kernel_name={kernel}",
        *("--output", str(target), str(source)),
    ]


def papermill(kernel: str, source: Path, target: Path) -> list[str]:
    return [sys.executable, "-m", "papermill", "--no-progress-bar", "-k", kernel, str(source), str(target)]


BY_BOTH = pytest.mark.parametrize("tool", [nbconvert, papermill])


def run(command: list[str], data: Path) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"JUPYTER_PATH": str(data)}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=120)


def outputs(notebook: Path) -> list[list[dict[str, Any]]]:
    return [normal(cell["outputs"]) for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]]


def normal(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return *outputs* as one text each: a notebook keeps lines as lists."""
    found = []
    for output in outputs:
        data = {kind: "".join(value) for kind, value in output.get("data", {}).items()}
        text = "".join(output.get("text", ""))
        found.append({"type": output["output_type"], "name": output.get("name"), "data": data, "text": text})
    return sorted(found, key=lambda output: (output["type"], str(output["name"])))


@BY_BOTH
def test_a_notebook_has_the_outputs_that_a_front_end_gets(
    tool: Any, notebook: Path, data: Path, start: StartKernel, generations: dict[str, Generation]
) -> None:
    name = generations["2025b"].spec.name
    with start(name) as session:
        expected = [normal(session.run(code).outputs) for code in CELLS]
    done = run(tool(name, notebook, notebook.with_name("out.ipynb")), data)
    assert done.returncode == 0, done.stderr
    assert outputs(notebook.with_name("out.ipynb")) == expected
    assert expected[1][0]["data"]["text/plain"] == repr(generations["2025b"].numpy)


@BY_BOTH
def test_a_kernel_that_cannot_start_fails_the_run_and_says_why(
    tool: Any, notebook: Path, tmp_path: Path, generations: dict[str, Generation]
) -> None:
    spec = generations["2025b"].spec
    recipe = dataclasses.replace(spec.recipe, modules=(*spec.recipe.modules, "Atlantis/1.0-gfbf-2025b"))
    write_specs(tmp_path / "broken" / "kernels", [dataclasses.replace(spec, recipe=recipe)])
    written = notebook.with_name("out.ipynb")
    done = run(tool(spec.name, notebook, written), tmp_path / "broken")
    assert done.returncode != 0
    said = _COLOUR.sub("", done.stdout + done.stderr)
    assert "has no module Atlantis/1.0-gfbf-2025b" in said
    assert "no version of Atlantis is there" in said
    assert "unknown_module" in said
    if written.exists():
        assert "no version of Atlantis is there" in written.read_text(encoding="utf-8")
