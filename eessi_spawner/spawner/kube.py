"""EESSISpawner: KubeSpawner whose users choose EESSI environments and CPUs, with or without the admin's profiles."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from eessi_spawner.errors import EESSIError
from eessi_spawner.kernels.settings import KernelSettings
from eessi_spawner.placement.declared import parse_pools
from eessi_spawner.spawner.attached import AttachedKubeSpawner
from eessi_spawner.spawner.choice import OPTIONS
from eessi_spawner.spawner.cpus import CpuChoice, Placing, choose_pool, cpu_choices, why_nowhere
from eessi_spawner.spawner.mixin import EESSIMixin
from eessi_spawner.spawner.offers import Offers
from eessi_spawner.spawner.placed import WAITS
from eessi_spawner.spawner.profiles import add_eessi_option, check_profile_options
from eessi_spawner.spawner.rejection import refuse, rejection
from eessi_spawner.spawner.site_offers import site_offers
from eessi_spawner.spawner.start_check import check_when_hub_starts
from eessi_spawner.stack.catalogue.saved import catalogue_directory


class EESSISpawner(AttachedKubeSpawner, EESSIMixin):
    """Starts servers as pods on Kubernetes, with EESSI attached and its environments as kernels."""

    def groups_named(self) -> dict[str, set[str]]:
        """Return each group that the configuration names, with what is kept for it, in words."""
        named = super().groups_named()
        for pool in parse_pools(self.node_pools):
            for group in pool.allowed_groups:
                named.setdefault(group, set()).add(f"pool {pool.name}")
        return named

    # What can be chosen

    async def find_offers(self) -> Offers:
        """Return what the site lists or, where it lists nothing, what the catalogue has; and the pools to run it."""
        states = await self.pool_states(self.group_names())
        offers = await site_offers(
            self.eessi_environments,
            root=self.eessi_root,
            # Where pools are known, each says what it has of the pinned builds.
            cpu_target="" if states else self.cpu_target,
            directory=catalogue_directory(os.environ, Path.home()),
            log=self.log,
        )
        counts_own = self.hub_pools().counts_own
        return replace(offers, placing=Placing(states, offers.builds, WAITS.by_pool(), counts_own))

    def cpu_choices(self, offers: Offers, overrides: Mapping[str, Any] | None = None) -> Sequence[CpuChoice]:
        """Return what of CPUs can be chosen, by a server with a profile's *overrides*."""
        request = self.server_request({"pool": self.configured["pool"], **(overrides or {})})
        return cpu_choices(offers.placing, offers.runnable, request)

    async def render_options_form(self, current_spawner: Any) -> str:
        """Return the form: KubeSpawner's where the admin has profiles, else the one of environments."""
        profiles = await self._profiles()
        if not profiles:
            return await super().render_options_form(current_spawner)
        form: str = self._render_options_form(profiles)
        return form

    async def _profiles(self) -> list[dict[str, Any]]:
        """Return the admin's profiles as a list; from here on KubeSpawner sees them with our option."""
        self._offers = await self.offered()
        profiles = self.profile_list
        if callable(profiles):
            profiles = profiles(self)
            if asyncio.iscoroutine(profiles) or asyncio.isfuture(profiles):
                profiles = await profiles
        return _as_list(profiles)

    def _get_initialized_profile_list(self, profile_list: Any) -> list[Any]:
        """Return KubeSpawner's profiles with the option `eessi`: the form and the loading of options pass here."""
        profile_list = _as_list(profile_list)
        if profile_list and self._offers is not None:
            offers = self._offers
            profile_list = add_eessi_option(
                profile_list, offers, self.release, lambda overrides: self.cpu_choices(offers, overrides)
            )
        profiles: list[Any] = super()._get_initialized_profile_list(profile_list)
        return profiles

    async def read_form(self, form_data: Mapping[str, list[Any]]) -> dict[str, Any]:
        """Return the options of a posted form or a link; raised here, the form comes back with the message."""
        profiles = await self._profiles()
        if not profiles:
            return await super().read_form(form_data)
        options: dict[str, Any] = self._options_from_form(form_data)
        try:
            check_profile_options(options, self._get_initialized_profile_list(profiles))
        except EESSIError as error:
            raise rejection(error) from error
        return options

    async def apply_choice(self, user_options: Mapping[str, Any]) -> None:
        """Check options; they may come from the REST API, or be stale. With profiles, they are taken later."""
        profiles = await self._profiles()
        if not profiles:
            await super().apply_choice(user_options)
            return
        self.begin()
        self.reset_choice()
        rest = {key: value for key, value in user_options.items() if key not in OPTIONS}
        try:
            check_profile_options(rest, self._get_initialized_profile_list(profiles))
        except EESSIError as error:
            self.forget_refused_options()
            raise refuse(self, error) from error

    async def load_user_options(self) -> None:
        """Apply the profile, then take the choice: options that name it win over what a profile sets."""
        if await self._profiles():
            await super().load_user_options()
            own = {key: value for key, value in self.user_options.items() if key in OPTIONS}
            await self.take_choice(own)
        else:
            await self.ensure_choice()
        self.tell(*(f"Attaching {found.mount_path} from {found.describe()}" for found in self.attachments()))
        self.tell_choice()

    # The pool that serves the choice

    async def take_choice(self, user_options: Mapping[str, Any]) -> None:
        """Take a choice, and the pool that serves it best now."""
        await super().take_choice(user_options)
        self.taken = ()
        offers, choice = self._offers, self._choice
        if offers is None or choice is None or not (offers.placing.states and choice.environments):
            return
        self.pool = choice.pool or self.pool
        request = self.server_request()
        taken = choose_pool(offers.placing.offers(choice.environments, request))
        running = tuple(found for found in choice.environments if any(found.name in offer.builds for offer in taken))
        if not running:
            reason = why_nowhere(offers.placing, choice.environments, request)
            raise refuse(self, reason) from reason
        self.taken, self._choice = taken, replace(choice, environments=running)

    def tell_choice(self) -> None:
        """Show what the server is started with, and where."""
        super().tell_choice()
        for offer in self.taken:
            release = f", EESSI {offer.release}" if len(self.taken) > 1 else ""
            self.tell(f"Node pool {offer.state.pool.name}{release}: {offer.sentence}")
            self.tell(*(f"Left out: {reason}" for reason in offer.refused.values()))

    def kernel_settings(self) -> KernelSettings:
        """Return what the server is told about kernels: its pool promises a CPU, and has older builds of some."""
        settings = super().kernel_settings()
        if not self.taken:
            return settings
        builds = {name: build for offer in self.taken for name, build in offer.builds.items()}
        promised = self.taken[0].state.pool.cpu_target
        return replace(
            settings,
            targets={
                name: build.target.path
                for name, build in builds.items()
                if build.target and not build.is_native and build.target.path != self.cpu_target
            },
            promised=promised.path if promised else "",
        )


def _as_list(profiles: Any) -> list[Any]:
    """Return profiles that may be a mapping, ordered by its keys as KubeSpawner orders them."""
    if isinstance(profiles, Mapping):
        return [profiles[key] for key in sorted(profiles)]
    return list(profiles or ())


check_when_hub_starts()
