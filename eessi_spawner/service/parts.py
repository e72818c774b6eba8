"""What requests are answered with: made once, when the service starts."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cached_property

from jupyterhub.services.auth import HubOAuth

from eessi_spawner.service.catalogue_keeper import CatalogueKeeper
from eessi_spawner.service.gone_users import GoneUsers
from eessi_spawner.service.hub_facts import HubFacts
from eessi_spawner.service.metrics import ServiceMetrics
from eessi_spawner.service.store.database import Database
from eessi_spawner.service.store.people import People
from eessi_spawner.service.store.spawn_table import SpawnTable


@dataclass(frozen=True)
class ServiceParts:
    """The parts of a service that runs.

    Attributes
    ----------
    hub_auth
        How JupyterHub is asked who asks; its `base_url` begins each address.
    keeper
        The catalogue.
    database
        What users saved.
    threads
        Where searches and pages are worked on, so that no request waits for another.
    store_threads
        Where the database is; who waits for a locked one keeps no search waiting.
    hub_seconds
        How long the hub may take to say who asks; it does so once in five minutes for each token.
    facts
        What the hub told of its pools.
    metrics
        What is counted.
    authenticate_prometheus
        Whether who asks for what is counted needs the scope `read:metrics`.
    """

    hub_auth: HubOAuth
    keeper: CatalogueKeeper
    database: Database
    threads: Executor
    store_threads: Executor
    hub_seconds: float = 10.0
    facts: HubFacts = field(default_factory=HubFacts)
    metrics: ServiceMetrics = field(default_factory=ServiceMetrics)
    authenticate_prometheus: bool = True

    @cached_property
    def spawns(self) -> SpawnTable:
        """What the hub reported of spawns; it is in the database too."""
        return SpawnTable(self.database)

    @cached_property
    def people(self) -> People:
        """Who has data."""
        return People(self.database)

    @cached_property
    def gone_users(self) -> GoneUsers:
        """What removes the data of users whom the hub no longer has."""
        return GoneUsers(self.hub_auth, self.people, self.store_threads)
