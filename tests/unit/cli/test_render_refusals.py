"""`eessi-spawner render` says in a sentence what the hub would refuse, and prints nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eessi_spawner.cli.main import main
from tests.unit.cli.rendered import EESSI, PROFILES, Refused


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        (EESSI, ["release=1999.01"], "There is no EESSI release '1999.01'"),
        (EESSI, ["environments=2025.06-python-2025b"], "expected as a list of names"),
        (EESSI, ["image=evil"], "There is no option 'image'"),
        (EESSI + PROFILES, ["profile=huge"], "There is no profile 'huge'. Choose from: small, large."),
        (EESSI + PROFILES, ["profile=small", "eessi=1"], "There is no choice of 'eessi' '1'"),
        (EESSI, ["release"], "expected as KEY=VALUE"),
        (EESSI, ["environments=[a"], "expected to be JSON"),
        (EESSI + "async def no(spawner, options): raise ValueError\nc.Spawner.apply_user_options = no", [], "refused"),
    ],
)
def test_options_that_the_hub_refuses_are_refused_here(
    text: str, arguments: list[str], words: str, refused: Refused
) -> None:
    said = refused(text, *(part for argument in arguments for part in ("--option", argument)))
    assert words in said
    assert len(said.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('c.EESSISpawner.eessi_attach = "ftp"', "c.EESSISpawner.eessi_attach = 'ftp': There is no way to attach"),
        ('c.EESSISpawner.eessi_attach = "ftp"', "Choose from: csi, ephemeral, fuse, host_path, nfs, none."),
        ('c.KubeSpawner.cpu_limit = "much"', "'cpu_limit' trait"),
        ('c.JupyterHub.port = "x"', "'port' trait"),
        (
            'c.KubeSpawner.profile_list = [{"display_name": "P", "kubespawner_override": {"eessi_attach": "ftp"}}]',
            "c.EESSISpawner.eessi_attach = 'ftp'",
        ),
    ],
)
def test_a_wrong_trait_is_named_with_its_value_and_the_fix(line: str, words: str, refused: Refused) -> None:
    assert words in refused(EESSI + line)


def test_a_misspelt_trait_is_a_warning_that_names_the_right_one(
    config: Callable[[str], str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", "--config", config(EESSI + 'c.EESSISpawner.eessi_atach = "csi"')]) == 0
    assert "Did you mean one of: `eessi_attach" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("c.KubeSpawner.modify_pod_hook = lambda spawner, pod: pod.speck", "AttributeError: 'V1Pod' object has no"),
        ('c.KubeSpawner.init_containers = [{"name": "x", "command": ["echo ${HOME}"]}]', "KeyError: 'HOME'"),
        ("import nothing_of_this_name", "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("import sys; sys.exit(1)", "SystemExit: 1"),
        ("this is no Python", "SyntaxError"),
        ('c.JupyterHub.spawner_class = "simple"', "SimpleLocalProcessSpawner, and EESSISpawner or a subclass"),
        ('c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"', 'Set c.JupyterHub.spawner_class = "eessi"'),
    ],
)
def test_what_raises_in_the_configuration_is_a_sentence(line: str, words: str, refused: Refused) -> None:
    assert words in refused(EESSI + line)


def test_an_absent_configuration_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "--config", "/nowhere/jupyterhub_config.py"]) == 2
    assert "/nowhere/jupyterhub_config.py was expected to be a file" in capfd.readouterr().err
