"""What the service is told by JupyterHub and the administrator."""

from __future__ import annotations

from pathlib import Path

import pytest

from eessi_spawner.errors import SetUpError
from eessi_spawner.service.settings import METRICS_VARIABLE, settings_from

HOME = Path("/home/hub")
TOLD = {
    "JUPYTERHUB_SERVICE_PREFIX": "/hub-a/services/eessi/",
    "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:10101",
    "JUPYTERHUB_API_TOKEN": "of-the-service",
    "JUPYTERHUB_CLIENT_ID": "service-eessi",
}


def test_jupyterhub_says_where_to_listen_and_what_addresses_begin_with() -> None:
    settings = settings_from(TOLD, HOME)
    assert (settings.host, settings.port, settings.prefix) == ("127.0.0.1", 10101, "/hub-a/services/eessi/")


def test_the_database_is_a_file_beside_the_hub_s_unless_another_is_named() -> None:
    assert settings_from(TOLD, HOME).database == "sqlite:///eessi-service.sqlite"
    named = {**TOLD, "EESSI_SERVICE_DATABASE": "postgresql+psycopg://db/eessi"}
    assert settings_from(named, HOME).database == "postgresql+psycopg://db/eessi"


def test_the_catalogue_is_the_one_that_the_command_updates() -> None:
    assert settings_from(TOLD, HOME).catalogue == HOME / ".cache/eessi-spawner/catalogue"
    named = {**TOLD, "EESSI_SPAWNER_CATALOGUE_DIR": "/srv/catalogue"}
    assert settings_from(named, HOME).catalogue == Path("/srv/catalogue")


@pytest.mark.parametrize("name", TOLD)
def test_who_starts_it_by_hand_reads_what_is_missing(name: str) -> None:
    with pytest.raises(SetUpError, match=name) as caught:
        settings_from({**TOLD, name: ""}, HOME)
    assert "c.JupyterHub.services" in caught.value.advice


@pytest.mark.parametrize("url", ["http://127.0.0.1", "10101", "http://127.0.0.1:many", "http://[::1"])
def test_an_address_without_host_or_port_is_refused_by_its_text(url: str) -> None:
    with pytest.raises(SetUpError) as caught:
        settings_from({**TOLD, "JUPYTERHUB_SERVICE_URL": url}, HOME)
    assert url in caught.value.message


@pytest.mark.parametrize(("said", "hours"), [("", 0), ("0", 0), ("24", 24), ("0.5", 0.5)])
def test_the_catalogue_is_updated_as_often_as_is_said_and_not_unless_it_is(said: str, hours: float) -> None:
    assert settings_from({**TOLD, "EESSI_SERVICE_CATALOGUE_HOURS": said}, HOME).catalogue_hours == hours


@pytest.mark.parametrize("said", ["daily", "-1", "inf", "nan"])
def test_hours_that_are_no_number_of_hours_are_refused_by_their_text(said: str) -> None:
    with pytest.raises(SetUpError, match="EESSI_SERVICE_CATALOGUE_HOURS") as caught:
        settings_from({**TOLD, "EESSI_SERVICE_CATALOGUE_HOURS": said}, HOME)
    assert repr(said) in caught.value.message


@pytest.mark.parametrize(("text", "expected"), [("", True), ("true", True), ("False", False), ("0", False)])
def test_metrics_are_for_who_may_unless_that_is_switched_off(text: str, *, expected: bool) -> None:
    assert settings_from({**TOLD, METRICS_VARIABLE: text}, HOME).authenticate_prometheus is expected


def test_a_switch_that_is_neither_on_nor_off_is_refused() -> None:
    with pytest.raises(SetUpError, match="EESSI_SERVICE_AUTHENTICATE_PROMETHEUS is 'maybe'"):
        settings_from({**TOLD, METRICS_VARIABLE: "maybe"}, HOME)
