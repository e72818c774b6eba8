"""What is counted, read as Prometheus reads it."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from eessi_spawner.service.metrics import Levels, ServiceMetrics
from eessi_spawner.service.spawns import spawns_from_json
from tests.unit.service.reports import report, reports

Samples = dict[tuple[str, tuple[str, ...]], float]


def samples(text: str) -> Samples:
    """Return the samples of all families of ours, by name and the labels' values."""
    return {
        (sample.name, tuple(value for name, value in sorted(sample.labels.items()) if name != "le")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("eessi_") and not sample.name.endswith(("_bucket", "_created"))
    }


def read(metrics: ServiceMetrics, levels: Levels | None = None) -> Samples:
    return samples(metrics.written(levels or Levels()).decode())


def test_spawns_are_counted_by_pool_and_result_and_timed_where_they_became_ready() -> None:
    metrics = ServiceMetrics()
    items = [
        *reports(2, seconds=4),
        *reports(1, result="failed", code="claim_error"),
        *reports(1, result="refused", code="", pool=""),
        *reports(1, result="stopped"),
    ]
    metrics.count_spawns(spawns_from_json({"items": items}))
    found = read(metrics)
    assert found["eessi_spawns_total", ("zen3", "ready")] == 2
    assert found["eessi_spawns_total", ("zen3", "stopped")] == 1
    assert found["eessi_spawns_total", ("none", "refused")] == 1
    assert found["eessi_spawn_failures_total", ("claim_error",)] == 1
    assert found["eessi_spawn_failures_total", ("none",)] == 1
    assert found["eessi_spawn_duration_seconds_count", ("zen3",)] == 2
    assert found["eessi_spawn_duration_seconds_sum", ("zen3",)] == 8


def test_labels_are_bounded_whatever_is_reported() -> None:
    metrics = ServiceMetrics()
    for number in range(150):
        spawn = report(id=f"{number:032x}", pool=f"p{number}", result="failed", code=f"made_up_{number}")
        metrics.count_spawns(spawns_from_json({"items": [spawn]}))
    found = read(metrics)
    assert found["eessi_spawn_failures_total", ("other",)] == 150
    assert found["eessi_spawns_total", ("other", "failed")] == 50
    assert len([key for key in found if key[0] == "eessi_spawns_total"]) == 101


def test_levels_are_those_of_now_and_what_is_not_known_is_left_out() -> None:
    metrics = ServiceMetrics()
    assert not [name for name, _ in read(metrics) if name.startswith("eessi_catalogue")]
    found = read(metrics, Levels(12, 86400.5, 3.5, 0))
    assert found["eessi_catalogue_modules", ()] == 12
    assert found["eessi_catalogue_age_seconds", ()] == 86400.5
    assert found["eessi_hub_facts_age_seconds", ()] == 3.5
    assert found["eessi_environments", ()] == 0


def test_two_services_in_one_process_count_apart() -> None:
    one, other = ServiceMetrics(), ServiceMetrics()
    one.count_search("page")
    assert ("eessi_searches_total", ("page",)) in read(one)
    assert ("eessi_searches_total", ("page",)) not in read(other)
