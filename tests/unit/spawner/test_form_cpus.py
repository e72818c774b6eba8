"""The form where nodes have several CPUs: what it says of each, what it posts, what is gone, and what is no markup."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from eessi_spawner.placement.pool import PoolState
from eessi_spawner.placement.request import Request
from eessi_spawner.spawner.choice import Choice, options_from_fields, validate_options
from eessi_spawner.spawner.cpus import cpu_choices
from eessi_spawner.spawner.form import render_form
from eessi_spawner.spawner.offers import Offers
from eessi_spawner.stack.cpu_targets import CpuTarget
from tests.unit.spawner.pools import ENVIRONMENTS, found, offers, state

ZEN4 = state("zen4", "x86_64/amd/zen4", free=3, max_nodes=8)
ZEN2 = state("old", "x86_64/amd/zen2", free=0)
ICELAKE = state("cloud", "x86_64/intel/icelake", free=0, max_nodes=4)
ARM = state("arm", "aarch64/neoverse_v1", free=2)
SEVERAL = (ZEN4, ZEN2, ICELAKE, ARM)
GOLDEN = """
CPU
Automatic: the best that is free
EESSI 2025.06: zen4 builds, zen3 builds of Python of new-b, 3 nodes free
EESSI 2023.06: zen4 nodes, EESSI 2023.06 has zen3 builds, 3 nodes free
zen4 x86_64/amd/zen4
EESSI 2025.06: zen4 builds, zen3 builds of Python of new-b, 3 nodes free
EESSI 2023.06: zen4 nodes, EESSI 2023.06 has zen3 builds, 3 nodes free
zen2 x86_64/amd/zen2
EESSI 2025.06: zen2 builds, 3 nodes free (pool zen4)
EESSI 2023.06: zen2 builds, 3 nodes free (pool zen4)
icelake x86_64/intel/icelake
EESSI 2025.06: icelake builds; no free node now; a new one is started (pool cloud)
EESSI 2023.06: icelake builds; no free node now; a new one is started (pool cloud)
neoverse_v1 aarch64/neoverse_v1
EESSI 2025.06: Cannot run on pool arm: the server's image does not run on aarch64
EESSI 2023.06: Cannot run on pool arm: the server's image does not run on aarch64
Choose a CPU to get the same builds each time, wherever your server runs: results and what you compile stay the same.
"""
COUNTED = "Only this hub's servers are counted: a node that is called free may be taken by others."


class Page(HTMLParser):
    """The inputs, the tags and the lines of text of a form."""

    def __init__(self, offered: Offers, chosen: Choice | None = None, *, wanted: str = "", last: str = "") -> None:
        super().__init__()
        self.tags: list[str] = []
        self.cpus: list[dict[str, str | None]] = []
        self._text: list[str] = []
        self._is_style = False
        request = Request(machines=("x86_64",))
        pinned = replace(request, pin=CpuTarget(wanted) if wanted else None)
        cpus = cpu_choices(offered.placing, ENVIRONMENTS, pinned)
        chosen = chosen or Choice("2025.06", ENVIRONMENTS[:2], wanted)
        self.feed(render_form(offered, chosen, root="/stack", cpus=cpus, last_target=last))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._is_style = tag == "style"
        if tag in ("div", "fieldset", "p", "legend"):
            self._text.append("\n")
        if dict(attrs).get("name") == "cpu_target":
            self.cpus.append(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        self._is_style = False
        if tag in ("div", "fieldset", "p", "legend"):
            self._text.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._is_style:
            self._text.append(data.replace("\n", " "))

    @property
    def lines(self) -> list[str]:
        lines = (" ".join(line.split()) for line in "".join(self._text).split("\n"))
        return [line for line in lines if line]

    @property
    def checked(self) -> list[str | None]:
        return [found["value"] for found in self.cpus if "checked" in found]


def test_the_words_of_the_form_are_these() -> None:
    golden = GOLDEN.strip().splitlines()
    lines = Page(offers(*SEVERAL)).lines
    start = lines.index("CPU")
    assert lines[start : start + len(golden)] == golden


def test_what_cannot_run_is_disabled_and_every_cpu_is_described() -> None:
    page = Page(offers(*SEVERAL))
    assert [found["value"] for found in page.cpus if "disabled" in found] == ["aarch64/neoverse_v1"]
    assert all(found["aria-describedby"] == f"{found['id']}-about" for found in page.cpus)
    assert page.checked == ["automatic"]


@pytest.mark.parametrize(
    ("states", "lines"),
    [
        ([], []),
        ([ZEN4], ["Node pool zen4: zen4 builds, zen3 builds of Python of new-b, 3 nodes free"]),
        ([ZEN2], ["Node pool old: zen2 builds; no free node now; waits until one is free"]),
        ([ARM], ["Cannot run on pool arm: the server's image does not run on aarch64"]),
        ([state("any")], ["Node pool any: the best builds there are for its CPUs"]),
    ],
    ids=["no-pools", "one", "one-that-waits", "one-that-cannot", "unknown-cpus"],
)
def test_where_there_is_nothing_to_choose_a_line_says_where_servers_run(
    states: list[PoolState], lines: list[str]
) -> None:
    page = Page(offers(*states))
    assert page.cpus == []
    assert "CPU" not in page.lines
    assert "Your notebooks run software of EESSI, built for the CPU that they run on." in page.lines
    assert [line.removeprefix("EESSI 2025.06: ") for line in page.lines if line.startswith("EESSI 2025.06:")] == lines


@pytest.mark.parametrize(
    ("cpu_target", "checked"),
    [
        ("", "automatic"),
        ("automatic", "automatic"),
        ("x86_64/amd/zen2", "x86_64/amd/zen2"),
        ("x86_64/generic", "x86_64/generic"),
    ],
)
def test_what_is_checked_is_what_comes_back(cpu_target: str, checked: str) -> None:
    offered = offers(*SEVERAL)
    choice = validate_options({"cpu_target": cpu_target}, offered)
    page = Page(offered, choice, wanted=choice.cpu_target or "")
    assert page.checked == [checked]
    fields = {"cpu_target": [checked], "environments": ["new-a"]}
    again = validate_options(options_from_fields(fields, offered), offered)
    assert again.cpu_target == (choice.cpu_target or "")


@pytest.mark.parametrize(
    ("last", "told"),
    [
        ("", None),
        ("automatic", None),
        ("x86_64/amd/zen2", None),
        ("x86_64/amd/zen5", "zen5"),
        ("x86_64/generic", "generic x86_64"),
        ("aarch64/neoverse_v1", "neoverse_v1"),
        ("<b>zen</b>\n" * 20, "<b>zen</b>?<b>zen</b>?<b>zen</b>?<b>zen</b>?<b>zen</b>?<b>ze"),
    ],
)
def test_a_cpu_that_is_not_to_be_had_any_more_is_told(last: str, told: str | None) -> None:
    page = Page(offers(*SEVERAL), Choice("2025.06", ENVIRONMENTS[:1], last), last=last)
    notices = [line for line in page.lines if line.startswith("You chose")]
    sentence = f"You chose {told} last time. No node pool can run it now, so any CPU is chosen."
    assert notices == ([sentence] if told else [])
    assert page.checked == (["automatic"] if told or last in ("", "automatic") else [last])
    assert "b" not in page.tags


@pytest.mark.parametrize(
    ("states", "counted", "told"),
    [
        (SEVERAL, {"counts_own": True}, [COUNTED]),
        (SEVERAL, {}, []),
        ([ZEN2, ICELAKE], {"counts_own": True}, []),
        ([ZEN4], {"counts_own": True}, [COUNTED]),
    ],
    ids=["own", "all", "own-but-none-free", "one-pool"],
)
def test_that_only_own_servers_are_counted_is_said_where_nodes_are_called_free(
    states: list[PoolState], counted: dict[str, Any], told: list[str]
) -> None:
    assert [line for line in Page(offers(*states, **counted)).lines if line.startswith("Only")] == told


@pytest.mark.parametrize("name", ["\"><script>alert('1')</script>", "{{ 7 * 7 }}", "a" * 63])
@pytest.mark.parametrize("others", [[], [ZEN4]], ids=["one-pool", "several"])
def test_a_pools_name_is_text_and_never_markup(name: str, others: list[PoolState]) -> None:
    def page(name: str) -> Page:
        return Page(offers(found(name, "x86_64/intel/icelake", free=1), *others))

    assert page(name).tags == page("plain").tags
    assert name in "\n".join(page(name).lines)


def test_each_release_has_its_own_line_and_the_switch_knows_it() -> None:
    offered = offers(*SEVERAL)
    cpus: Any = cpu_choices(offered.placing, ENVIRONMENTS, Request())
    text = render_form(offered, Choice("all", ENVIRONMENTS), root="/", cpus=cpus)
    for index in (1, 2):
        assert f"#eessi-release-{index}:not(:checked)" in text
        assert len(re.findall(rf'class="eessi-of-release eessi-of-release-{index}\b', text)) == len(cpus)
