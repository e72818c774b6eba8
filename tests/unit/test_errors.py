"""What every error of the project promises."""

from __future__ import annotations

import inspect
import json
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner import errors
from eessi_spawner.errors import EESSIError, MountError, error_from_json

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, EESSIError)]
every_kind = pytest.mark.parametrize("kind", KINDS)


def test_there_are_as_many_codes_as_kinds() -> None:
    assert len({kind.code for kind in KINDS}) == len(KINDS)


@every_kind
def test_a_code_is_a_word_that_an_api_can_carry(kind: type[EESSIError]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.code)


@every_kind
def test_the_tree_that_opens_the_file_names_every_kind(kind: type[EESSIError]) -> None:
    assert re.search(rf"^ +[*x+] {kind.__name__}\b|^\* {kind.__name__}\b", errors.__doc__ or "", re.MULTILINE)


@every_kind
def test_a_kind_survives_json(kind: type[EESSIError]) -> None:
    error = kind("It broke.", advice="Mend it.", details="line 1\nline 2")
    back = error_from_json(json.loads(json.dumps(error.to_json())))
    assert type(back) is kind
    assert back.to_json() == error.to_json()


@every_kind
def test_a_kind_survives_pickling(kind: type[EESSIError]) -> None:
    error = kind("It broke.", advice="Mend it.", details="more")
    back = pickle.loads(pickle.dumps(error))  # noqa: S301 - it was pickled on this line
    assert type(back) is kind
    assert back.to_json() == error.to_json()
    assert str(back) == str(error)


@every_kind
def test_json_has_the_same_four_fields_for_every_kind(kind: type[EESSIError]) -> None:
    assert kind("It broke.", advice="Mend it.").to_json() == {
        "code": kind.code,
        "message": "It broke.",
        "advice": "Mend it.",
        "details": "",
    }


def test_what_is_printed_is_the_message_and_the_advice_without_the_details() -> None:
    assert str(EESSIError("It broke.", advice="Mend it.", details="secret")) == "It broke. Mend it."


@pytest.mark.parametrize("code", ["mount_error", "mount_absent", "mount_dead", "mount_hanging", "not_an_eessi_stack"])
def test_one_except_catches_all_that_a_mount_can_do(code: str) -> None:
    with pytest.raises(MountError):
        raise error_from_json({"code": code, "message": "It broke.", "advice": "Mend it."})


@pytest.mark.parametrize("data", [{}, {"code": "from_a_newer_release"}, {"code": ""}])
def test_an_unknown_code_gives_the_plain_error(data: dict[str, str]) -> None:
    assert type(error_from_json(data)) is EESSIError


def test_an_error_without_a_message_still_says_something() -> None:
    assert str(error_from_json({})).strip()


@given(message=st.text(), advice=st.text(), details=st.text())
def test_any_text_survives_json(message: str, advice: str, details: str) -> None:
    error = EESSIError(message, advice=advice, details=details)
    assert error_from_json(json.loads(json.dumps(error.to_json()))).to_json() == error.to_json()
