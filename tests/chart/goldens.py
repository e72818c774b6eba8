"""What the examples render to, one file each: python -m tests.chart.goldens writes them anew."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from tests.chart.helm import CHART, Helm, find_helm

EXAMPLES = sorted((CHART.parent / "examples").glob("*.yaml"))

_RULES = "kind: NodeFeatureRule"


def golden(example: Path) -> Path:
    """Return the file that the rendering of *example* is kept in."""
    return Path(__file__).parent / "goldens" / example.name


def rendering(helm: Helm, example: Path) -> str:
    """Return what *example* renders to, without the rules for nodes' labels: these are the package's own."""
    done = helm.template(yaml.safe_load(example.read_text(encoding="utf-8")))
    assert done.returncode == 0, done.stderr
    return "---\n".join(document for document in done.stdout.split("---\n") if _RULES not in document)


def main() -> None:
    """Write all of them."""
    program = find_helm()
    if program is None:
        sys.exit("Helm is built by Go: install Go.")
    for example in EXAMPLES:
        golden(example).parent.mkdir(exist_ok=True)
        golden(example).write_text(rendering(Helm(program), example), encoding="utf-8")


if __name__ == "__main__":
    main()
