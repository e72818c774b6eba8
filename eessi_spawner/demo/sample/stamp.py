"""The sample's stamp, `SAMPLE.json`: says that a tree is a sample, complete, and which versions are true."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from eessi_spawner.demo.sample.closures import SampleGeneration
from eessi_spawner.demo.sample.content import LOCAL_PYTHON, Versions

STAMP = "SAMPLE.json"
# Raised by hand when what is built changes in a way that none of the other parts of the key shows.
FORMAT = 1

_KEY_LENGTH = 12


def make_key(
    *, cpu_targets: Mapping[str, str], generations: Iterable[SampleGeneration], easybuild: str, lmod: Path
) -> str:
    """Return a short name for all that decides what a build comes to, this package's own files included."""
    own_files = sorted(Path(__file__).parent.glob("*.lua")) + [
        Path(__file__).with_name(name) for name in ("easybuild_hooks.py", "ebpythonprefixes.py")
    ]
    parts = {
        "format": FORMAT,
        # Environments of one Python share a sample.
        "interpreter": [str(Path(sys.executable).resolve()), sys.version],
        "cpu_targets": dict(sorted(cpu_targets.items())),
        "generations": [repr(generation) for generation in generations],
        "easybuild": easybuild,
        "lmod": str(lmod),
        "files": [file.read_text(encoding="utf-8") for file in own_files],
    }
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_KEY_LENGTH]


def describe_sample(
    root: Path, generations: Iterable[SampleGeneration], versions: Mapping[str, Versions]
) -> dict[str, Any]:
    """Return what the stamp says: per generation what is installed, and what its modules are named after."""
    return {
        "format": FORMAT,
        "root": str(root),
        "interpreter": LOCAL_PYTHON,
        "generations": {
            generation.name: {
                "release": generation.release,
                "python": LOCAL_PYTHON,
                "python_of_module": generation.eessi.python,
                "numpy": versions[generation.name].numpy,
                "numpy_of_module": generation.numpy,
                "ipykernel": versions[generation.name].ipykernel,
                "ipykernel_of_module": generation.ipykernel,
                "ipython": versions[generation.name].ipython,
                "ipython_of_module": generation.ipython,
            }
            for generation in generations
        },
    }


def write_stamp(root: Path, sample: Mapping[str, Any]) -> None:
    """Write the stamp at once or not at all: whoever sees it may use the tree."""
    draft = root / f".{STAMP}.draft"
    draft.write_text(json.dumps(sample, indent=2) + "\n", encoding="utf-8")
    draft.replace(root / STAMP)


def is_complete(root: Path) -> bool:
    """Tell whether *root* holds a finished sample, at the place it was built for: modules name that place."""
    try:
        sample = json.loads((root / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(sample, dict) and sample.get("format") == FORMAT and sample.get("root") == str(root)
