"""Updating the catalogue: what is good replaces the last one, and nothing else does."""

from __future__ import annotations

import hashlib
import http.client
import io
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from eessi_spawner.errors import CatalogueError, CatalogueRefusedError, CatalogueUnreachableError
from eessi_spawner.stack.catalogue import download
from eessi_spawner.stack.catalogue.download import Source, check_catalogue, source_from, update_catalogue
from eessi_spawner.stack.catalogue.request import Http, Redirects, shown
from eessi_spawner.stack.catalogue.saved import FILE_NAME, load_catalogue
from tests.unit.stack.catalogue.published import content_of, many_modules, published, version_entry
from tests.unit.stack.catalogue.server import NAME, Server, running_server

GOOD = many_modules(20)
NEWER = many_modules(21)


@pytest.fixture
def server() -> Iterator[Server]:
    with running_server() as running:
        running.behaviour.publish(GOOD)
        yield running


@pytest.fixture
def directory(tmp_path: Path, server: Server) -> Path:
    """A folder with a good catalogue in it."""
    update_catalogue(tmp_path, Source(server.url), accept_smaller=True)
    server.behaviour.publish(NEWER)
    return tmp_path


def source(server: Server) -> Source:
    return Source(server.url, proxy="none", seconds=0.4, total_seconds=1.5)


def assert_the_last_good_one_stays(directory: Path) -> None:
    assert len(load_catalogue(directory)) == 20
    assert {path.name for path in directory.iterdir()} == {FILE_NAME, "lock"}


def test_a_new_catalogue_replaces_the_saved_one(directory: Path, server: Server) -> None:
    update = update_catalogue(directory, source(server))
    assert update.catalogue is not None
    assert len(load_catalogue(directory)) == 21
    assert load_catalogue(directory).provenance.source == server.url


def test_an_unchanged_hash_fetches_and_parses_nothing(
    directory: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.behaviour.publish(GOOD)
    server.behaviour.asked.clear()
    monkeypatch.setattr(download, "parse_catalogue", None)
    assert update_catalogue(directory, source(server)).catalogue is None
    assert server.behaviour.asked == ["/data/hashes.json"]


def test_check_tells_a_change_by_the_hashes_alone(directory: Path, server: Server) -> None:
    server.behaviour.asked.clear()
    assert check_catalogue(directory, source(server)).changed
    server.behaviour.publish(GOOD)
    assert not check_catalogue(directory, source(server)).changed
    assert set(server.behaviour.asked) == {"/data/hashes.json"}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("truncate", "it was cut off after"),
        ("truncate-gzip", "it was cut off"),
        ("broken-gzip", "compression is broken"),
        ("stall", "no answer within 0.4 seconds"),
        ("drip", "it was not there after 1.5 seconds"),
        ("portal", "it is a web page"),
        ("loop", "redirect"),
        ("to-file", "file:///etc/passwd' is not allowed"),
        ("error", "the server answered 503"),
        ("reset", "the connection broke"),
    ],
)
def test_a_broken_download_is_refused_with_its_reason(directory: Path, server: Server, fault: str, words: str) -> None:
    server.behaviour.fault = fault
    started = time.monotonic()
    with pytest.raises(CatalogueError) as raised:
        update_catalogue(directory, source(server))
    assert words in raised.value.message
    assert "stays in use" in raised.value.advice
    assert time.monotonic() - started < 5
    assert_the_last_good_one_stays(directory)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"<html>", "it is a web page"),
        (b'{"software": ', "it is not JSON"),
        (b"[1, 2]", "another shape"),
        (content_of(published()), "it lists no module"),
        (many_modules(9), "lists 9 modules, less than half of the 20"),
    ],
)
def test_content_that_is_not_good_is_refused_even_with_the_right_hash(
    directory: Path, server: Server, content: bytes, words: str
) -> None:
    server.behaviour.publish(content)
    with pytest.raises(CatalogueRefusedError) as raised:
        update_catalogue(directory, source(server))
    assert words in raised.value.message
    assert_the_last_good_one_stays(directory)


def test_a_smaller_one_is_taken_if_that_is_said(directory: Path, server: Server) -> None:
    server.behaviour.publish(many_modules(9))
    update_catalogue(directory, source(server), accept_smaller=True)
    assert len(load_catalogue(directory)) == 9


def test_the_first_one_is_held_against_the_bundled(tmp_path: Path, server: Server) -> None:
    with pytest.raises(CatalogueRefusedError, match="less than half of the 2295"):
        update_catalogue(tmp_path, source(server))
    assert not (tmp_path / FILE_NAME).exists()


def test_a_hash_that_is_another_ones_is_refused(directory: Path, server: Server) -> None:
    server.behaviour.hashes = {NAME: {"hash": "0" * 64}}
    with pytest.raises(CatalogueRefusedError, match="its hash is not the published one"):
        update_catalogue(directory, source(server))
    assert_the_last_good_one_stays(directory)


def test_one_that_is_published_between_two_requests_is_taken(
    directory: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = iter(["0" * 64, hashlib.sha256(NEWER).hexdigest()])
    monkeypatch.setattr(download, "_published_hash", lambda *_: next(hashes))
    assert update_catalogue(directory, source(server)).catalogue


@pytest.mark.parametrize("hashes", [None, {}, {"other.json": {"hash": "0"}}, {NAME: {}}, {NAME: 7}])
def test_a_mirror_without_hashes_is_taken_with_a_warning(directory: Path, server: Server, hashes: object) -> None:
    server.behaviour.hashes = hashes
    assert check_catalogue(directory, source(server)).published is None
    warnings = update_catalogue(directory, source(server)).warnings
    assert "it was not checked" in warnings[0]


@pytest.mark.parametrize("hashes", [[], b"<html>Log in</html>", b""])
def test_hashes_that_are_none_are_refused(directory: Path, server: Server, hashes: object) -> None:
    server.behaviour.hashes = hashes
    with pytest.raises(CatalogueRefusedError):
        update_catalogue(directory, source(server))
    assert_the_last_good_one_stays(directory)


@pytest.mark.parametrize("fault", ["", "redirect"])
@pytest.mark.parametrize("zipped", [True, False])
def test_compression_and_redirects_are_followed(directory: Path, server: Server, fault: str, *, zipped: bool) -> None:
    server.behaviour.fault, server.behaviour.zipped = fault, zipped
    assert update_catalogue(directory, source(server)).catalogue


def test_a_server_that_is_not_there_is_unreachable(directory: Path) -> None:
    with pytest.raises(CatalogueUnreachableError, match="Connection refused"):
        update_catalogue(directory, Source("http://127.0.0.1:1/x.json", proxy="none"))
    assert_the_last_good_one_stays(directory)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/x", "x.json", "", "http://[", "http://a b/"])
def test_only_http_is_fetched(tmp_path: Path, url: str) -> None:
    with pytest.raises(CatalogueUnreachableError):
        update_catalogue(tmp_path, Source(url, proxy="none"))


def test_a_full_disk_keeps_the_last_good_one(directory: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        update_catalogue(directory, source(server))
    assert_the_last_good_one_stays(directory)


def test_a_proxy_is_asked_instead_of_the_server(tmp_path: Path, server: Server) -> None:
    proxy = server.url.partition("/data")[0]
    update_catalogue(tmp_path, Source(f"http://mirror.invalid/data/{NAME}", proxy=proxy), accept_smaller=True)
    assert server.behaviour.asked[0] == "http://mirror.invalid/data/hashes.json"


def test_the_environments_proxy_is_taken_unless_a_setting_says_none(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(CatalogueUnreachableError):
        update_catalogue(tmp_path, Source(server.url), accept_smaller=True)
    update_catalogue(tmp_path, Source(server.url, proxy="none"), accept_smaller=True)


@pytest.mark.parametrize("proxy", ["proxy:3128", "socks5://x"])
def test_a_proxy_that_is_no_url_is_an_error_that_shows_one(proxy: str) -> None:
    with pytest.raises(CatalogueUnreachableError, match=r"http://proxy\.example\.org:3128"):
        Http(proxy, 1, 1)


def test_settings_come_from_arguments_then_the_environment_then_eessi() -> None:
    environ = {"EESSI_SPAWNER_CATALOGUE_URL": "https://mirror/x.json", "EESSI_SPAWNER_CATALOGUE_PROXY": "http://p"}
    assert source_from({}) == Source()
    assert source_from(environ) == Source("https://mirror/x.json", "http://p")
    assert source_from(environ, url="https://a/b.json", proxy="none") == Source("https://a/b.json", "none")
    assert source_from(environ).hashes_url == "https://mirror/hashes.json"


def test_passwords_in_addresses_are_never_shown(directory: Path) -> None:
    assert shown("http://user:secret@host:8080/x") == "http://host:8080/x"
    with pytest.raises(CatalogueUnreachableError) as raised:
        update_catalogue(directory, Source("http://user:secret@127.0.0.1:1/x.json", proxy="none"))
    assert "secret" not in str(raised.value)


UPDATE = """
import sys
from pathlib import Path
from eessi_spawner.stack.catalogue.download import Source, update_catalogue
done = update_catalogue(Path(sys.argv[1]), Source(sys.argv[2], proxy="none"))
print("updated" if done.catalogue else "unchanged")
"""


def test_two_processes_updating_at_once_fetch_it_once_and_leave_it_whole(directory: Path, server: Server) -> None:
    server.behaviour.asked.clear()
    processes = [
        subprocess.Popen([sys.executable, "-c", UPDATE, str(directory), server.url], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = sorted(process.communicate(timeout=60)[0].strip() for process in processes)
    assert answers == ["unchanged", "updated"]
    assert server.behaviour.asked.count(f"/data/{NAME}") == 1
    assert len(load_catalogue(directory)) == 21


def test_the_published_files_fields_are_those_of_the_real_one(server: Server, tmp_path: Path) -> None:
    server.behaviour.publish(content_of(published(version_entry("A/1-foss-2025b"))))
    update = update_catalogue(tmp_path, source(server), accept_smaller=True)
    assert update.catalogue is not None
    assert update.catalogue.module(0).generation == "2025b"


@pytest.mark.parametrize(
    ("before", "after", "is_followed"),
    [
        ("https://a/x", "https://b/y", True),
        ("http://a/x", "https://b/y", True),
        ("https://a/x", "http://b/y", False),
        ("https://a/x", "ftp://b/y", False),
    ],
)
def test_a_redirect_never_leads_to_what_is_less_safe(before: str, after: str, *, is_followed: bool) -> None:
    request = urllib.request.Request(before)  # noqa: S310  (nothing is opened)
    answer = (io.BytesIO(), 302, "Found", http.client.HTTPMessage(), after)
    if is_followed:
        followed = Redirects().redirect_request(request, *answer)
        assert followed is not None
        assert followed.full_url == after
    else:
        with pytest.raises(CatalogueUnreachableError, match="not as safe"):
            Redirects().redirect_request(request, *answer)
