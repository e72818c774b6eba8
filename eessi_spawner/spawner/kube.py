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
from eessi_spawner.placement.facts import PlacementFacts, Recommended
from eessi_spawner.placement.offer import Verdict
from eessi_spawner.placement.pool import allowed
from eessi_spawner.spawner.attached import AttachedKubeSpawner
from eessi_spawner.spawner.catalogue_offers import with_own_builds
from eessi_spawner.spawner.choice import OPTIONS, Choice, options_from_fields, validate_options
from eessi_spawner.spawner.cpus import CpuChoice, Placing, all_kept, choose_pool, cpu_choices, pin_from, why_nowhere
from eessi_spawner.spawner.groups import KEY
from eessi_spawner.spawner.mixin import EESSIMixin
from eessi_spawner.spawner.offers import Offers, no_offers
from eessi_spawner.spawner.placed import WAITS, as_list
from eessi_spawner.spawner.profiles import add_eessi_option, check_profile_options, find_profile
from eessi_spawner.spawner.rejection import refuse, rejection
from eessi_spawner.spawner.site_offers import site_offers
from eessi_spawner.spawner.start_check import check_when_hub_starts
from eessi_spawner.stack.catalogue.listed import open_saved_catalogue
from eessi_spawner.stack.catalogue.saved import catalogue_directory
from eessi_spawner.stack.environments import Environment


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
        states = await self.pool_states()
        usable = allowed(states, self.group_names())
        counts_own = self.hub_pools().counts_own
        placing = Placing(usable, waits=WAITS.by_pool(), counts_own=counts_own, all_kept=bool(states and not usable))
        try:
            offers = await site_offers(
                self.eessi_environments,
                root=self.eessi_root,
                # Where pools are known, each says what it has of the pinned builds.
                cpu_target="" if states else self.cpu_target,
                directory=catalogue_directory(os.environ, Path.home()),
                log=self.log,
            )
            pin_from(self.cpu_target)
        except EESSIError as problem:
            offers = no_offers(problem, target=self.cpu_target)
        return replace(offers, placing=replace(placing, builds=offers.builds))

    async def placement_facts(self) -> PlacementFacts:
        """Return what is known of the pools, and the environments that the site lists."""
        facts = await super().placement_facts()
        listed = await asyncio.to_thread(self.listed_environments, ())
        kept_for = {entry["name"]: frozenset(entry.get(KEY, ())) for entry in self.eessi_environments}
        recommended = [
            Recommended(found.environment, kept_for[found.environment.name])
            for found in listed
            # A release may be kept for groups too: who may use both is for the form to say.
            if not found.problem and not self.release_groups.get(found.environment.release)
        ]
        return replace(facts, recommended=tuple(recommended))

    async def offer_own(self, offers: Offers, own: Sequence[Environment]) -> Offers:
        """Return *offers* with the user's *own* environments; where they run the catalogue says."""
        directory = catalogue_directory(os.environ, Path.home())
        return with_own_builds(offers, await asyncio.to_thread(open_saved_catalogue, directory), own)

    def cpu_choices(
        self, offers: Offers, wanted: str = "", overrides: Mapping[str, Any] | None = None
    ) -> Sequence[CpuChoice]:
        """Return what of CPUs can be chosen by a server with a profile's *overrides*: a CPU that they set stays.

        Parameters
        ----------
        wanted
            A CPU target that is offered even if it is no pool's own; empty: the configured one.
        """
        own = overrides or {}
        if callable(own.get("cpu_target")):
            # It says what when the server starts.
            return ()
        try:
            request = self.server_request({**self.configured, **({"cpu_target": wanted} if wanted else {}), **own})
        except EESSIError as error:
            # Kubernetes will refuse the pod, or the choice is refused: this one profile cannot be started.
            self.log.warning("The resources or the CPU of a profile cannot be used: %s", error)
            return ()
        return cpu_choices(offers.placing, offers.runnable, request, is_fixed="cpu_target" in own)

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
        return as_list(profiles)

    def _get_initialized_profile_list(self, profile_list: Any) -> list[Any]:
        """Return KubeSpawner's profiles with the option `eessi`: its form passes here."""
        profiles: list[Any] = super()._get_initialized_profile_list(self._with_option(as_list(profile_list)))
        return profiles

    def _with_option(self, profiles: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        offers = self._offers
        if offers is None:
            return list(map(dict, profiles))
        return add_eessi_option(
            profiles,
            offers,
            release=self.configured["release"],
            cpu_target=self.configured["cpu_target"],
            cpus_of=lambda own: self.cpu_choices(offers, overrides=own),
        )

    def _checked_profiles(self, profiles: list[Any], options: Mapping[str, Any]) -> list[Any]:
        """Return the profile that *options* choose, as the form has it, if KubeSpawner can act on them.

        The other ones' CPUs are not looked at: for many profiles and pools that takes as long as ten spawns.

        Raises
        ------
        InvalidChoiceError
            If it cannot.
        """
        chosen = find_profile(options, super()._get_initialized_profile_list(profiles))
        checked: list[Any] = super()._get_initialized_profile_list(self._with_option([chosen]))
        check_profile_options(options, checked[0])
        return checked

    async def read_form(self, form_data: Mapping[str, list[Any]]) -> dict[str, Any]:
        """Return the options of a posted form or a link; raised here, the form comes back with the message.

        A link may name environments, as the service's do, with a profile or without: then the default one is taken.
        """
        profiles = await self._profiles()
        if not profiles:
            return await super().read_form(form_data)
        options: dict[str, Any] = self._options_from_form(form_data)
        named = {name: form_data[name] for name in OPTIONS if name in form_data}
        try:
            self._checked_profiles(profiles, options)
            if named and self._offers is not None:
                chosen = options_from_fields(named, self._offers)
                validate_options(chosen, self._offers)
                options.update(chosen)
        except EESSIError as error:
            raise rejection(error) from error
        return options

    async def apply_choice(self, user_options: Mapping[str, Any]) -> None:
        """Check options; they may come from the REST API, or be stale. With profiles, they are taken later."""
        self.reset_choice()
        profiles = await self._profiles()
        if not profiles:
            await super().apply_choice(user_options)
            return
        self.begin()
        self._chosen_profile(profiles, user_options)

    def _chosen_profile(self, profiles: list[Any], user_options: Mapping[str, Any]) -> list[Any]:
        """Return `_checked_profiles`, or refuse the spawn."""
        options = {key: value for key, value in user_options.items() if key not in OPTIONS}
        try:
            return self._checked_profiles(profiles, options)
        except EESSIError as error:
            self.forget_refused_options()
            raise refuse(self, error) from error

    async def load_user_options(self) -> None:
        """Apply the profile, then take the choice: options that name it win over what a profile sets.

        What could be chosen a moment ago may have gone by now, so that options are checked again; KubeSpawner's own
        `load_user_options`, which asks for the profiles anew, would answer what has gone with a KeyError.
        """
        try:
            if profiles := await self._profiles():
                checked = self._chosen_profile(profiles, self.user_options)
                self._load_profile(checked[0]["slug"], checked)
                await self.take_choice({key: value for key, value in self.user_options.items() if key in OPTIONS})
            else:
                await self.ensure_choice()
                self._settle_again()
        finally:
            self.end_choice()
        self.tell(*(f"Attaching {found.mount_path} from {found.describe()}" for found in self.attachments()))
        self.tell_choice()

    # The pool that serves the choice

    def _settle_again(self) -> None:
        """Take the pool anew: a `pre_spawn_hook` may have changed what the server asks for since the choice."""
        offers, choice = self._offers, self._choice
        if offers is not None and choice is not None:
            try:
                self.settle_choice(offers, choice)
            except EESSIError as error:
                raise refuse(self, error) from error

    def reset_choice(self) -> None:
        """Forget what was chosen for an earlier start."""
        super().reset_choice()
        self.taken = ()

    def settle_choice(self, offers: Offers, choice: Choice) -> None:
        """Take a choice, and the pool that serves it best now."""
        super().settle_choice(offers, choice)
        self.taken, self.pool = (), choice.pool or self.pool
        placing = offers.placing
        if placing.all_kept:
            raise all_kept()
        if not placing.states:
            return
        request = self.server_request()
        if choice.environments:
            taken = choose_pool(placing.offers(choice.environments, request))
        else:
            taken = placing.without_environments(request)[:1]
        if all(offer.verdict is Verdict.CANNOT for offer in taken):
            raise why_nowhere(placing, choice.environments, request)
        running = tuple(found for found in choice.environments if any(found.name in offer.builds for offer in taken))
        self.taken, self._choice = taken, replace(choice, environments=running)

    def what_was_chosen(self) -> dict[str, Any]:
        """Return the pool, the release and the environments of the spawn, for its report."""
        return {**super().what_was_chosen(), "pool": self.taken[0].state.pool.name if self.taken else ""}

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


check_when_hub_starts()
