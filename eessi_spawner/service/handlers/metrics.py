"""What Prometheus asks for; JupyterHub's own rule of who may: `read:metrics`, or anybody where that is switched off."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timezone

from prometheus_client import CONTENT_TYPE_LATEST

from eessi_spawner.errors import StoreError
from eessi_spawner.service.handlers.base import ApiHandler
from eessi_spawner.service.metrics import Levels


class MetricsHandler(ApiHandler):
    """All that is counted."""

    # Instead of the scope that opens the service.
    hub_scopes = frozenset({"read:metrics"})

    async def prepare(self) -> None:
        """Ask who it is, unless everybody may."""
        if self.parts.authenticate_prometheus:
            await super().prepare()

    async def get(self) -> None:
        """Write it, with what is looked up now; what the database does not say is left out."""
        environments = None
        with suppress(StoreError):
            environments = await self.in_store(self.parts.database.count)
        told, provenance = self.parts.facts.told, self.catalogue.provenance
        age = None
        if provenance.day:
            day = datetime.combine(provenance.day, datetime.min.time(), tzinfo=timezone.utc)
            age = (datetime.now(tz=timezone.utc) - day).total_seconds()
        levels = Levels(len(self.catalogue), age, told.age if told else None, environments)
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.finish(self.parts.metrics.written(levels))
