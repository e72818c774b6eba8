"""What was posted: everything that is not offered is refused in one short line, and nothing else happens."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tornado.httputil import HTTPFile

from eessi_spawner.errors import EESSIError, InvalidChoiceError, MountAbsentError
from eessi_spawner.spawner.choice import ALL_RELEASES, FORM_MARK, Choice, options_from_fields, validate_options
from eessi_spawner.spawner.offers import EnvironmentOffer, Offers
from eessi_spawner.stack.environments import Environment


def environment(name: str, release: str = "2025.06") -> Environment:
    return Environment(name, name.title(), release, ("jupyter-server/2.17.0-GCCcore-14.3.0",))


OFFERS = Offers(
    "x86_64/amd/zen3",
    (
        EnvironmentOffer(environment("new-a")),
        EnvironmentOffer(environment("new-b")),
        EnvironmentOffer(environment("broken"), "EESSI 2025.06 has no A/1 for x86_64/generic"),
        EnvironmentOffer(environment("old", "2023.06")),
        EnvironmentOffer(environment("gone", "2022.11"), "EESSI 2022.11 is not here"),
    ),
)
NOTHING = Offers("x86_64/generic")
ABSENT = Offers("x86_64/generic", problem=MountAbsentError("EESSI is absent.", advice="Mount it."))


def names(choice: Choice) -> list[str]:
    return [found.name for found in choice.environments]


def assert_is_fit_to_show(error: EESSIError) -> None:
    assert 0 < len(str(error)) < 500
    assert str(error).isprintable()
    assert error.advice


@pytest.mark.parametrize(
    ("options", "release", "chosen"),
    [
        ({}, "2025.06", ["new-a", "new-b"]),
        ({"release": ""}, "2025.06", ["new-a", "new-b"]),
        ({"release": None}, "2025.06", ["new-a", "new-b"]),
        ({"environments": []}, "2025.06", ["new-a", "new-b"]),
        ({"release": "2023.06"}, "2023.06", ["old"]),
        ({"release": "all"}, "all", ["new-a", "new-b", "old"]),
        ({"release": "all", "environments": ["old", "new-a"]}, "all", ["old", "new-a"]),
        ({"environments": ["old"]}, "all", ["old"]),
        ({"environments": ["new-b", "new-a", "new-b"]}, "all", ["new-b", "new-a"]),
        ({"release": "2025.06", "environments": ["new-b"]}, "2025.06", ["new-b"]),
    ],
)
def test_what_is_offered_can_be_chosen_and_what_is_not_said_has_a_default(
    options: dict[str, Any], release: str, chosen: list[str]
) -> None:
    choice = validate_options(options, OFFERS)
    assert (choice.release, names(choice)) == (release, chosen)


@pytest.mark.parametrize(
    "options", [{}, {"release": "all"}, {"release": "2023.06"}, {"environments": ["old", "new-a"]}]
)
def test_a_choice_survives_as_options(options: dict[str, Any]) -> None:
    choice = validate_options(options, OFFERS)
    assert validate_options(json.loads(json.dumps(choice.to_options())), OFFERS) == choice


def test_however_many_are_offered_the_default_survives_as_options() -> None:
    offers = Offers("x86_64/generic", tuple(EnvironmentOffer(environment(f"e{number}")) for number in range(45)))
    choice = validate_options({}, offers)
    assert len(choice.environments) == 45
    assert validate_options(choice.to_options(), offers) == choice


HOSTILE: list[tuple[object, str]] = [
    (None, "Options were expected as a mapping, NoneType came."),
    ([], "Options were expected as a mapping, list came."),
    ("release", "Options were expected as a mapping, str came."),
    ({"profile": "x"}, "There is no option 'profile'."),
    ({"Release": "2025.06"}, "There is no option 'Release'."),
    ({"release": "2025.06", "cmd": ["sh"]}, "There is no option 'cmd'."),
    ({"<b>": 1}, "There is no option '<b>'."),
    ({"x" * 1_000_000: 1}, f"There is no option '{'x' * 60}'."),
    ({"release": "2024.01"}, "There is no EESSI release '2024.01' to choose."),
    ({"release": "2022.11"}, "There is no EESSI release '2022.11' to choose."),
    ({"release": "2025.06 "}, "There is no EESSI release '2025.06 ' to choose."),
    ({"release": "../../etc"}, "There is no EESSI release '../../etc' to choose."),
    ({"release": "<script>"}, "There is no EESSI release '<script>' to choose."),
    ({"release": "$(reboot); `id`"}, "There is no EESSI release '$(reboot); `id`' to choose."),
    ({"release": "2025.06\0"}, "There is no EESSI release '2025.06?' to choose."),
    ({"release": "2025.06\n"}, "There is no EESSI release '2025.06?' to choose."),
    ({"release": "\u202e60.5202\u2028"}, "There is no EESSI release '?60.5202?' to choose."),
    ({"release": "\ud800"}, "There is no EESSI release '?' to choose."),
    ({"release": "x" * 1_000_000}, f"There is no EESSI release '{'x' * 60}' to choose."),
    ({"release": 2025.06}, "There is no EESSI release '2025.06' to choose."),
    ({"release": 0}, "There is no EESSI release '0' to choose."),
    ({"release": False}, "There is no EESSI release 'False' to choose."),
    ({"release": ["2025.06"]}, "There is no EESSI release '['2025.06']' to choose."),
    ({"release": {"a": {"b": ["c"]}}}, "There is no EESSI release '{'a': {'b': ['c']}}' to choose."),
    ({"environments": "new-a"}, "Environments were expected as a list of names, new-a came."),
    ({"environments": None}, "Environments were expected as a list of names, None came."),
    ({"environments": {"new-a": True}}, "Environments were expected as a list of names, {'new-a': True} came."),
    ({"environments": [1]}, "Environments were expected as a list of names, [1] came."),
    ({"environments": [["new-a"]]}, "Environments were expected as a list of names, [['new-a']] came."),
    ({"environments": ["new-a", None]}, "Environments were expected as a list of names, ['new-a', None] came."),
    ({"environments": ["new-a"] * 100_000}, "100000 environments were chosen."),
    ({"environments": ["other"]}, "There is no environment 'other'."),
    ({"environments": [""]}, "There is no environment ''."),
    ({"environments": ["x" * 1_000_000]}, f"There is no environment '{'x' * 60}'."),
    ({"environments": ["<img src=x onerror=alert(1)>"]}, "There is no environment '<img src=x onerror=alert(1)>'."),
    ({"environments": ["new-a; rm -rf /"]}, "There is no environment 'new-a; rm -rf /'."),
    ({"environments": ["new-a\0"]}, "There is no environment 'new-a?'."),
    ({"environments": ["new-a\r\nSet-Cookie: a=b"]}, "There is no environment 'new-a??Set-Cookie: a=b'."),
    ({"environments": ["\u2066new-a\u2069"]}, "There is no environment '?new-a?'."),
    ({"environments": ["new-a", "other"]}, "There is no environment 'other'."),
    (
        {"environments": ["broken"]},
        "Environment 'broken' cannot run here: EESSI 2025.06 has no A/1 for x86_64/generic.",
    ),
    ({"environments": ["gone"]}, "Environment 'gone' cannot run here: EESSI 2022.11 is not here."),
    (
        {"release": "2023.06", "environments": ["new-a"]},
        "Environment 'new-a' is of release 2025.06, not of 2023.06.",
    ),
    (
        {"release": "2025.06", "environments": ["new-a", "old"]},
        "Environment 'old' is of release 2023.06, not of 2025.06.",
    ),
]


@pytest.mark.parametrize(("options", "message"), HOSTILE, ids=[message[:50] for _, message in HOSTILE])
def test_what_is_not_offered_is_refused_with_the_reason(options: object, message: str) -> None:
    with pytest.raises(InvalidChoiceError) as raised:
        validate_options(options, OFFERS)
    assert raised.value.message == message
    assert_is_fit_to_show(raised.value)


def nested(depth: int) -> list[Any]:
    inner: list[Any] = []
    for _ in range(depth):
        inner = [inner]
    return inner


@pytest.mark.parametrize("option", ["release", "environments"])
def test_what_is_nested_ever_so_deep_is_refused_like_anything_else(option: str) -> None:
    with pytest.raises(InvalidChoiceError) as raised:
        validate_options({option: nested(100_000)}, OFFERS)
    assert_is_fit_to_show(raised.value)


@pytest.mark.parametrize("options", [{}, {"release": "2025.06"}, {"release": "all"}, {"environments": []}])
def test_where_the_stack_has_a_problem_a_server_can_start_without_kernels(options: dict[str, Any]) -> None:
    assert validate_options(options, ABSENT) == Choice("", ())


def test_where_the_stack_has_a_problem_and_something_of_it_was_asked_for_the_problem_is_the_answer() -> None:
    with pytest.raises(MountAbsentError, match="EESSI is absent"):
        validate_options({"environments": ["new-a"]}, ABSENT)
    with pytest.raises(InvalidChoiceError):
        validate_options({"environments": "new-a"}, ABSENT)


def test_where_nothing_is_offered_a_server_can_start_without_kernels() -> None:
    assert validate_options({}, NOTHING) == Choice(ALL_RELEASES, ())
    assert validate_options(options_from_fields({FORM_MARK: ["1"]}, NOTHING), NOTHING).environments == ()
    with pytest.raises(InvalidChoiceError, match="Choose from: none"):
        validate_options({"environments": ["new-a"]}, NOTHING)


known = st.sampled_from(["release", "environments", "2025.06", "all", "new-a", "old", "broken", ""])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | known,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text() | known, inner, max_size=5),
    max_leaves=10,
)


@settings(max_examples=30)
@given(json_values | st.fixed_dictionaries({}, optional={"release": json_values, "environments": json_values}))
def test_any_json_is_a_choice_of_what_is_offered_or_refused_in_one_short_line(options: object) -> None:
    for offers in (OFFERS, ABSENT, NOTHING):
        try:
            choice = validate_options(options, offers)
        except EESSIError as error:
            assert_is_fit_to_show(error)
        else:
            assert set(choice.environments) <= set(offers.runnable)


# Forms and links


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ({}, {}),
        ({"release": ["2025.06"]}, {"release": "2025.06"}),
        ({"environments": ["old", "new-a"]}, {"environments": ["old", "new-a"]}),
        ({"release": ["all"], "environments": ["old"], "_xsrf": ["t"]}, {"release": "all", "environments": ["old"]}),
        # A browser posts what is ticked of other releases even where the page hides it.
        (
            {FORM_MARK: ["1"], "release": ["2023.06"], "environments": ["new-a", "old"]},
            {"release": "2023.06", "environments": ["old"]},
        ),
        (
            {FORM_MARK: ["1"], "release": ["all"], "environments": ["new-a", "old"]},
            {"release": "all", "environments": ["new-a", "old"]},
        ),
        # A link is taken at its word, and refused later.
        (
            {"release": ["2023.06"], "environments": ["new-a"]},
            {"release": "2023.06", "environments": ["new-a"]},
        ),
        # What is unknown stays, to be refused.
        (
            {FORM_MARK: ["1"], "release": ["2023.06"], "environments": ["other"]},
            {"release": "2023.06", "environments": ["other"]},
        ),
    ],
)
def test_fields_become_options(fields: dict[str, list[Any]], options: dict[str, Any]) -> None:
    assert options_from_fields(fields, OFFERS) == options


UPLOAD = HTTPFile(filename="a.txt", body=b"\xff" * 1000, content_type="text/plain")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"other": ["1"]}, "There is no option 'other'."),
        ({"environments_file": [UPLOAD]}, "There is no option 'environments_file'."),
        ({"_file": [UPLOAD]}, "There is no option '_file'."),
        ({"<b>\n": ["1"]}, "There is no option '<b>?'."),
        ({"release": ["2025.06", "2023.06"]}, "One release was expected, several came."),
        ({FORM_MARK: ["1"]}, "No environment was chosen for this release."),
        ({FORM_MARK: ["1"], "release": ["2023.06"]}, "No environment was chosen for this release."),
        (
            {FORM_MARK: ["1"], "release": ["2023.06"], "environments": ["new-a"]},
            "No environment was chosen for this release.",
        ),
    ],
)
def test_wrong_fields_are_refused_with_the_reason(fields: dict[str, list[Any]], message: str) -> None:
    with pytest.raises(InvalidChoiceError) as raised:
        options_from_fields(fields, OFFERS)
    assert raised.value.message == message
    assert_is_fit_to_show(raised.value)


texts = st.lists(st.text() | known, max_size=4)
fields_of_jupyterhub = st.builds(
    lambda texts, files: {**texts, **{f"{name}_file": [UPLOAD] for name in files}},
    st.dictionaries(st.text() | known | st.just(FORM_MARK), texts, max_size=3)
    | st.fixed_dictionaries({}, optional={"release": texts, "environments": texts, FORM_MARK: texts, "_xsrf": texts}),
    st.lists(st.text() | known, max_size=1),
)


@settings(max_examples=30)
@given(fields_of_jupyterhub)
def test_any_posted_form_is_a_choice_or_refused_in_one_short_line(fields: dict[str, list[Any]]) -> None:
    for offers in (OFFERS, ABSENT, NOTHING):
        try:
            validate_options(options_from_fields(fields, offers), offers)
        except EESSIError as error:
            assert_is_fit_to_show(error)
