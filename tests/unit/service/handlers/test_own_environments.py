"""The pages of environments, as a browser without a script gets them and posts their forms."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest

from tests.unit.service.hub_double import PREFIX, SERVICE_TOKEN, Answered, Client
from tests.unit.service.reports import FACTS

MATPLOTLIB = "matplotlib/3.10.5-gfbf-2025b"
OLD = "matplotlib/3.7.2-gfbf-2023a"
PLOTS = {"name": "plots", "title": "My plots", "modules": [MATPLOTLIB]}


def saved(service: Client, **fields: object) -> str:
    answer = service.ask("environments", "POST", body={**PLOTS, **fields})
    assert answer.status == 201, answer.text
    return str(answer.json["id"])


def post(service: Client, path: str, fields: list[tuple[str, str]] | None = None, token: str = "ada") -> Answered:  # noqa: S107
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode(fields or []).encode()
    return service.ask(PREFIX + path, "POST", token=token, body=body, headers=headers)


def upload(service: Client, data: bytes) -> Answered:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.yaml"\r\n\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    return service.ask(f"{PREFIX}environments/import", "POST", body=head + data + b"\r\n--x--\r\n", headers=headers)


def names(service: Client) -> list[str]:
    return [item["name"] for item in service.ask("environments").json["items"]]


def test_a_new_one_is_saved_with_a_name_made_from_its_title(service: Client) -> None:
    saved(service)
    answer = post(service, "environments/new", [("title", "Plots"), ("module", MATPLOTLIB), ("save", "1")])
    assert answer.status == 303
    assert re.fullmatch(rf"{PREFIX}environments\?done=saved&id=([0-9a-f]{{32}})#\1", answer.headers["Location"]), (
        answer.headers
    )
    assert names(service) == ["plots", "plots-2"]
    page = service.ask(answer.headers["Location"].partition("#")[0])
    assert "It was saved." in page.text


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ([("module", MATPLOTLIB)], 400, "It has no title."),
        ([("title", "x")], 400, "cannot be used"),
        ([("title", "x"), ("module", MATPLOTLIB), ("module", OLD)], 400, "cannot be loaded together"),
        ([("title", "x"), ("module", "nope/1")], 400, "is not in the catalogue"),
        ([("title", "x" * 101), ("module", MATPLOTLIB)], 400, "1 to 100 characters"),
        ([("title", "x\x00y"), ("module", MATPLOTLIB)], 400, "1 to 100 characters"),
        ([("title", "x\u202ey"), ("module", MATPLOTLIB)], 400, "marks that turn text around"),
        ([("title", "x" * 10_000), ("module", MATPLOTLIB)], 400, "1 to 100 characters"),
        ([("name", "<b>"), ("title", "x"), ("module", MATPLOTLIB)], 400, "its name must be"),
        ([("name", "plots"), ("title", "x"), ("module", MATPLOTLIB)], 409, "You have an environment called"),
    ],
)
def test_what_cannot_be_saved_is_said_in_the_form_which_keeps_it(
    fields: list[tuple[str, str]], status: int, words: str, service: Client
) -> None:
    saved(service)
    answer = post(service, "environments/new", [*fields, ("save", "1")])
    assert answer.status == status
    assert "It was not saved." in answer.text
    assert words in answer.text
    for name, value in fields:
        if name == "module":
            assert f'name="module" value="{value}"' in answer.text
    assert names(service) == ["plots"]


def test_each_button_of_the_editor_works_by_a_post(service: Client) -> None:
    shown = post(service, "environments/new", [("typed", "numpy"), ("look", "1")])
    assert 'name="add" value="SciPy-bundle/2025.07-gfbf-2025b"' in shown.text
    added = post(service, "environments/new", [("typed", "numpy"), ("module", OLD), ("add", MATPLOTLIB)])
    assert "They cannot be used together" in added.text
    taken = post(service, "environments/new", [("module", OLD), ("module", MATPLOTLIB), ("take", "1")])
    assert "They load together in EESSI 20" in taken.text
    removed = post(service, "environments/new", [("module", OLD), ("module", MATPLOTLIB), ("remove", OLD)])
    assert "They load together in EESSI 2025.06" in removed.text
    assert names(service) == []


def test_the_script_gets_the_part_that_depends_on_the_fields(service: Client) -> None:
    part = post(service, "environments/part", [("module", MATPLOTLIB), ("typed", "dask")])
    assert part.text.startswith("<div data-summary=")
    assert "<html" not in part.text


def test_a_saved_one_is_changed_in_the_same_form(service: Client) -> None:
    key = saved(service)
    assert 'value="My plots"' in service.ask(f"{PREFIX}environments/{key}").text
    fields = [("name", "plots"), ("title", "Better"), ("module", MATPLOTLIB), ("save", "1")]
    assert post(service, f"environments/{key}", fields).status == 303
    assert service.ask(f"environments/{key}").json["title"] == "Better"


def test_the_address_can_say_what_the_editor_begins_with(service: Client) -> None:
    page = service.ask(f"{PREFIX}environments/new?module={MATPLOTLIB}&release=2025.06")
    assert f'name="module" value="{MATPLOTLIB}"' in page.text
    assert '<option value="2025.06" selected>' in page.text
    assert service.ask(f"{PREFIX}environments/new?owner=bob").status == 400
    assert service.ask(f"{PREFIX}environments/new?release=latest&module={MATPLOTLIB}").status == 400


def test_the_buttons_beside_an_environment_do_what_they_say(service: Client) -> None:
    key = saved(service)
    post(service, f"environments/{key}/copy")
    assert names(service) == ["plots", "plots-2"]
    assert post(service, f"environments/{key}/rename", [("title", "Hers"), ("name", "hers")]).status == 303
    assert names(service) == ["hers", "plots-2"]
    assert post(service, f"environments/{key}/rename", [("title", "Hers"), ("name", "plots-2")]).status == 409
    post(service, f"environments/{key}/share")
    page = service.ask(f"{PREFIX}environments").text
    [path] = re.findall(rf'value="http://[^"]*?({PREFIX}shared/[A-Za-z0-9_-]+)"', page)
    assert "My plots" not in service.ask(path, token="bob").text
    assert "Hers" in service.ask(path, token="bob").text
    post(service, f"environments/{key}/withdraw")
    assert service.ask(path, token="bob").status == 404
    post(service, f"environments/{key}/remove")
    assert names(service) == ["plots-2"]
    assert f'action="{PREFIX}environments/{key}/restore"' in service.ask(f"{PREFIX}environments").text
    post(service, f"environments/{key}/restore")
    assert names(service) == ["hers", "plots-2"]


def test_who_has_a_link_saves_a_copy(service: Client) -> None:
    key = saved(service)
    token = service.ask(f"environments/{key}/share", "POST").json["token"]
    assert post(service, f"shared/{token}", token="bob").status == 303
    [copy] = service.ask("environments", token="bob").json["items"]
    assert (copy["name"], copy["title"]) == ("plots", "My plots")


def test_a_copy_for_a_newer_release_has_the_successors(service: Client) -> None:
    key = saved(service, modules=[OLD])
    page = service.ask(f"{PREFIX}releases").text
    assert "Each module has a successor." in page
    assert "Make a copy for 2025.06" in page
    assert post(service, f"environments/{key}/renew", [("release", "2025.06")]).status == 303
    copy = service.ask("environments").json["items"][-1]
    assert (copy["name"], copy["title"], copy["release"]) == ("plots-2025.06", "My plots (2025.06)", "2025.06")
    for release in ("2023.06", "2099.01", "", "<b>"):
        assert post(service, f"environments/{key}/renew", [("release", release)]).status == 400


def test_a_file_is_imported_and_told_entry_by_entry(service: Client) -> None:
    answer = upload(service, f"- {{name: good, modules: [{MATPLOTLIB}]}}\n- {{name: <i>, modules: []}}".encode())
    assert answer.status == 200
    assert "<bdi>good</bdi>: saved." in answer.text
    assert "<bdi>&lt;i&gt;</bdi>: <strong>not saved.</strong>" in answer.text
    assert names(service) == ["good"]


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"a: &a [*a]", 400, "refers to a part of itself"),
        (b"\x00", 400, "must be YAML"),
        (b"#" * (64 * 1024 + 1), 400, "At most 64 KB"),
        (b"#" * (70 * 1024), 413, "Send less."),
    ],
)
def test_a_file_that_is_none_is_a_page_that_says_so(data: bytes, status: int, words: str, service: Client) -> None:
    answer = upload(service, data)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert words in answer.text


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("", "GET"),
        ("", "POST"),
        *((f"/{action}", "POST") for action in "copy rename share withdraw remove restore renew".split()),
    ],
)
def test_another_s_is_as_unknown_as_one_that_there_is_not(path: str, method: str, service: Client) -> None:
    key = saved(service)
    answers = [
        service.ask(f"{PREFIX}environments/{name}{path}", method, token="bob", body=b"" if method == "POST" else None)
        for name in (key, "0" * 32)
    ]
    assert [answer.status for answer in answers] == [404, 404]
    assert answers[0].text == answers[1].text
    assert names(service) == ["plots"]


@pytest.mark.parametrize("path", ["environments", "environments/new", "releases", "shared/x"])
def test_who_is_not_logged_in_is_sent_to_the_hub_and_may_post_nothing(path: str, service: Client) -> None:
    answer = service.ask(PREFIX + path, token="")
    assert (answer.status, answer.headers["Location"][:26]) == (302, "/hub/api/oauth2/authorize?")
    if path in {"environments/new", "shared/x"}:
        assert post(service, path, token="").status == 403
    assert service.ask(PREFIX + path, token="robot").status == 403


@pytest.mark.parametrize("body", [b"title=%ff&save=1", b"title=a&title=b", b"owner=bob", b"module=" + b"x" * 70_000])
def test_a_form_that_no_page_sends_is_refused_in_words(body: bytes, service: Client) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = service.ask(f"{PREFIX}environments/new", "POST", body=body, headers=headers)
    assert answer.status in {400, 413}
    assert "It did not work" in answer.text
    assert names(service) == []


def test_what_people_wrote_is_text_on_every_page(service: Client) -> None:
    key = saved(service, title="<script>x</script>", modules=[OLD])
    token = service.ask(f"environments/{key}/share", "POST").json["token"]
    for path in ("environments", f"environments/{key}", f"shared/{token}", "releases"):
        page = service.ask(PREFIX + path).text
        assert "&lt;script&gt;x" in page
        assert "<script>x" not in page


def told(service: Client, recommended: list[dict[str, object]] | None = None) -> None:
    facts = {**FACTS.to_json(), "recommended": recommended or []}
    assert service.ask("hub", "PUT", token=SERVICE_TOKEN, body=facts).status == 204


def test_where_it_runs_on_this_hub_is_told_in_the_list_and_in_the_editor(service: Client) -> None:
    key = saved(service)
    assert "Runs now" not in service.ask(f"{PREFIX}environments").text
    told(service)
    for path in ("environments", f"environments/{key}"):
        assert "Runs now on zen3 (2 nodes free)" in service.ask(PREFIX + path).text


def test_one_is_opened_in_a_notebook_by_its_short_name(service: Client) -> None:
    saved(service)
    [link] = re.findall(r'href="(/hub/spawn\?[^"]+)"', service.ask(f"{PREFIX}environments").text)
    assert re.fullmatch(r"/hub/spawn\?(opt-)?release=2025.06&amp;(opt-)?environments=plots", link)


def test_the_site_s_own_stand_beside_a_user_s_for_those_who_may_use_them(service: Client) -> None:
    course = {"name": "course", "title": "The <course>", "release": "2025.06", "modules": [MATPLOTLIB]}
    told(
        service,
        [
            {"environment": course, "allowed_groups": []},
            {"environment": {**course, "title": "Hidden"}, "allowed_groups": ["staff"]},
        ],
    )
    for path in ("environments", "environments/new"):
        page = service.ask(PREFIX + path).text
        assert "The &lt;course&gt;" in page
        assert "Hidden" not in page
        module = MATPLOTLIB.replace("/", "%2F")
        start = f"new?name=course&amp;title=The+%3Ccourse%3E&amp;release=2025.06&amp;module={module}"
        assert f'href="{PREFIX}environments/{start}"' in page
