"""The lines of the page on installing do what they say: ours are run, without a cluster, and all name what exists."""

from __future__ import annotations

import re
import shlex

import pytest
import yaml

from tests.chart.helm import CHART, COMPONENT, Helm

REPOSITORY = CHART.parents[1]
PAGE = (REPOSITORY / "docs/admin/install.md").read_text(encoding="utf-8")
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
LINES = re.findall(r"^helm (upgrade .+)$", PAGE, re.MULTILINE)
OURS = [line for line in LINES if " eessi " in line]


def section(heading: str) -> str:
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize(("heading", "count"), [("By cvmfs-csi", 3), ("By NFS", 2)])
def test_a_way_is_installed_in_so_many_lines(heading: str, count: int) -> None:
    assert len(re.findall(r"^helm ", section(heading), re.MULTILINE)) == count


@pytest.mark.parametrize("line", LINES)
def test_each_file_that_a_line_names_is_there(line: str) -> None:
    named = [word for word in shlex.split(line) if word.startswith("helm-config/")]
    assert [name for name in named if not (REPOSITORY / name).exists()] == []


def test_the_lines_of_the_readme_are_those_of_the_page() -> None:
    lines = re.findall(r"^helm (.+)$", README, re.MULTILINE)
    assert len(lines) == 2
    assert set(lines) <= set(LINES)


@pytest.mark.parametrize(("line", "source"), [*zip(OURS, ("csi", "nfs"), strict=True)])
def test_our_lines_make_a_claim_to_the_volume_of_their_way(
    helm: Helm, line: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(REPOSITORY)
    words = shlex.split(line.replace("upgrade --install", "template"))
    done = helm.run(*words, "--kube-version", "1.34.0")
    assert done.returncode == 0, done.stderr
    made = [document for document in yaml.safe_load_all(done.stdout) if document]
    objects = {document["kind"]: document for document in made if COMPONENT not in document["metadata"]["labels"]}
    assert source in objects["PersistentVolume"]["spec"]
    assert objects["PersistentVolumeClaim"]["metadata"] | {"labels": None} == {
        "name": "cvmfs",
        "namespace": "jhub",
        "labels": None,
    }


def test_the_claim_to_look_at_is_that_of_the_chart() -> None:
    (name,) = re.findall(r"get pvc (\S+)", section("The first notebook"))
    assert name == yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))["attach"]["claim"]
