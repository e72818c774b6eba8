"""Options of profiles are checked before KubeSpawner acts on them: whatever comes, HTTP 400 or a pod of the form."""

from __future__ import annotations

import asyncio
import json
import random
import re
from typing import Any

import pytest
from tornado.web import HTTPError

from eessi_spawner.kernels.settings import SETTINGS_VARIABLE
from tests.unit.affinity import REQUIRED
from tests.unit.spawner.pods import POOLS, PROFILES, ZEN3, ZEN4, Json, MakeSpawner, PodOf, notebook, pool_term

IMAGES = {"registry.example.org/a:1", "registry.example.org/c:1"}
OWN_IMAGE = r"registry\.example\.org/[a-z0-9]+:[a-z0-9.]+"
UNLISTED = {"display_name": "Image", "unlisted_choice": {"enabled": True, "display_name": "Yours"}}


def unlisted(**more: Any) -> list[Json]:
    override = {"kubespawner_override": {"image": "{value}"}}
    choice = {**UNLISTED["unlisted_choice"], **override, **more}  # type: ignore[dict-item]
    return [{"display_name": "P", "slug": "p", "profile_options": {"image": {**UNLISTED, "unlisted_choice": choice}}}]


@pytest.mark.parametrize("options", [{}, {"profile": "p"}, {"profile": "p", "image--unlisted-choice": ""}])
def test_an_option_without_a_default_has_to_be_given(options: Json, make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    with pytest.raises(HTTPError, match="The option 'image' needs a value") as raised:
        pod_of(make_spawner({"profile_list": unlisted()}), options)
    assert raised.value.status_code == 400


def test_a_text_of_ones_own_has_no_line_ends(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    profiles = unlisted(validation_regex="^registry.example.org/.+:.+$")
    for ending in ("\n", "\x00", "\t"):
        with pytest.raises(HTTPError):
            pod_of(
                make_spawner({"profile_list": profiles}),
                {"profile": "p", "image--unlisted-choice": f"registry.example.org/a:1{ending}"},
            )


@pytest.mark.parametrize("kind", ["function", "coroutine"])
def test_a_callable_may_return_a_dict_of_profiles(kind: str, make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    async def later(_spawner: object) -> dict[str, Json]:
        return {"a": PROFILES[1], "b": PROFILES[0]}

    given = {"function": lambda _spawner: {"a": PROFILES[1], "b": PROFILES[0]}, "coroutine": later}[kind]
    pod = pod_of(make_spawner({"profile_list": given}), {"profile": "small"})
    assert notebook(pod)["resources"]["limits"]["cpu"] == 1


FORM: list[Json] = [
    {"display_name": "Small", "slug": "small", "kubespawner_override": {"image": "registry.example.org/c:1"}},
    {
        "display_name": "Large",
        "slug": "large",
        "profile_options": {
            "image": {
                "display_name": "Image",
                "choices": {
                    name: {"display_name": name, "kubespawner_override": {"image": f"registry.example.org/{name}:1"}}
                    for name in ("a", "c")
                },
                "unlisted_choice": {
                    "enabled": True,
                    "display_name": "Yours",
                    "validation_regex": f"^{OWN_IMAGE}$",
                    "kubespawner_override": {"image": "{value}"},
                },
            }
        },
    },
]
# With profiles and without: ten thousand in all.
OPTION_SETS = 5_000
RELEASES = ["2025.06", "2023.06", "all", "", "1999.01", "2025.06 "]
ENVIRONMENTS = ["2025.06-python-2025b", "2025.06-python-2024a", "2023.06-python-2023b", "nope", ""]
TEXTS = [
    *("registry.example.org/b:2", "registry.example.org/b:2\n", "registry.example.org/{username}:2", "evil:1", "{}"),
    *RELEASES,
    *ENVIRONMENTS,
    *("small", "large", "a", "c", "b", "../..", "%s", "{0}", "\x00", "é" * 300),
    *(ZEN4, ZEN3, "automatic", "x86_64/intel/haswell", "zen4", "gpu", "course", "2025.06-x86-64.amd.zen3"),
]
KEYS = [
    *("profile", "eessi", "image", "image--unlisted-choice", "release", "environments", "cpu_target", "pool"),
    *("eessi--unlisted-choice", "--unlisted-choice", "profile--unlisted-choice", "kubespawner_override", ""),
]


def any_value(draw: random.Random) -> Any:
    """Return what may come in JSON: often nearly right, sometimes nothing of the kind."""
    kind = draw.random()
    if kind < 0.7:
        return draw.choice(TEXTS)
    if kind < 0.85:
        return [draw.choice(ENVIRONMENTS) for _ in range(draw.randrange(4))]
    return draw.choice([None, True, 0, 1.5, [], {}, [None], [["a"]], {"a": {"b": "c"}}, "x" * 10_000, [1] * 1000])


# What is right for a key, so that many option sets get as far as a pod.
RIGHT: dict[str, list[Any]] = {
    "profile": ["small", "large", "", None],
    "eessi": ["2025.06", "2023.06", "all", ""],
    "image": ["a", "c", "", None],
    "image--unlisted-choice": ["registry.example.org/b:2", ""],
    "release": ["2025.06", "2023.06", "all"],
    "cpu_target": [ZEN4, ZEN3, "x86_64/generic", "automatic", "", None],
    "pool": ["zen4", "zen3", "gpu", "", None],
    "environments": [["2025.06-python-2025b"], ["2023.06-python-2023b", "2025.06-python-2024a"], []],
}


def any_options(draw: random.Random) -> Json:
    keys = draw.sample(KEYS, draw.randrange(5))
    if draw.random() < 0.5:
        return {key: draw.choice(RIGHT[key]) for key in keys if key in RIGHT}
    return {key: any_value(draw) for key in keys}


@pytest.mark.parametrize("profiles", [[], FORM], ids=["no-profiles", "profiles"])
def test_any_options_are_refused_by_http_400_or_make_a_pod_of_the_form(
    profiles: list[Json], make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop
) -> None:
    spawner = make_spawner({"profile_list": profiles}, node_pools=POOLS)
    usable = [pool["name"] for pool in POOLS if pool["name"] not in {"course", "arm"}]
    # The traceback that JupyterHub logs for each refusal takes longer than all else.
    spawner.log.disabled = True
    offered = {offer.environment.name for offer in loop.run_until_complete(spawner.find_offers()).environments}
    draw = random.Random(20250601)  # noqa: S311
    pods, refused = 0, 0

    async def spawn(options: Json) -> Any:
        # As JupyterHub makes a spawner anew for each start; what is ours has to be reset by itself.
        spawner.image = "registry.example.org/c:1"
        spawner.user_options = options
        try:
            await spawner._run_apply_user_options(options)
            await spawner.load_user_options()
            return await spawner.get_pod_manifest()
        except HTTPError as error:
            return error

    async def all_of_them() -> None:
        nonlocal pods, refused
        for _ in range(OPTION_SETS):
            options = any_options(draw)
            json.dumps(options)
            pod = await spawn(options)
            if isinstance(pod, HTTPError):
                assert pod.status_code == 400, options
                refused += 1
                continue
            pods += 1
            (container,) = pod.spec.containers
            told = next(found.value for found in container.env if found.name == SETTINGS_VARIABLE)
            chosen = {found["name"] for found in json.loads(told)["environments"]}
            assert chosen, options
            assert chosen <= offered, options
            assert container.image in IMAGES or re.fullmatch(OWN_IMAGE, container.image), options
            (term,) = pod.spec.affinity["nodeAffinity"][REQUIRED]["nodeSelectorTerms"]
            assert term["matchExpressions"] in [[pool_term(name)] for name in usable], options

    try:
        loop.run_until_complete(all_of_them())
    finally:
        spawner.log.disabled = False
    assert pods > 500, "the test tests something"
    assert refused > 500
