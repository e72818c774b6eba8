"""The spawner as JupyterHub makes and calls it: traits, form, choice, environment, progress, on a small tree."""

from __future__ import annotations

import asyncio
import getpass
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy.orm
from jupyterhub import orm
from jupyterhub.objects import Hub
from jupyterhub.user import User
from tornado.httputil import HTTPFile
from tornado.web import HTTPError
from traitlets import TraitError
from traitlets.config import Config

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.kernels.settings import SETTINGS_VARIABLE, KernelSettings, settings_from_variable
from eessi_spawner.spawner.local import EESSILocalSpawner
from eessi_spawner.stack.host import read_host

GENERIC = read_host().chain[-1].path
KERNEL = "jupyter-server/2.17.0-GCCcore-14.3.0"
LISTED = [
    {"name": "mine", "title": "Mine", "release": "2025.06", "modules": [KERNEL]},
    {"name": "too", "title": "Me too", "release": "2025.06", "modules": [KERNEL]},
    {"name": "gone", "title": "Gone", "release": "2025.06", "modules": ["A/1-gfbf-2025b"]},
]

MakeSpawner = Callable[..., EESSILocalSpawner]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree with one release and one generation, built for every CPU."""
    build = tmp_path / "stack/versions/2025.06/software/linux" / GENERIC
    for file in (
        build / f"modules/all/{KERNEL}.lua",
        tmp_path / "stack/init/modules/EESSI/2025.06.lua",
        build / "software/nothing",
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return tmp_path / "stack"


@pytest.fixture
def make_spawner(root: Path) -> Iterator[MakeSpawner]:
    """Return a function that makes spawners as a hub does, from configuration, with a database and a user."""
    engine = sqlalchemy.create_engine("sqlite://")
    orm.Base.metadata.create_all(engine)
    session = sqlalchemy.orm.Session(engine)
    user = orm.User(name=getpass.getuser())
    session.add(user)
    session.commit()

    def make(**configured: Any) -> EESSILocalSpawner:
        config = Config({"EESSILocalSpawner": {"eessi_root": str(root), **configured}})
        settings = {"spawner_class": EESSILocalSpawner, "config": config, "hub": Hub(), "base_url": "/"}
        spawner: EESSILocalSpawner = User(user, settings).get_spawner("")
        return spawner

    yield make
    session.close()
    engine.dispose()


def run(work: Awaitable[Any]) -> Any:
    async def wait() -> Any:
        return await work

    return asyncio.run(wait())


def choose(spawner: EESSILocalSpawner, options: dict[str, Any]) -> list[str]:
    """Take options as a spawn does."""
    spawner.user_options = options
    run(spawner._run_apply_user_options(options))
    return list(spawner.module_environments)


def told(spawner: EESSILocalSpawner) -> KernelSettings:
    return settings_from_variable(spawner.get_env()[SETTINGS_VARIABLE])


# Traits


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        ([{**LISTED[0], "name": "Mine!"}], "Environment 'Mine!' cannot be used: its name must be"),
        ([{**LISTED[0], "modules": "A/1"}], "Environment 'mine' cannot be used: its modules must be a list"),
        ([{**LISTED[0], "modules": []}], "Environment 'mine' cannot be used: none of its modules"),
        ([{**LISTED[0], "title": "two\nlines"}], "Environment 'mine' cannot be used: its title"),
        ([{**LISTED[0], "language": "r"}], "Environment 'mine' cannot be used: there is no kernel for language 'r'"),
        ([LISTED[0], {**LISTED[1], "name": "mine"}], "Two environments are called 'mine'."),
        (["mine"], "a mapping was expected, str came"),
        ([{**LISTED[0], "modules": ["A/1", "$(reboot)"]}], "'$(reboot)' is not a full module name"),
        ([{**LISTED[0], "release": "newest"}], "'newest' is not an EESSI release"),
    ],
)
def test_an_environment_that_cannot_be_is_refused_when_the_hub_starts(
    listed: list[Any], words: str, make_spawner: MakeSpawner
) -> None:
    with pytest.raises(TraitError) as raised:
        make_spawner(eessi_environments=listed)
    assert words in str(raised.value)


def test_listed_environments_are_offered_in_their_order_with_reasons(make_spawner: MakeSpawner) -> None:
    offers = run(make_spawner(eessi_environments=LISTED).find_offers())
    assert [(offer.environment.name, bool(offer.reason)) for offer in offers.environments] == [
        ("mine", False),
        ("too", False),
        ("gone", True),
    ]


def test_without_a_list_the_defaults_of_the_tree_are_offered(make_spawner: MakeSpawner) -> None:
    offers = run(make_spawner().find_offers())
    assert [found.name for found in offers.runnable] == ["2025.06-python-2025b"]
    assert offers.target == read_host().target.path
    assert offers.targets == {"2025.06": GENERIC}


RUNS = ("x86_64/amd/zen2", "x86_64/generic")


@pytest.mark.parametrize("pin", ["", *RUNS])
def test_a_pin_to_what_the_cpu_runs_is_taken(pin: str, make_spawner: MakeSpawner) -> None:
    make_spawner(cpu_target=pin).check_pin(RUNS)


@pytest.mark.parametrize("pin", ["x86_64/amd/zen3", "aarch64/generic", "zen3", "x86_64/generic "])
def test_a_pin_above_what_the_cpu_runs_is_refused(pin: str, make_spawner: MakeSpawner) -> None:
    with pytest.raises(InvalidChoiceError):
        make_spawner(cpu_target=pin).check_pin(RUNS)


@pytest.mark.parametrize("pin", ["no/such_cpu", "riscv64/sifive/p550", "; reboot"])
def test_a_wrong_pin_is_a_problem_that_the_form_shows(pin: str, make_spawner: MakeSpawner) -> None:
    spawner = make_spawner(cpu_target=pin)
    assert run(spawner.find_offers()).problem is not None
    assert "EESSI is not available now." in run(spawner.get_options_form())


# Choices


def test_a_form_becomes_options_and_options_become_kernels(make_spawner: MakeSpawner) -> None:
    spawner = make_spawner(eessi_environments=LISTED)
    fields = {"eessi-form": ["1"], "release": ["2025.06"], "environments": ["too"], "_xsrf": ["x"]}
    options = run(spawner.run_options_from_form(fields))
    assert options == {"release": "2025.06", "environments": ["too"]}
    assert choose(spawner, options) == ["too"]
    assert [found.name for found in told(spawner).environments] == ["too"]


def test_a_link_becomes_options_too(make_spawner: MakeSpawner) -> None:
    spawner = make_spawner(eessi_environments=LISTED)
    assert run(spawner.options_from_query({"environments": ["too"]})) == {"release": "all", "environments": ["too"]}


@pytest.mark.parametrize(
    "fields",
    [
        {"eessi-form": ["1"]},
        {"eessi-form": ["1"], "environments": ["gone"]},
        {"environments": ["<b>"]},
        {"release": ["2023.06"]},
        {"cmd": ["sh"]},
        {"environments_file": [HTTPFile(filename="a", body=b"\0", content_type="x")]},
    ],
)
def test_a_wrong_form_is_http_400(fields: dict[str, Any], make_spawner: MakeSpawner) -> None:
    with pytest.raises(HTTPError) as raised:
        run(make_spawner(eessi_environments=LISTED).run_options_from_form(fields))
    assert raised.value.status_code == 400
    assert raised.value.reason == "invalid_choice"


@pytest.mark.parametrize(
    "options",
    [{"environments": ["gone"]}, {"environments": 1}, {"release": []}, {"image": "x"}, {"release": "2099.01"}],
)
def test_wrong_options_of_a_rest_call_are_http_400_and_choose_nothing(
    options: dict[str, Any], make_spawner: MakeSpawner
) -> None:
    spawner = make_spawner(eessi_environments=LISTED)
    with pytest.raises(HTTPError) as raised:
        choose(spawner, options)
    assert raised.value.status_code == 400
    assert told(spawner).environments == ()
    assert spawner.user_options != options, "it is not used again at the next spawn"


@pytest.mark.parametrize(
    ("configured", "options", "chosen"),
    [
        ({}, {}, ["mine", "too"]),
        ({"module_environments": ["too"]}, {}, ["too"]),
        ({"module_environments": ["too"]}, {"environments": ["mine"]}, ["mine"]),
        ({"release": "all"}, {}, ["mine", "too"]),
    ],
)
def test_without_options_the_configuration_decides(
    configured: dict[str, Any], options: dict[str, Any], chosen: list[str], make_spawner: MakeSpawner
) -> None:
    assert choose(make_spawner(eessi_environments=LISTED, **configured), options) == chosen


@pytest.mark.parametrize(
    "options", [{"environments": ["too"]}, {"environments": ["gone"]}, {"garbage": 1}], ids=["kept", "gone", "garbage"]
)
def test_what_was_chosen_last_is_ticked_where_it_is_still_offered(
    options: dict[str, Any], make_spawner: MakeSpawner
) -> None:
    spawner = make_spawner(eessi_environments=LISTED)
    spawner.user_options = options
    form = run(spawner.get_options_form())
    ticked = {name for name in ("mine", "too") if "checked" in form.partition(f'value="{name}"')[2].partition(">")[0]}
    assert ticked == ({"too"} if options == {"environments": ["too"]} else {"mine", "too"})


def test_without_a_stack_a_server_starts_without_kernels(make_spawner: MakeSpawner, tmp_path: Path) -> None:
    spawner = make_spawner(eessi_root=str(tmp_path / "none"))
    assert "Reason code: mount_absent" in run(spawner.get_options_form())
    assert choose(spawner, {}) == []
    assert told(spawner).environments == ()


# What the server is told


def test_a_refused_choice_is_forgotten_and_the_one_before_it_is_kept(make_spawner: MakeSpawner) -> None:
    spawner = make_spawner()
    good = {"release": "2025.06", "environments": ["2025.06-python-2025b"]}
    choose(spawner, good)
    spawner.user_options = {"release": "nope"}
    with pytest.raises(HTTPError):
        run(spawner.apply_choice(spawner.user_options))
    assert spawner.user_options == spawner.orm_spawner.user_options == good


def test_a_choice_outlives_an_outage_of_the_stack(make_spawner: MakeSpawner, tmp_path: Path) -> None:
    spawner = make_spawner(eessi_root=str(tmp_path / "nothing"))
    spawner.user_options = {"release": "2025.06", "environments": ["2025.06-python-2025b"]}
    with pytest.raises(HTTPError, match="nothing is mounted"):
        run(spawner.apply_choice(spawner.user_options))
    assert spawner.user_options["environments"] == ["2025.06-python-2025b"]


def test_the_servers_environment_carries_the_settings_in_one_variable(make_spawner: MakeSpawner, root: Path) -> None:
    (root / "SAMPLE.json").write_text(json.dumps({"interpreter": "3.11.7"}))
    spawner = make_spawner(eessi_environments=LISTED, cpu_target=GENERIC, lmod_command="/opt/lmod")
    choose(spawner, {"environments": ["too"]})
    settings = told(spawner)
    chosen = (spawner.listed_environments(())[1].environment,)
    assert settings == KernelSettings(str(root), chosen, GENERIC, lmod="/opt/lmod", sample={"interpreter": "3.11.7"})
    assert spawner.get_env()["JUPYTERHUB_USER"] == getpass.getuser()


def test_progress_tells_in_order_what_was_found_and_is_started(make_spawner: MakeSpawner, root: Path) -> None:
    spawner = make_spawner(eessi_environments=LISTED, cmd=["sleep", "1"], notebook_dir=str(root), ip="127.0.0.1")

    async def spawn() -> list[dict[str, Any]]:
        await spawner._run_apply_user_options({})
        events: list[dict[str, Any]] = []

        async def listen() -> None:
            async for event in spawner.progress():
                events.append(event)
                if event["message"] == "Starting JupyterLab":
                    return

        listening = asyncio.create_task(listen())
        await spawner.start()
        await asyncio.wait_for(listening, 10)
        await spawner.stop(now=True)
        return events

    events = run(spawn())
    assert [event["message"] for event in events] == [
        f"Looking at {root}",
        f"Found CPU {read_host().target}",
        f"EESSI 2025.06, builds for {GENERIC}: Mine, Me too",
        "Starting JupyterLab",
    ]
    percents = [event["progress"] for event in events]
    assert percents == sorted(percents)
    assert percents[-1] < 100
