"""What the service counts of itself and of spawns, for Prometheus. Labels are bounded: users cannot make new ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from eessi_spawner.errors import EESSIError, error_from_json
from eessi_spawner.service.spawns import Spawn

# More pools than this are counted together.
_MOST_POOLS = 100
NONE, OTHER = "none", "other"
_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SPAWN_SECONDS = (1, 2, 5, 10, 20, 30, 60, 120, 180, 300, 600, 1200)
# JupyterHub's own, beside our errors' codes.
_TIMEOUT = "timeout"


@dataclass(frozen=True)
class Levels:
    """What is looked up when Prometheus asks; None is not known, and left out.

    Attributes
    ----------
    catalogue_modules
        How many modules the catalogue in use has.
    catalogue_age, facts_age
        How old the catalogue's data and the hub's last word on its pools are, in seconds.
    environments
        How many environments are saved.
    """

    catalogue_modules: int | None = None
    catalogue_age: float | None = None
    facts_age: float | None = None
    environments: int | None = None


_LEVELS = {
    "catalogue_modules": ("eessi_catalogue_modules", "Modules in the catalogue that is in use."),
    "catalogue_age": ("eessi_catalogue_age_seconds", "Age of the catalogue's data."),
    "facts_age": ("eessi_hub_facts_age_seconds", "Time since the hub told of its node pools."),
    "environments": ("eessi_environments", "Environments that are saved."),
}


class _LevelsCollector(Collector):
    """Gives the levels as they were set last."""

    def __init__(self) -> None:
        self.levels = Levels()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        for field, (name, words) in _LEVELS.items():
            value = getattr(self.levels, field)
            if value is not None:
                yield GaugeMetricFamily(name, words, value=value)

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Return their names, so that none is taken twice."""
        return (GaugeMetricFamily(name, words) for name, words in _LEVELS.values())


class ServiceMetrics:
    """All that is counted, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._pools: set[str] = set()
        self._levels = _LevelsCollector()
        self.registry.register(self._levels)
        ProcessCollector(registry=self.registry)
        registry = self.registry
        self._requests = Histogram(
            "eessi_request_duration_seconds",
            "Requests that were answered, by handler and status.",
            ["handler", "status"],
            buckets=_REQUEST_SECONDS,
            registry=registry,
        )
        self._searches = Counter("eessi_searches", "Searches, on the page or by the API.", ["by"], registry=registry)
        self._store_failures = Counter(
            "eessi_store_failures", "Requests that the database failed: locked, full, away.", registry=registry
        )
        self._spawns = Counter("eessi_spawns", "Spawns that the hub reported.", ["pool", "result"], registry=registry)
        self._failures = Counter(
            "eessi_spawn_failures",
            "Spawns that failed or were refused, by the error's code.",
            ["code"],
            registry=registry,
        )
        self._waits = Histogram(
            "eessi_spawn_duration_seconds",
            "How long servers took that became ready.",
            ["pool"],
            buckets=_SPAWN_SECONDS,
            registry=registry,
        )

    def count_request(self, handler: str, status: int, seconds: float) -> None:
        """Count a request; *handler* is a name of the code's, not of the address."""
        self._requests.labels(handler, str(status)).observe(seconds)

    def count_search(self, by: str) -> None:
        """Count a search, *by* `page` or `api`."""
        self._searches.labels(by).inc()

    def count_store_failure(self) -> None:
        """Count a request that the database failed."""
        self._store_failures.inc()

    def count_spawns(self, spawns: Iterable[Spawn]) -> None:
        """Count *spawns*, which were not reported before."""
        for spawn in spawns:
            pool = self._pool(spawn.pool)
            self._spawns.labels(pool, spawn.result).inc()
            if spawn.result == "ready":
                self._waits.labels(pool).observe(spawn.seconds)
            elif spawn.result in ("failed", "refused"):
                self._failures.labels(_known_code(spawn.code)).inc()

    def written(self, levels: Levels) -> bytes:
        """Return all of it as Prometheus reads it."""
        self._levels.levels = levels
        return generate_latest(self.registry)

    def _pool(self, name: str) -> str:
        if not name:
            return NONE
        if len(self._pools) < _MOST_POOLS:
            self._pools.add(name)
        return name if name in self._pools else OTHER


def _known_code(code: str) -> str:
    """Return *code* if it is one of ours, or JupyterHub's word for its own end of patience."""
    if not code:
        return NONE
    is_known = code == _TIMEOUT or type(error_from_json({"code": code})) is not EESSIError
    return code if is_known else OTHER
