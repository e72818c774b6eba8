"""The form as a browser reads it: labelled, escaped, with what was chosen ticked and reasons for what cannot be."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eessi_spawner.errors import MountDeadError
from eessi_spawner.spawner.choice import FORM_MARK, Choice, options_from_fields, validate_options
from eessi_spawner.spawner.form import render_form
from eessi_spawner.spawner.offers import EnvironmentOffer, Offers
from eessi_spawner.stack.environments import Environment

VOID = {"input", "br", "hr", "img", "meta", "link"}
NASTY = "\"><script>alert('1')</script>&amp;"


def environment(name: str, release: str = "2025.06", title: str = "") -> Environment:
    return Environment(name, title or f"Title of {name}", release, ("A/1-gfbf-2025b", "B/2"))


OFFERS = Offers(
    "x86_64/amd/zen3",
    (
        EnvironmentOffer(environment("new-a")),
        EnvironmentOffer(environment("new-b")),
        EnvironmentOffer(environment("broken"), "EESSI 2025.06 has no C/3 for x86_64/amd/zen3"),
        EnvironmentOffer(environment("old", "2023.06")),
    ),
    targets={"2025.06": "x86_64/amd/zen3", "2023.06": "x86_64/generic"},
)


class Form(HTMLParser):
    """The elements of some HTML, each with its attributes and the text in it; all must be closed."""

    def __init__(self, offers: Offers, chosen: Choice | None = None, *, root: str = "/stack") -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[int] = []
        self.feed(render_form(offers, chosen or validate_options({}, offers), root=root))
        self.close()
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.texts.append("")
        if tag not in VOID:
            self._open.append(len(self.elements) - 1)

    def handle_endtag(self, tag: str) -> None:
        assert self.elements[self._open.pop()][0] == tag

    def handle_data(self, data: str) -> None:
        for index in self._open:
            self.texts[index] += data

    def find(self, tag: str, **attributes: str) -> list[tuple[dict[str, str | None], str]]:
        return [
            (found, " ".join(text.split()))
            for (name, found), text in zip(self.elements, self.texts, strict=True)
            if name == tag and attributes.items() <= found.items()
        ]

    def ticked(self) -> list[str | None]:
        return [found["value"] for found, _ in self.find("input", name="environments") if "checked" in found]

    def release(self) -> list[str | None]:
        return [found["value"] for found, _ in self.find("input", name="release") if "checked" in found]

    def posted(self) -> dict[str, list[Any]]:
        """What a browser posts when the form is left as it is."""
        fields: dict[str, list[Any]] = {}
        for found, _ in self.find("input"):
            ticked = "checked" in found or found["type"] == "hidden"
            if ticked and "disabled" not in found:
                fields.setdefault(str(found["name"]), []).append(found["value"])
        return fields


def text_of(form: Form) -> str:
    return " ".join(text for tag in ("p", "div") for _, text in form.find(tag))


def test_every_input_that_is_seen_has_a_label_of_its_own() -> None:
    form = Form(OFFERS)
    inputs = [found for found, _ in form.find("input") if found["type"] != "hidden"]
    assert len(inputs) == len(OFFERS.environments) + 3
    for found in inputs:
        ((_, label),) = form.find("label", **{"for": str(found["id"])})
        assert label
    ids = [found["id"] for _, found in form.elements if "id" in found]
    assert len(ids) == len(set(ids))


def test_every_group_of_inputs_says_what_it_is_about() -> None:
    form = Form(OFFERS)
    assert [text for _, text in form.find("legend")] == [
        "EESSI release",
        "Kernels of EESSI 2025.06",
        "Kernels of EESSI 2023.06",
    ]


def test_what_cannot_run_is_disabled_and_says_why_to_eyes_and_ears() -> None:
    form = Form(OFFERS)
    disabled = [found for found, _ in form.find("input") if "disabled" in found]
    assert [found["value"] for found in disabled] == ["broken"]
    ((_, about),) = form.find("div", id=str(disabled[0]["aria-describedby"]))
    assert about == "Cannot run: EESSI 2025.06 has no C/3 for x86_64/amd/zen3."


def test_what_can_run_tells_its_modules() -> None:
    form = Form(OFFERS)
    ((found, _),) = form.find("input", value="new-a")
    ((_, about),) = form.find("div", id=str(found["aria-describedby"]))
    assert "A/1-gfbf-2025b, B/2" in about


def test_the_cpu_target_is_told_and_so_is_a_release_with_builds_for_another() -> None:
    form = Form(OFFERS)
    assert [text for _, text in form.find("code", id="eessi-cpu-target")] == ["x86_64/amd/zen3"]
    labels = [text for _, text in form.find("label")][:3]
    assert labels == ["2025.06 (newest)", "2023.06 with builds for x86_64/generic", "all of them, side by side"]


@pytest.mark.parametrize(
    ("options", "release", "ticked"),
    [
        ({}, "2025.06", ["new-a", "new-b", "old"]),
        ({"release": "2023.06"}, "2023.06", ["new-a", "new-b", "old"]),
        ({"release": "2025.06", "environments": ["new-b"]}, "2025.06", ["new-b", "old"]),
        ({"release": "all", "environments": ["new-b", "old"]}, "all", ["new-b", "old"]),
    ],
    ids=["newest", "another release", "one environment", "both releases"],
)
def test_what_was_chosen_is_ticked_and_of_other_releases_all(
    options: dict[str, Any], release: str, ticked: list[str]
) -> None:
    choice = validate_options(options, OFFERS)
    form = Form(OFFERS, choice)
    assert form.release() == [release]
    assert form.ticked() == ticked
    assert validate_options(options_from_fields(form.posted(), OFFERS), OFFERS) == choice


def test_the_form_is_told_from_a_link() -> None:
    assert FORM_MARK in Form(OFFERS).posted()


def test_with_one_release_there_is_no_choice_between_releases() -> None:
    form = Form(Offers("x86_64/generic", OFFERS.environments[:2]))
    assert [found["value"] for found, _ in form.find("input", name="release")] == ["2025.06"]
    assert form.release() == ["2025.06"]


@pytest.mark.parametrize(
    ("sample", "told"),
    [
        ({"interpreter": "3.11.7"}, "only Python 3.11.7, ipykernel and numpy"),
        ({"note": "without its interpreter"}, "only Python, ipykernel and numpy"),
    ],
)
def test_a_sample_stack_is_called_one(sample: dict[str, str], told: str) -> None:
    assert told in text_of(Form(Offers(OFFERS.target, OFFERS.environments, sample=sample)))
    assert "sample" not in text_of(Form(OFFERS))


def test_a_problem_is_told_with_what_to_do_and_a_server_can_be_started_all_the_same() -> None:
    problem = MountDeadError("It has died.", advice="Mount it again.")
    form = Form(Offers("x86_64/generic", problem=problem))
    for words in ("EESSI is not available now. It has died.", "Mount it again.", "Reason code: mount_dead"):
        assert words in text_of(form)
    assert form.find("div", role="alert")
    assert form.posted() == {FORM_MARK: ["1"]}


@pytest.mark.parametrize(
    "offers", [Offers("x86_64/generic"), Offers("x86_64/generic", OFFERS.environments[2:3])], ids=["none", "none runs"]
)
def test_where_nothing_can_run_the_form_says_so_and_a_server_can_be_started(offers: Offers) -> None:
    form = Form(offers)
    assert "/stack has no environment that this CPU can run." in text_of(form)
    assert validate_options(options_from_fields(form.posted(), offers), offers).environments == ()


def nasty_offers(text: str) -> list[Offers]:
    plain = environment("x", title=text)
    return [
        Offers(text, (EnvironmentOffer(plain),), targets={"2025.06": text + "2"}, sample={"interpreter": text}),
        Offers("t", (EnvironmentOffer(plain), EnvironmentOffer(plain, text)), sample={"instead_of": text}),
        Offers("t", problem=MountDeadError(text, advice=text)),
        Offers("t"),
    ]


@pytest.mark.parametrize("index", range(4))
def test_titles_reasons_and_messages_are_text_and_never_markup(index: int) -> None:
    markup = Form(nasty_offers(NASTY)[index], root=NASTY)
    plain = Form(nasty_offers("plain")[index], root="plain")
    assert [tag for tag, _ in markup.elements] == [tag for tag, _ in plain.elements]
    assert [list(found) for _, found in markup.elements] == [list(found) for _, found in plain.elements]
    assert NASTY in "".join(markup.texts)


@settings(max_examples=30)
@given(st.text(min_size=1), st.integers(0, 3))
def test_whatever_a_text_is_it_changes_no_tag(text: str, index: int) -> None:
    tags = [tag for tag, _ in Form(nasty_offers(text)[index], root=text).elements]
    assert tags == [tag for tag, _ in Form(nasty_offers("plain")[index], root="plain").elements]


def test_nothing_of_the_form_needs_javascript() -> None:
    form = Form(OFFERS)
    assert form.find("script") == []
    assert not [name for _, found in form.elements for name in found if name.startswith("on")]
