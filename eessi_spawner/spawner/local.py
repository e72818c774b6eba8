"""EESSILocalSpawner: EESSI for hubs whose servers run on the hub's own machine, one real user each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cache
from typing import Any

from jupyterhub.spawner import LocalProcessSpawner

from eessi_spawner.errors import EESSIError
from eessi_spawner.spawner.mixin import EESSIMixin
from eessi_spawner.spawner.offers import Offers, make_offers, no_offers, wanted_modules, why_not
from eessi_spawner.spawner.own import with_own
from eessi_spawner.spawner.stack_cache import read_stack_cached
from eessi_spawner.spawner.start_check import check_when_hub_starts
from eessi_spawner.stack.cpu_targets import parse_cpu_target
from eessi_spawner.stack.environments import Environment
from eessi_spawner.stack.host import Host, read_host


@cache
def _this_host() -> Host:
    return read_host()


class EESSILocalSpawner(EESSIMixin, LocalProcessSpawner):
    """Starts servers as local processes of their users, with EESSI kernels beside a mounted /cvmfs."""

    is_here = True

    async def start(self) -> Any:
        """Start the server; where an admin's own `apply_user_options` replaced ours, the traits are the choice."""
        await self.ensure_choice()
        if self._offers is not None and self._offers.problem is None:
            self.tell(f"Found CPU {self._offers.target}")
        self.tell_choice()
        self.tell("Starting JupyterLab")
        self.all_told()
        return await super().start()

    async def offer_own(self, offers: Offers, own: Sequence[Environment]) -> Offers:
        """Return *offers* with the user's *own* environments, as far as the mounted stack has their modules."""
        chain = parse_cpu_target(self.cpu_target).fallback_chain if self.cpu_target else _this_host().chain
        try:
            reading = await read_stack_cached(self.eessi_root, chain, wanted_modules(own), seconds=self.mount_timeout)
        except EESSIError:
            # It could be read a moment ago.
            return offers
        return with_own(offers, own, lambda environment: why_not(environment, reading, offers.target))

    async def find_offers(self) -> Offers:
        """Return what the mounted stack has for this machine's CPU."""
        self.tell(f"Looking at {self.eessi_root}")
        target = self.cpu_target
        try:
            host = await asyncio.to_thread(_this_host)
            target = target or host.target.path
            self.check_pin(tuple(found.path for found in host.chain))
            chain = parse_cpu_target(target).fallback_chain if self.cpu_target else host.chain
            listed = await asyncio.to_thread(self.listed_environments, chain[:1])
            configured = [found.environment for found in listed]
            reading = await read_stack_cached(
                self.eessi_root, chain, wanted_modules(configured), seconds=self.mount_timeout
            )
        except EESSIError as problem:
            return no_offers(problem, target=target)
        problems = {found.environment.name: found.problem for found in listed if found.problem}
        return make_offers(reading, configured, target=target, problems=problems)


check_when_hub_starts()
