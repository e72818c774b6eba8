"""A wrong setting stops the hub when it starts, and its log says which, with what value, and what to write."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ATTACH = (
    "eessi_attach = 'ftp'",
    "There is no way to attach called 'ftp'. Choose from: csi, ephemeral, fuse, host_path, nfs, none.",
)
PROFILE = ('eessi_host_injections = {"claims": "a"}', 'Write {"claim": "eessi-site"}')
ENVIRONMENT = ('eessi_environments = [{"name": "a b"}]', "'a b'")
WAYS_TO_NAME = {
    "entry-point": "c.JupyterHub.spawner_class = {entry_point!r}",
    "dotted": 'c.JupyterHub.spawner_class = "eessi_spawner.{name}"',
    "class": "from eessi_spawner import {name}\nc.JupyterHub.spawner_class = {name}",
    "subclass": "from eessi_spawner import {name}\nclass Ours({name}):\n    pass\nc.JupyterHub.spawner_class = Ours",
}


def start(tmp_path: Path, *lines: str) -> subprocess.CompletedProcess[str]:
    config = tmp_path / "jupyterhub_config.py"
    config.write_text("\n".join(("c = get_config()", *lines)) + "\n")
    command = [sys.executable, "-m", "jupyterhub", "-f", str(config)]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("way", WAYS_TO_NAME)
@pytest.mark.parametrize(
    ("name", "entry_point", "setting", "fix"),
    [
        ("EESSISpawner", "eessi", *ATTACH),
        ("EESSILocalSpawner", "eessi-local", *ENVIRONMENT),
    ],
)
def test_a_wrong_setting_stops_the_hub_however_the_spawner_is_named(  # noqa: PLR0913, PLR0917
    way: str, name: str, entry_point: str, setting: str, fix: str, tmp_path: Path
) -> None:
    chosen = WAYS_TO_NAME[way].format(name=name, entry_point=entry_point)
    ended = start(tmp_path, chosen, f"c.{name}.{setting}")
    assert ended.returncode == 1
    assert "The spawner cannot be used as it is configured" in ended.stderr
    assert fix in ended.stderr
    assert "Traceback" not in ended.stderr


def test_settings_that_can_be_used_stop_nothing(tmp_path: Path) -> None:
    lines = ('c.JupyterHub.spawner_class = "eessi"', 'c.EESSISpawner.eessi_attach = "none"')
    # There is no such proxy: it comes after the check.
    ended = start(tmp_path, *lines, 'c.ConfigurableHTTPProxy.command = ["/nowhere/proxy"]')
    assert "The spawner cannot be used" not in ended.stderr
    assert "Failed to start proxy" in ended.stderr


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("c.EESSISpawner.eessi_attach = 'ftp'", "c.EESSISpawner.eessi_attach = 'ftp': There is no way"),
        (f"c.EESSISpawner.{PROFILE[0]}", PROFILE[1]),
        ('c.KubeSpawner.cpu_limit = "much"', "'cpu_limit' trait of an EESSISpawner instance"),
    ],
)
def test_the_trait_and_its_value_are_named(setting: str, words: str, tmp_path: Path) -> None:
    ended = start(tmp_path, 'c.JupyterHub.spawner_class = "eessi"', setting)
    assert ended.returncode == 1
    assert words in ended.stderr


@pytest.mark.parametrize("name", ["EESSISpawner", "EESSILocalSpawner"])
def test_groups_that_nobody_knows_are_warned_of_once(name: str, tmp_path: Path) -> None:
    entry_point = {"EESSISpawner": "eessi", "EESSILocalSpawner": "eessi-local"}[name]
    lines = (
        f"c.JupyterHub.spawner_class = {entry_point!r}",
        'c.JupyterHub.load_groups = {"known": {"users": []}}',
        f'c.{name}.release_groups = {{"2023.06": ["known", "nobody"], "2025.06": ["known"]}}',
    )
    # There is no such proxy: it comes after the check.
    ended = start(tmp_path, *lines, 'c.ConfigurableHTTPProxy.command = ["/nowhere/proxy"]')
    assert ended.stderr.count("Group 'nobody' is not known to JupyterHub") == 1
    assert "nobody may use release 2023.06." in ended.stderr
    assert "Group 'known'" not in ended.stderr
