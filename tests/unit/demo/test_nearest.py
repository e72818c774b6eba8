"""Which version is installed where a module's own may not exist for this Python."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from eessi_spawner.demo.sample.nearest import choose_nearest, parse_offered

VERSIONS = st.tuples(*[st.integers(0, 9)] * 3).map(lambda parts: ".".join(map(str, parts)))


@pytest.mark.parametrize(
    ("wanted", "offered", "chosen"),
    [
        ("1.26.2", ["1.26.1", "1.26.2", "1.26.3"], "1.26.2"),
        ("1.26.2", ["2.1.0", "1.26.4", "2.0.0"], "1.26.4"),
        ("1.26.2", ["2.1.0", "2.1.1"], "2.1.0"),
        ("2.3.2", ["1.26.4", "2.2.6", "1.25.0"], "2.2.6"),
        ("2.3.2", ["2.10.0", "2.9.0"], "2.9.0"),
        ("2.3.2", ["2.4.0rc1", "2.4.1"], "2.4.1"),
        ("2.3.2", ["2.4.0rc1", "2.2.6"], "2.2.6"),
        ("2.3.2", ["not-a-version", "2.2.6"], "2.2.6"),
        ("2.3.2", ["2.4.0rc1"], None),
        ("2.3.2", [], None),
    ],
)
def test_exact_else_smallest_larger_else_largest_smaller(wanted: str, offered: list[str], chosen: str | None) -> None:
    assert choose_nearest(wanted, offered) == chosen


@given(VERSIONS, st.lists(VERSIONS, min_size=1))
def test_nothing_offered_lies_between_the_wanted_and_the_chosen(wanted: str, offered: list[str]) -> None:
    chosen = choose_nearest(wanted, offered)
    assert chosen is not None
    assert Version(chosen) in {Version(version) for version in offered}
    low, high = sorted([Version(wanted), Version(chosen)])
    assert not any(low < Version(version) < high for version in offered)


@pytest.mark.parametrize(
    ("words", "versions"),
    [
        (
            "Looking in links: wheels\nERROR: Could not find a version that satisfies the requirement "
            "numpy==0 (from versions: 2.3.0rc1, 2.3.0, 2.3.1)\nERROR: No matching distribution",
            ("2.3.0rc1", "2.3.0", "2.3.1"),
        ),
        ("ERROR: Could not find a version (from versions: none)", ()),
        ("/usr/bin/python3: No module named pip", ()),
    ],
)
def test_versions_are_read_from_the_refusal_of_pip(words: str, versions: tuple[str, ...]) -> None:
    assert parse_offered(words) == versions
