"""What is kept for groups does not exist for others: alike in the form, by a link and by the REST API."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy.orm
from jupyterhub import orm
from jupyterhub.objects import Hub
from jupyterhub.user import User
from tornado.web import HTTPError
from traitlets import TraitError
from traitlets.config import Config

from eessi_spawner.spawner.groups import may_use, named_groups
from eessi_spawner.spawner.kube import EESSISpawner
from eessi_spawner.spawner.local import EESSILocalSpawner
from eessi_spawner.stack.host import read_host
from tests.unit.spawner.pods import POOLS, Json, MakeSpawner, join

KERNEL = "jupyter-server/2.17.0-GCCcore-14.3.0"
OLD_KERNEL = "jupyter-server/2.7.2-GCCcore-12.3.0"
SITE: Json = {
    "eessi_environments": [
        {"name": "open", "title": "Open", "release": "2025.06", "modules": [KERNEL]},
        {"name": "kept", "title": "Kept", "release": "2025.06", "modules": [KERNEL], "allowed_groups": ["course"]},
        {"name": "old", "title": "Old", "release": "2023.06", "modules": [OLD_KERNEL]},
    ],
    "release_groups": {"2023.06": ["course"]},
}
# Options that only members may choose, and what refuses them to others.
ONLY_MEMBERS = [
    ({"environments": ["kept"]}, "There is no environment 'kept'"),
    ({"environments": ["open", "kept"]}, "There is no environment 'kept'"),
    ({"release": "2023.06"}, "There is no EESSI release '2023.06'"),
    ({"environments": ["old"]}, "There is no environment 'old'"),
]
ONLY_POOLS = [({"pool": "course"}, "There is no node pool 'course'")]

Make = Callable[[], EESSISpawner | EESSILocalSpawner]


@pytest.fixture
def make_local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Return a function that makes spawners of the hub's machine, on a tree that has both releases."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "stack"
    for release, kernel in (("2025.06", KERNEL), ("2023.06", OLD_KERNEL)):
        build = root / f"versions/{release}/software/linux/{read_host().chain[-1].path}"
        for file in (
            build / f"modules/all/{kernel}.lua",
            root / f"init/modules/EESSI/{release}.lua",
            build / "software/x",
        ):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
    engine = sqlalchemy.create_engine("sqlite://")
    orm.Base.metadata.create_all(engine)
    session = sqlalchemy.orm.Session(engine, expire_on_commit=False)
    session.add(user := orm.User(name=getpass.getuser()))
    session.commit()

    def make() -> EESSILocalSpawner:
        config = Config({"EESSILocalSpawner": {"eessi_root": str(root), **SITE}})
        settings = {"spawner_class": EESSILocalSpawner, "config": config, "hub": Hub(), "base_url": "/"}
        spawner: EESSILocalSpawner = User(user, settings).get_spawner("")
        return spawner

    yield make
    session.close()
    engine.dispose()


@pytest.fixture(params=["pods", "local"])
def make(request: pytest.FixtureRequest) -> Make:
    if request.param == "local":
        made: Make = request.getfixturevalue("make_local")
        return made
    make_pods: MakeSpawner = request.getfixturevalue("make_spawner")
    return lambda: make_pods(node_pools=POOLS, **SITE)


async def choose(spawner: Any, way: str, options: Json) -> list[str]:
    """Choose *options* by a form, a link or the REST API, and return the names of the kernels."""
    fields = {key: value if isinstance(value, list) else [value] for key, value in options.items()}
    if way == "form":
        options = await spawner.run_options_from_form({"eessi-form": ["1"], "environments": ["old", "open"], **fields})
    elif way == "link":
        options = await spawner.options_from_query(fields)
    spawner.user_options = options
    await spawner._run_apply_user_options(options)
    return list(spawner.module_environments)


@pytest.mark.parametrize("way", ["form", "link", "rest"])
@pytest.mark.parametrize(("options", "words"), ONLY_MEMBERS)
def test_only_members_may_choose_what_is_kept_for_a_group(
    options: Json, words: str, way: str, make: Make, loop: asyncio.AbstractEventLoop
) -> None:
    member, other = make(), make()
    join(member, "course", "physics")
    assert loop.run_until_complete(choose(member, way, options))
    join(other, "physics")
    with pytest.raises(HTTPError) as raised:
        loop.run_until_complete(choose(other, way, options))
    assert raised.value.status_code == 400
    # A form may also have nothing left that is ticked.
    assert words in str(raised.value) or way == "form"
    assert "kept" not in str(raised.value).partition("Choose from")[2]


@pytest.mark.parametrize("way", ["form", "link", "rest"])
@pytest.mark.parametrize(("options", "words"), ONLY_POOLS)
def test_only_members_may_choose_a_pool_that_is_kept_for_a_group(
    options: Json, words: str, way: str, make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop
) -> None:
    spawner = make_spawner(node_pools=POOLS, **SITE)
    with pytest.raises(HTTPError, match=words):
        loop.run_until_complete(choose(spawner, way, options))
    join(spawner, "course")
    loop.run_until_complete(choose(spawner, way, options))
    assert [offer.state.pool.name for offer in spawner.taken][:1] == ["course"]


def test_a_form_shows_nothing_of_what_is_kept_for_others(make: Make, loop: asyncio.AbstractEventLoop) -> None:
    spawner = make()
    form = loop.run_until_complete(spawner.render_options_form(spawner))
    assert 'value="open"' in form
    assert not {word for word in ('value="kept"', "2023.06", "(pool course)") if word in form}
    join(spawner, "course")
    form = loop.run_until_complete(spawner.render_options_form(spawner))
    assert {word for word in ('value="kept"', "2023.06") if word in form} == {'value="kept"', "2023.06"}


def test_without_options_a_server_has_nothing_that_is_kept_for_others(
    make: Make, loop: asyncio.AbstractEventLoop
) -> None:
    assert loop.run_until_complete(choose(make(), "rest", {})) == ["open"]


def test_who_has_left_a_group_loses_what_was_chosen_as_its_member(make: Make, loop: asyncio.AbstractEventLoop) -> None:
    spawner = make()
    join(spawner, "course")
    loop.run_until_complete(choose(spawner, "rest", {"environments": ["kept"]}))
    join(spawner)
    with pytest.raises(HTTPError, match="There is no environment 'kept'"):
        loop.run_until_complete(choose(spawner, "rest", spawner.user_options))
    assert spawner.user_options == {}


@pytest.mark.parametrize(
    ("allowed", "groups", "may"),
    [([], [], True), (["a"], ["a"], True), (["a", "b"], ["b"], True), (["a"], [], False), (["a"], ["A"], False)],
)
def test_one_common_group_is_enough(allowed: list[str], groups: list[str], may: bool) -> None:  # noqa: FBT001
    assert may_use(allowed, groups) is may


def test_each_group_is_named_with_all_that_is_kept_for_it() -> None:
    assert named_groups(SITE["eessi_environments"], SITE["release_groups"]) == {
        "course": {"environment kept", "release 2023.06"}
    }


@pytest.mark.parametrize("groups", ["course", [""], [1], {"course": 1}, None])
def test_groups_that_are_no_list_of_names_are_refused_when_the_hub_starts(
    groups: Any, make_spawner: MakeSpawner
) -> None:
    entry = {**SITE["eessi_environments"][0], "allowed_groups": groups}
    for wrong in ({"eessi_environments": [entry]}, {"release_groups": {"2023.06": groups}}):
        with pytest.raises(TraitError, match="expected to be a list of group names"):
            make_spawner(**wrong)
