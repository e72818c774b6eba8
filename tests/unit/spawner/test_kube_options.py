"""What users choose of EESSISpawner: options are checked and become kernels, with and without profiles."""

from __future__ import annotations

import asyncio

import kubespawner
import pytest
from tornado.web import HTTPError

from tests.unit.spawner.pods import PROFILES, Json, MakeSpawner, PodOf, environments, notebook


def test_without_options_servers_get_the_newest_release(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    assert set(environments(pod_of(make_spawner()))) == {
        "2025.06-python-2025b",
        "2025.06-python-2025a",
        "2025.06-python-2024a",
    }


def test_chosen_environments_become_the_kernels(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    options = {"release": "2023.06", "environments": ["2023.06-python-2023a"]}
    assert environments(pod_of(make_spawner(), options)) == ["2023.06-python-2023a"]


@pytest.mark.parametrize(
    "options",
    [
        {"release": "1999.01"},
        {"environments": ["nope"]},
        {"environments": "text"},
        {"profile": "nope"},
        {"image": "evil"},
        {"eessi": {"$gt": ""}},
    ],
)
@pytest.mark.parametrize("profiles", [[], PROFILES], ids=["no-profiles", "profiles"])
def test_options_that_cannot_be_are_refused_by_http_400(
    options: Json, profiles: list[Json], make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    with pytest.raises(HTTPError) as raised:
        pod_of(make_spawner({"profile_list": profiles}), options)
    assert raised.value.status_code == 400


def test_a_profile_and_its_release_are_chosen_in_the_stock_form(
    make_spawner: MakeSpawner, pod_of: PodOf, loop: asyncio.AbstractEventLoop
) -> None:
    spawner = make_spawner({"profile_list": PROFILES})
    page = loop.run_until_complete(spawner.render_options_form(spawner))
    assert "profile-option-large--eessi" in page
    assert "EESSI release" in page
    fields = {"profile": ["large"], "profile-option-large--eessi": ["2023.06"], "profile-option-large--image": ["a"]}
    options = loop.run_until_complete(spawner.read_form(fields))
    assert options == {"profile": "large", "eessi": "2023.06", "image": "a"}
    pod = pod_of(spawner, options)
    assert notebook(pod)["image"] == "registry.example.org/a:1"
    assert notebook(pod)["resources"]["limits"]["cpu"] == 8
    assert all(name.startswith("2023.06") for name in environments(pod))


def test_environments_named_by_rest_win_over_the_profiles_release(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    options = {"profile": "small", "environments": ["2023.06-python-2023b"]}
    assert environments(pod_of(make_spawner({"profile_list": PROFILES}), options)) == ["2023.06-python-2023b"]


@pytest.mark.parametrize("profile", [{}, {"profile": ["small"]}], ids=["default", "named"])
def test_a_link_names_environments_with_a_profile_or_without(
    profile: Json, make_spawner: MakeSpawner, pod_of: PodOf, loop: asyncio.AbstractEventLoop
) -> None:
    spawner = make_spawner({"profile_list": PROFILES})
    fields = {**profile, "release": ["2023.06"], "environments": ["2023.06-python-2023b"]}
    options = loop.run_until_complete(spawner.read_form(fields))
    assert environments(pod_of(spawner, options)) == ["2023.06-python-2023b"]


def test_a_link_that_names_what_there_is_not_brings_the_form_back(
    make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop
) -> None:
    spawner = make_spawner({"profile_list": PROFILES})
    with pytest.raises(HTTPError) as raised:
        loop.run_until_complete(spawner.read_form({"environments": ["nope"]}))
    assert raised.value.status_code == 400


def test_a_profile_of_the_admins_sets_the_environments_and_the_way(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    module = "jupyter-server/2.17.0-GCCcore-14.3.0"
    override = {
        "eessi_environments": [{"name": "course", "release": "2025.06", "modules": [module]}],
        "eessi_attach": {"way": "nfs", "server": "192.0.2.7"},
        "release": "2025.06",
        "module_environments": ["course"],
    }
    profile = {
        "display_name": "Course",
        "slug": "course",
        "kubespawner_override": override,
        "profile_options": {"eessi": {"display_name": "", "choices": {"x": {"display_name": "x"}}}},
    }
    pod = pod_of(make_spawner({"profile_list": [profile]}), {"profile": "course"})
    assert environments(pod) == ["course"]
    assert pod["spec"]["volumes"][0]["nfs"]["server"] == "192.0.2.7"


# KubeSpawner takes a dict since 7.1.
KINDS = ["callable", "coroutine", *(["dict"] if kubespawner.version_info >= (7, 1) else [])]


@pytest.mark.parametrize("kind", KINDS)
def test_profiles_may_be_a_callable_or_a_dict(kind: str, make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    async def later(_spawner: object) -> list[Json]:
        return PROFILES

    given = {"callable": lambda _spawner: PROFILES, "coroutine": later, "dict": {"a": PROFILES[1], "b": PROFILES[0]}}
    pod = pod_of(make_spawner({"profile_list": given[kind]}), {"profile": "small", "eessi": "2023.06"})
    assert notebook(pod)["resources"]["limits"]["cpu"] == 1
    assert all(name.startswith("2023.06") for name in environments(pod))


def test_a_text_of_ones_own_must_match_and_have_no_braces(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    spawner = make_spawner({"profile_list": PROFILES})
    good = {"profile": "large", "image--unlisted-choice": "registry.example.org/b:2"}
    assert notebook(pod_of(spawner, good))["image"] == "registry.example.org/b:2"
    for bad in ("elsewhere.example.org/b:2", "registry.example.org/{username}:2"):
        with pytest.raises(HTTPError):
            pod_of(make_spawner({"profile_list": PROFILES}), {"profile": "large", "image--unlisted-choice": bad})


def test_a_form_without_profiles_offers_environments(
    make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop
) -> None:
    spawner = make_spawner()
    page = loop.run_until_complete(spawner.render_options_form(spawner))
    assert 'value="2025.06-python-2025b"' in page
