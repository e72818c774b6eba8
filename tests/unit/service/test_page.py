"""Pages: what they show, and that what others wrote is text on them."""

from __future__ import annotations

from datetime import date
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.service.page import Surroundings, render_fault, render_results, render_software
from eessi_spawner.service.pools import PoolsView
from eessi_spawner.stack.catalogue.bundled import bundled_catalogue
from tests.unit.service.reports import FACTS
from tests.unit.stack.catalogue.published import small_catalogue, version_entry

CATALOGUE = bundled_catalogue()
DAY = date(2026, 9, 1)
AROUND = Surroundings(
    hub="/hub/",
    prefix="/services/eessi/",
    static={"service.css": "/s/service.css", "software.js": "/s/software.js"},
    user="ada",
    xsrf="mark",
)


class Page(HTMLParser):
    """The elements of a page, each with its attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def software(**arguments: str) -> Page:
    return Page(
        render_software(CATALOGUE, {name: [value] for name, value in arguments.items()}, AROUND, DAY, PoolsView())
    )


def test_the_page_works_by_its_form_alone() -> None:
    page = software(q="numpy", release="2025.06")
    [form] = page.all("form")
    assert (form["method"], form["action"]) == ("get", "/services/eessi/")
    names = {field["name"] for field in [*page.all("input"), *page.all("select")]}
    assert names == {"q", "release", "target", "accelerator", "generation", "language"}
    assert "SciPy-bundle/2025.07-gfbf-2025b" in page.text


def test_what_was_asked_stands_in_the_form_again() -> None:
    page = software(q='a "quoted" <word>', target="x86_64/amd/zen3")
    assert page.all("input")[0]["value"] == 'a "quoted" <word>'
    assert [option["value"] for option in page.all("option") if "selected" in option] == ["x86_64/amd/zen3"]


def test_every_field_and_scrolling_part_has_a_name() -> None:
    page = software(q="numpy")
    labelled = {label["for"] for label in page.all("label")}
    assert all(field["id"] in labelled for field in [*page.all("input"), *page.all("select")])
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    named = [attributes["aria-labelledby"] for _, attributes in page.elements if "aria-labelledby" in attributes]
    assert set(named) <= ids
    assert all("aria-labelledby" in part for part in page.all("div") if part.get("tabindex"))


def test_no_script_or_style_stands_in_the_page() -> None:
    page = software(q="numpy")
    assert all(script["src"] for script in page.all("script"))
    assert not page.all("style")
    assert not [name for _, attributes in page.elements for name in attributes if name == "style" or name[:2] == "on"]


def test_the_age_of_the_data_is_told() -> None:
    assert "11 days old (2026-08-21)" in " ".join(software().text.split())


def test_a_page_shows_twenty_software_and_leads_on_with_the_same_question() -> None:
    first = software(q="py", release="2025.06")
    assert len(first.all("section")) == 20
    [following] = [link for link in first.all("a") if link.get("rel") == "next"]
    assert following["href"] == "/services/eessi/?q=py&release=2025.06&offset=20"
    second = software(q="py", release="2025.06", offset="20")
    assert [link["href"] for link in second.all("a") if link.get("rel") == "prev"] == [
        "/services/eessi/?q=py&release=2025.06&offset=0"
    ]
    headings = [{section["aria-labelledby"] for section in page.all("section")} for page in (first, second)]
    assert headings[1]
    assert first.text != second.text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "Type what you look for"),
        ("qqqqqqqq", "Nothing was found."),
        ("gromcas", "Nothing is called exactly so; these come close."),
        ("pytorch 9.9", "left out of the question"),
        ("openfoam-org-that-is-not", "Nothing was found."),
    ],
)
def test_it_says_how_the_question_was_answered(query: str, words: str) -> None:
    assert words in software(q=query).text


def test_what_the_catalogue_and_visitors_wrote_is_text() -> None:
    catalogue = small_catalogue(version_entry("numpy/1.0"))
    catalogue.columns.descriptions[0] = "<script>alert(1)</script>"
    page = Page(render_results(catalogue, {"q": ["numpy"]}, AROUND, PoolsView()))
    assert not page.all("script")
    assert "<script>alert(1)</script>" in page.text
    page = Page(render_fault({"code": "x", "message": "<img src=x>", "advice": "<b>"}, AROUND))
    assert not [image for image in page.all("img") if image["src"] == "x"]


@given(st.text())
@example("\r\n\x00\u2028")
def test_any_question_is_answered_and_is_text_on_the_page(query: str) -> None:
    page = software(q=query)
    assert page.all("input")[0]["value"] == query
    assert [script["src"] for script in page.all("script")] == ["/hub/static/js/darkmode.js", "/s/software.js"]


def test_the_columns_of_this_hub_s_pools_are_marked_and_words_say_where_it_runs() -> None:
    view = PoolsView((*FACTS.states[:2], FACTS.states[3]), FACTS.request, FACTS.waits, age=8, unknown="")
    page = Page(render_software(CATALOGUE, {"q": ["numpy"]}, AROUND, DAY, view))
    heads = [head for head in page.all("th") if head.get("class") == "eessi-mark"]
    assert len(heads) == 2 * len(page.all("section")), "no server can run on the third"
    assert "Runs now on zen3 (2 nodes free). A new node can be started on icelake (about 4 minutes)." in page.text
    assert "What is free is as the hub told 8 seconds ago, for" in page.text


def test_each_module_with_a_kernel_can_be_opened_and_added_and_another_says_why_not() -> None:
    page = software(q="SciPy-bundle")
    links = [link["href"] for link in page.all("a") if "module=" in str(link["href"])]
    query = "?module=SciPy-bundle%2F2025.07-gfbf-2025b&release=2025.06"
    assert {f"/services/eessi/notebook{query}", f"/services/eessi/environments/new{query}"} <= set(links)
    # 2022b has no ipykernel.
    assert not [link for link in links if "2022b" in str(link)]
    assert "no kernel" in page.text


def test_results_are_the_part_of_the_page_that_its_script_replaces() -> None:
    whole = render_software(CATALOGUE, {"q": ["numpy"]}, AROUND, DAY, PoolsView())
    assert render_results(CATALOGUE, {"q": ["numpy"]}, AROUND, PoolsView()).strip() in whole


@pytest.mark.parametrize("name", ["limit", "relese"])
def test_an_argument_that_the_form_does_not_send_is_refused(name: str) -> None:
    with pytest.raises(InvalidChoiceError, match=name):
        software(**{name: "1"})
