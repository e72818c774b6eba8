"""Who may read the metrics, and what requests leave in them."""

from __future__ import annotations

import pytest

from eessi_spawner.errors import StoreError
from eessi_spawner.service.catalogue_keeper import CatalogueKeeper
from eessi_spawner.service.store.database import Database
from tests.unit.service.hub_double import PREFIX, Client, model, running_service
from tests.unit.service.reports import FACTS, report
from tests.unit.service.test_metrics import Samples, samples

METRICS = f"{PREFIX}metrics"


def read(service: Client) -> Samples:
    service.hub.models["prometheus"] = model("prometheus", kind="service", scopes=("read:metrics",))
    answer = service.ask(METRICS, token="prometheus")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    return samples(answer.text)


@pytest.mark.parametrize(("token", "status"), [("ada", 403), ("", 401), ("nobody", 401), ("of-the-service", 403)])
def test_nobody_reads_them_without_the_scope(token: str, status: int, service: Client) -> None:
    assert service.ask(METRICS, token=token).status == status


def test_anybody_reads_them_where_that_is_switched_off(keeper: CatalogueKeeper, database: Database) -> None:
    with running_service(keeper, database, authenticate_prometheus=False) as service:
        assert service.ask(METRICS, token="").status == 200


def test_requests_searches_and_reports_are_counted(service: Client) -> None:
    service.ask("search?q=numpy")
    service.ask("search")
    service.ask("modules/nothing-of-this-name")
    service.ask(f"{PREFIX}?q=numpy")
    service.ask(f"{PREFIX}results?q=numpy")
    service.ask("hub", "PUT", token="of-the-service", body=FACTS.to_json())
    for _ in range(2):
        service.ask("spawns", "POST", token="of-the-service", body={"items": [report()]})
    service.ask("environments", "POST", body={"name": "plots", "modules": ["matplotlib/3.10.5-gfbf-2025b"]})
    found = read(service)
    assert found["eessi_searches_total", ("api",)] == 1
    assert found["eessi_searches_total", ("page",)] == 2
    assert found["eessi_request_duration_seconds_count", ("catalogue", "200")] == 2
    assert found["eessi_request_duration_seconds_count", ("catalogue", "404")] == 1
    assert found["eessi_spawns_total", ("zen3", "ready")] == 1
    assert found["eessi_environments", ()] == 1
    assert 0 <= found["eessi_hub_facts_age_seconds", ()] < 60
    assert found["eessi_catalogue_modules", ()] > 1000


def test_a_database_that_fails_is_counted_and_keeps_no_metric_from_prometheus(
    service: Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("Locked.", advice="Wait.")

    monkeypatch.setattr(database, "of_owner", fail)
    monkeypatch.setattr(database, "count", fail)
    assert service.ask("environments").status == 503
    found = read(service)
    assert ("eessi_environments", ()) not in found
    assert found["eessi_store_failures_total", ()] == 2
