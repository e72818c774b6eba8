"""Files of environments: what is written can be read, and what is hostile costs little."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.service.chosen import chosen_environment
from eessi_spawner.service.environment_file import MOST_BYTES, read_entries, to_yaml
from eessi_spawner.stack.catalogue.bundled import bundled_catalogue

CATALOGUE = bundled_catalogue()
MATPLOTLIB = "matplotlib/3.10.5-gfbf-2025b"
LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@given(st.lists(st.text(min_size=1, max_size=100), max_size=4))
@example(["2025.06", "null", "- x", "#", "'\"", "\N{SNOWMAN} \N{HEBREW LETTER ALEF}"])
def test_what_is_written_is_read_again(titles: list[str]) -> None:
    environments = []
    for number, title in enumerate(titles):
        data = {"name": f"e{number}", "title": title, "modules": [MATPLOTLIB]}
        try:
            environments.append(chosen_environment(CATALOGUE, data))
        except InvalidChoiceError:
            continue
    text = to_yaml(environments)
    assert text.isascii()
    if environments:
        read = read_entries(CATALOGUE, text.encode())
        assert [entry.environment for entry in read] == environments


def test_a_release_is_text_however_it_is_written() -> None:
    [entry] = read_entries(CATALOGUE, f"- {{name: x, release: 2025.06, modules: [{MATPLOTLIB}]}}".encode())
    assert entry.environment
    assert entry.environment.release == "2025.06"


def test_packages_are_read_as_in_configuration() -> None:
    [entry] = read_entries(CATALOGUE, b"environments: [{name: plots, packages: [numpy, matplotlib]}]")
    assert entry.environment
    assert entry.environment.name == "plots"
    assert "SciPy-bundle/2025.07-gfbf-2025b" in entry.environment.modules


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (LAUGHS.encode(), r"refers to a part of itself"),
        (b"a: &a {<<: *a}", r"refers to a part of itself"),
        (b"[" * MOST_BYTES, "nested too deeply"),
        (b"{" * MOST_BYTES, "nested too deeply"),
        (b"- " * (MOST_BYTES // 2), "nested too deeply"),
        (b"? " * (MOST_BYTES // 2), "nested too deeply"),
        (b"\x00", "must be YAML"),
        (b"- {name: x", r"must be YAML, and it is not \(line \d\)"),
        (b"- a\n---\n- b", "must be YAML"),
        (b"{[a]: b}", "must be YAML"),
        (b"\xff\xfe", "UTF-8"),
        (b"", "no list of environments"),
        (b"text", "no list of environments"),
        (b"environments: []", "no list of environments"),
        (b"environments: []\nother: 1", "no list of environments"),
        (b"-\n" * 201, "At most 200"),
        (b"#" * (MOST_BYTES + 1), "At most 64 KB"),
    ],
)
def test_what_is_no_file_of_environments_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(InvalidChoiceError, match=words):
        read_entries(CATALOGUE, data)


@pytest.mark.parametrize(
    "entry",
    [
        "text",
        "!!python/object/apply:os.abort []",
        "!!python/name:os.system x",
        "{}",
        "{name: <b>x</b>, modules: [" + MATPLOTLIB + "]}",
        "{name: " + "x" * 10_000 + ", modules: [" + MATPLOTLIB + "]}",
        '{name: "x\\0", modules: [' + MATPLOTLIB + "]}",
        '{name: "x\\u202e", modules: [' + MATPLOTLIB + "]}",
        '{name: x, title: "x\\u202e", modules: [' + MATPLOTLIB + "]}",
        "{name: x, modules: [" + MATPLOTLIB + "], owner: bob}",
        "{name: x, packages: {}}",
    ],
)
def test_an_entry_that_is_no_environment_is_refused_alone(entry: str) -> None:
    good = f"{{name: good, modules: [{MATPLOTLIB}]}}"
    refused, kept = read_entries(CATALOGUE, f"- {entry}\n- {good}\n".encode())
    assert refused.environment is None
    assert refused.refused
    assert len(str(refused.refused)) < 600
    assert len(refused.name) <= 64
    assert kept.environment


@given(st.binary(max_size=300) | st.text(alphabet="-:&*!{}[]?|>'\"# \n\tab", max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused_in_a_sentence(data: bytes) -> None:
    try:
        assert all(entry.environment or entry.refused for entry in read_entries(CATALOGUE, data))
    except InvalidChoiceError as error:
        refused = error
    else:
        refused = None
    assert refused is None or refused.advice


def test_without_libyaml_the_same_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eessi_spawner.service.environment_file._LOADER", yaml.BaseLoader)
    test_a_release_is_text_however_it_is_written()
    with pytest.raises(InvalidChoiceError, match="nested too deeply"):
        read_entries(CATALOGUE, b"[" * MOST_BYTES)
