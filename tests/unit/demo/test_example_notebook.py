"""The example notebook runs in any Python with numpy, and shows its plot where there is matplotlib."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from eessi_spawner.demo.hub_check import NOTEBOOK
from tests.cluster.testbed.locks import locked

PNG = b"\x89PNG"
# Beside this Python's packages, not among them: kernels that have numpy of their own would prove nothing of EESSI's.
_MATPLOTLIB = "matplotlib==3.10.5"


@pytest.fixture(scope="module")
def science() -> Path:
    """A folder with numpy and matplotlib, kept in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "eessi-spawner" / "science"
    folder = cache / f"{_MATPLOTLIB}-{sys.version_info.major}.{sys.version_info.minor}"
    with locked(cache / "lock"):
        if not folder.exists():
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(part), _MATPLOTLIB]
            subprocess.run(pip, check=True)
            part.rename(folder)
    return folder


def run(
    science: Path, repository: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> list[nbformat.NotebookNode]:
    """Run the notebook as if EESSI were at *repository*, and return what it showed."""
    for name, value in {
        "EESSI_VERSION": "2025.06",
        "EESSI_SOFTWARE_SUBDIR": "x86_64/generic",
        "EESSI_CVMFS_REPO": str(repository),
        "PYTHONPATH": str(science),
        "MPLCONFIGDIR": str(directory),
    }.items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(directory)}}).execute()
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def test_it_solves_runs_and_shows_a_plot(science: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = run(science, science, tmp_path, monkeypatch)
    said = "".join(output.text for output in shown if output.output_type == "stream")
    assert "The middle is at 0.2499" in said
    (picture,) = [output.data["image/png"] for output in shown if output.output_type == "display_data"]
    assert base64.b64decode(picture).startswith(PNG)


def test_it_fails_where_numpy_is_not_eessis(science: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CellExecutionError, match="numpy is not EESSI's"):
        run(science, Path("/cvmfs/software.eessi.io"), tmp_path, monkeypatch)
