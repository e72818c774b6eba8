"""How long new nodes took: kept in memory for the next user who has to wait for one."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any

_KEPT = 5


class Waits:
    """Pool's name to how many seconds its last servers waited for a node, where none was free."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_KEPT))

    def add(self, pool: str, pod: Mapping[str, Any]) -> None:
        """Keep how long *pod* (Kubernetes' JSON) waited until it was scheduled, if it was."""
        seconds = seconds_until_scheduled(pod)
        if seconds is not None:
            self._seconds[pool].append(seconds)

    def by_pool(self) -> Mapping[str, tuple[float, ...]]:
        """Return the last ones of each pool, in seconds."""
        return {pool: tuple(seconds) for pool, seconds in self._seconds.items()}


def seconds_until_scheduled(pod: Mapping[str, Any]) -> float | None:
    """Return how long a pod waited for a node; None: it has none, or its times are not known."""
    created = _time((pod.get("metadata") or {}).get("creationTimestamp"))
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "True":
            scheduled = _time(condition.get("lastTransitionTime"))
            return max((scheduled - created).total_seconds(), 0.0) if scheduled and created else None
    return None


def _time(text: str | None) -> datetime | None:
    """Return a time of Kubernetes; it sends null for one that is not set (apimachinery `meta/v1/time.go`)."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None
