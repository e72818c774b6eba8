"""What a site adds to EESSI is mounted where EESSI looks for it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.attach.host_injections import HostInjections, parse_host_injections
from eessi_spawner.errors import InvalidChoiceError

NAMES = st.sampled_from(["claim", "host_path", "empty_dir", "mount_path", "other"])
VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["/opt/eessi", "site"])


@pytest.mark.parametrize("nothing", [None, {}, []])
def test_nothing_is_mounted_where_nothing_is_asked_for(nothing: Any) -> None:
    assert parse_host_injections(nothing) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"claim": "a", "host_path": "/b"}, "exactly one of claim, host_path and empty_dir was expected"),
        ({"mount_path": "/opt/eessi"}, "exactly one of"),
        ({"empty_dir": False}, "exactly one of"),
        ({"empty_dir": 1}, "'empty_dir': 1 is no setting of it"),
        ({"path": "/opt/eessi"}, "'path': '/opt/eessi' is no setting of it"),
        ({"host_path": "opt/eessi"}, "expected to be an absolute path"),
        ("/opt/eessi", "a mapping was expected, '/opt/eessi' came"),
    ],
)
def test_a_wrong_setting_says_what_was_expected(value: Any, words: str) -> None:
    with pytest.raises(InvalidChoiceError) as raised:
        parse_host_injections(value)
    assert words in str(raised.value)


def test_only_an_empty_directory_can_be_written_to() -> None:
    for value, read_only in (({"claim": "a"}, True), ({"host_path": "/b"}, True), ({"empty_dir": True}, None)):
        found = parse_host_injections(value)
        assert found is not None
        assert found.patch().volume_mounts[0].get("readOnly") is read_only


def test_another_place_is_told_to_eessis_module() -> None:
    assert not HostInjections(claim="a").patch().environment
    elsewhere = HostInjections(claim="a", mount_path="/site")
    assert elsewhere.patch().environment == {"EESSI_SITE_SOFTWARE_PREFIX": "/site"}


@given(st.dictionaries(NAMES, VALUES, max_size=3) | VALUES | st.lists(VALUES, max_size=2))
def test_anything_is_mounted_or_refused(value: Any) -> None:
    try:
        found = parse_host_injections(value)
    except InvalidChoiceError:
        pass
    else:
        assert found is None or len(found.patch().volumes) == 1
