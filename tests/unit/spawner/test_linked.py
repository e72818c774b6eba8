"""Pods with a service: its environments are offered and started, and it hears how the hub is and how spawns end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub import orm

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.placement.facts import facts_from_json
from eessi_spawner.spawner import linked
from eessi_spawner.spawner.kube import EESSISpawner
from eessi_spawner.spawner.rejection import rejection
from eessi_spawner.spawner.start_check import check_traits
from eessi_spawner.stack.environments import make_environment
from tests.unit.spawner.pods import POOLS, PROFILES, MakeSpawner, PodOf, environments, settings
from tests.unit.spawner.service_double import ServiceDouble, serving

PLOTS = {"name": "plots", "title": "My plots", "release": "2025.06", "modules": ["matplotlib/3.10.5-gfbf-2025b"]}
GONE = {"name": "gone", "title": "Gone", "release": "2021.12", "modules": ["jupyter-server/2.7.2-GCCcore-12.3.0"]}
KEY = make_environment(PLOTS).key
USER = "Zoë@example.org"


class Known:
    """A link whose service has answered already."""

    def __init__(self, saved: list[dict[str, Any]] | None) -> None:
        self.saved = saved
        self.told: list[dict[str, Any]] = []

    async def environments_of(self, _user: str, *, seconds: float) -> Any:
        assert seconds == 1
        return None if self.saved is None else tuple(map(make_environment, self.saved))

    def tell_spawn(self, report: dict[str, Any]) -> None:
        self.told.append(report)


@pytest.fixture
def linked_to(make_spawner: MakeSpawner, monkeypatch: pytest.MonkeyPatch) -> Callable[..., EESSISpawner]:
    def make(saved: list[dict[str, Any]] | None, **configured: Any) -> EESSISpawner:
        link = Known(saved)
        monkeypatch.setattr(EESSISpawner, "service_link", lambda _self: link)
        return make_spawner(**configured)

    return make


def test_what_a_user_saved_is_in_the_form_under_its_own_heading(
    linked_to: Callable[..., EESSISpawner], loop: asyncio.AbstractEventLoop
) -> None:
    form = loop.run_until_complete(linked_to([PLOTS, GONE]).get_options_form())
    before, _, own = form.partition("<legend>Yours, of EESSI 2025.06</legend>")
    assert 'value="plots"' in own.partition("</fieldset>")[0]
    assert 'value="plots"' not in before
    assert "2021.12" not in form
    assert form.count("<legend>Yours") == 1


def test_without_any_there_is_no_heading(
    linked_to: Callable[..., EESSISpawner], loop: asyncio.AbstractEventLoop
) -> None:
    form = loop.run_until_complete(linked_to([]).get_options_form())
    assert "Yours" not in form
    assert "not known now" not in form


def test_what_a_user_saved_is_chosen_by_form_and_link_and_rest(
    linked_to: Callable[..., EESSISpawner], loop: asyncio.AbstractEventLoop, pod_of: PodOf
) -> None:
    spawner = linked_to([PLOTS])
    fields = {"eessi-form": ["1"], "release": ["2025.06"], "environments": ["plots"]}
    options = {"release": "2025.06", "environments": ["plots"]}
    assert loop.run_until_complete(spawner.run_options_from_form(fields)) == options
    assert loop.run_until_complete(spawner.options_from_query({"environments": ["plots"]}))["environments"] == ["plots"]
    pod = pod_of(spawner, options)
    assert environments(pod) == ["plots"]
    assert settings(pod).own == ("plots",)


def test_what_the_site_offers_too_is_chosen_by_the_name_that_the_user_gave_it(
    linked_to: Callable[..., EESSISpawner], pod_of: PodOf
) -> None:
    site = {**PLOTS, "name": "site"}
    spawner = linked_to([PLOTS], eessi_environments=[site])
    assert environments(pod_of(spawner, {"environments": ["plots"]})) == ["site"]


def test_a_profile_s_release_brings_what_the_user_saved_of_it(
    linked_to: Callable[..., EESSISpawner], pod_of: PodOf
) -> None:
    pod = pod_of(linked_to([PLOTS, GONE], profile_list=PROFILES), {"profile": "small", "eessi": "2025.06"})
    assert environments(pod)[-1] == "plots"


def test_a_pool_without_builds_for_its_modules_does_not_get_it(
    linked_to: Callable[..., EESSISpawner], loop: asyncio.AbstractEventLoop
) -> None:
    offers = loop.run_until_complete(linked_to([PLOTS], node_pools=POOLS).offered())
    assert offers.placing.builds.modules["plots"] == offers.builds.modules["plots"]
    assert "x86_64/amd/zen4" in (offers.builds.modules["plots"] or ())


def test_while_nobody_knows_what_a_user_saved_a_server_starts_without_and_says_so(
    linked_to: Callable[..., EESSISpawner], loop: asyncio.AbstractEventLoop, pod_of: PodOf
) -> None:
    chosen = {"environments": ["2025.06-python-2025b", "plots"]}
    spawner = linked_to(None)
    assert environments(pod_of(spawner, chosen)) == ["2025.06-python-2025b"]
    assert any("starting without what you saved" in step for step in spawner._steps)
    assert "What you saved of EESSI is not known now" in loop.run_until_complete(spawner.get_options_form())
    assert environments(pod_of(linked_to(None), {"environments": ["plots"]})) != []


# What servers are told


@pytest.fixture
def unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no such service, only its address."""
    monkeypatch.setattr(EESSISpawner, "service_link", lambda _self: None)


@pytest.mark.parametrize(
    ("url", "configured", "address"),
    [
        ("http://hub:8181", {}, "http://hub:8181/services/eessi/"),
        ("http://127.0.0.1:8181", {}, ""),
        ("http://localhost:8181", {}, ""),
        ("http://[::1]:8181", {}, ""),
        ("", {"eessi_service_address": "http://proxy-public/services/eessi"}, ""),
        (
            "http://127.0.0.1:8181",
            {"eessi_service_address": "http://proxy-public/services/eessi"},
            "http://proxy-public/services/eessi/",
        ),
        ("http://hub:8181", {"eessi_service": "other"}, ""),
        ("http://hub:8181", {"eessi_service": ""}, ""),
    ],
)
@pytest.mark.usefixtures("unasked")
def test_pods_are_told_an_address_that_they_reach_and_may_ask_there(
    url: str, configured: dict[str, str], address: str, make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    spawner = make_spawner(**configured)
    spawner.db.add(orm.Role(name="server", scopes=["users:activity!user"]))
    spawner.user.settings["services"] = ServiceDouble(url=url).services
    scopes = ["access:services!service=eessi"] if address else []
    assert spawner.server_token_scopes(spawner) == ["users:activity!user", *scopes]
    assert settings(pod_of(spawner)).service == address


# Spawns


Spawned = Callable[..., dict[str, Any]]


@pytest.fixture
def spawned(loop: asyncio.AbstractEventLoop) -> Spawned:
    """Return a function that does what JupyterHub does in a spawn, and returns what the service was told."""

    async def spawn(spawner: EESSISpawner, options: dict[str, Any], end: BaseException | None) -> None:
        for _ in range(2):
            await spawner.apply_group_overrides()
        await spawner._run_apply_user_options(options)
        await spawner.load_user_options()
        if end is not None:
            raise end

    def follow(spawner: EESSISpawner, options: dict[str, Any], end: BaseException | None = None) -> dict[str, Any]:
        async def wait() -> None:
            spawner.user_options = options
            spawner._spawn_future = asyncio.ensure_future(spawn(spawner, options, end))
            await asyncio.wait([spawner._spawn_future])
            await asyncio.sleep(0)

        loop.run_until_complete(wait())
        link: Any = spawner.service_link()
        (report,) = link.told
        link.told.clear()
        return dict(report)

    return follow


def test_each_spawn_is_told_once_with_what_was_chosen_and_the_pool_that_it_got(
    linked_to: Callable[..., EESSISpawner], spawned: Spawned
) -> None:
    spawner = linked_to([PLOTS], node_pools=POOLS)
    report = spawned(spawner, {"environments": ["plots"], "pool": "zen3"}, asyncio.TimeoutError())
    again = spawned(spawner, {"environments": ["plots"], "pool": "zen3"}, asyncio.TimeoutError())
    told = {name: report[name] for name in ("user", "server", "result", "code", "pool", "release", "environments")}
    assert told == {
        "user": USER,
        "server": "",
        "result": "failed",
        "code": "timeout",
        "pool": "zen3",
        "release": "all",
        "environments": [KEY],
    }
    assert report["seconds"] >= 0
    assert report["id"] != again["id"]


def test_a_server_that_was_ready_is_told_again_when_it_stops(
    linked_to: Callable[..., EESSISpawner], spawned: Spawned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EESSISpawner, "server", object())
    spawner = linked_to([PLOTS])
    ready = spawned(spawner, {"environments": ["plots"]})
    for _ in range(2):
        spawner.run_post_stop_hook()
    link: Any = spawner.service_link()
    (stopped,) = link.told
    assert (ready["result"], stopped["result"]) == ("ready", "stopped")
    changed = {"id", "at", "seconds", "result"}
    assert {name: stopped[name] for name in stopped.keys() - changed} == {
        name: ready[name] for name in ready.keys() - changed
    }
    assert ready["id"] != stopped["id"]


def test_a_choice_that_is_refused_is_told_without_the_pool_of_the_start_before(
    linked_to: Callable[..., EESSISpawner], spawned: Spawned
) -> None:
    spawner = linked_to([PLOTS], node_pools=POOLS)
    spawned(spawner, {"pool": "zen3"}, rejection(InvalidChoiceError("No.", advice="Wait.")))
    report = spawned(spawner, {"environments": ["nothing"]})
    assert [report[name] for name in ("result", "code", "pool", "environments")] == [
        "refused",
        "invalid_choice",
        "",
        [],
    ]


def test_a_hub_without_the_service_follows_no_spawn(make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop) -> None:
    spawner = make_spawner()
    spawner._spawn_future = loop.create_future()
    loop.run_until_complete(spawner.apply_group_overrides())
    assert spawner._followed is None
    assert loop.run_until_complete(spawner.saved_environments()) == ()


# The hub


def test_a_hub_that_starts_tells_its_pools_and_what_a_server_asks_for(
    make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linked, "_FACTS_SECONDS", 0.01)
    kube = {"mem_guarantee": "2G", "machine_images": {"aarch64": "arm:1"}}
    spawner = make_spawner(kube, node_pools=POOLS)
    app = SimpleNamespace(
        load_groups={"course": {}},
        services=[{"name": "eessi"}],
        tornado_settings={},
        db=SimpleNamespace(query=lambda _table: []),
    )

    async def starts() -> dict[str, Any]:
        async with serving(ServiceDouble()) as double:
            check_traits(type(spawner), spawner).hub_starts(app)
            # JupyterHub knows its services a while later.
            await asyncio.sleep(0.05)
            app.tornado_settings["services"] = double.services
            while not double.told:  # noqa: ASYNC110  # the double tells no events
                await asyncio.sleep(0.01)
            return dict(double.told[0][1])

    facts = facts_from_json(loop.run_until_complete(asyncio.wait_for(starts(), 20)))
    assert [state.pool.name for state in facts.states] == [pool["name"] for pool in POOLS]
    assert facts.request.resources.memory == 2**31
    assert facts.request.machines == ("x86_64", "aarch64")
