"""What is frozen for the images holds what the package asks for."""

from __future__ import annotations

import re
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize(("image", "extra"), [("user", "kernels"), ("service", "service")])
def test_an_image_has_a_version_that_the_package_takes_of_all_that_it_needs(image: str, extra: str) -> None:
    text = (REPOSITORY / "images" / image / "requirements.txt").read_text(encoding="utf-8")
    frozen = dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))
    asked = [Requirement(line) for line in requires("eessi-spawner") or []]
    needed = [one for one in asked if one.marker is not None and one.marker.evaluate({"extra": extra})]
    assert needed
    for one in needed:
        version = frozen.get(one.name)
        assert version is not None, f"{one}: make freeze"
        assert one.specifier.contains(version), f"{one}: make freeze"


@pytest.mark.parametrize("image", ["user", "service"])
def test_every_frozen_version_has_hashes(image: str) -> None:
    text = (REPOSITORY / "images" / image / "requirements.txt").read_text(encoding="utf-8")
    for entry in re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in entry, entry
