"""What a site offers to whom: the traits that list environments, and the groups that some are kept for."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyterhub import orm
from traitlets import Dict, List, TraitError, Unicode, validate

from eessi_spawner.errors import EESSIError
from eessi_spawner.spawner.groups import KEY, check_groups, named_groups, restrict
from eessi_spawner.spawner.linked import LinkedSpawner
from eessi_spawner.spawner.offers import Offers
from eessi_spawner.spawner.own import other_names, own_to_offer
from eessi_spawner.stack.catalogue.listed import ListedEnvironment, check_listed, open_saved_catalogue, resolve_listed
from eessi_spawner.stack.catalogue.saved import catalogue_directory
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.environments import Environment
from eessi_spawner.stack.releases import DEFAULT_ROOT, parse_release


class OfferingSpawner(LinkedSpawner):
    """Offers EESSI environments.

    A spawner that mixes this in says in `find_offers` what there is.
    """

    eessi_root = Unicode(
        DEFAULT_ROOT,
        help="""
        The EESSI repository: an absolute path, the same for the hub and the servers.

        Example: `c.EESSILocalSpawner.eessi_root = "/cvmfs/software.eessi.io"`.
        """,
    ).tag(config=True)

    eessi_environments: List[Any] = List(
        help="""
        The environments to offer, in order; each becomes a kernel.

        A list of mappings: `name` (a-z, 0-9, `.`, `_`, `-`), `title`, `release`, `modules` (full names), or `packages`
        (names such as `numpy`) instead of modules: these are completed from EESSI's catalogue. The module that brings
        the kernel is added where it is not listed. Empty: for each release found, one
        environment for each toolchain generation, with SciPy-bundle and matplotlib where they are installed.
        `allowed_groups` keeps an environment for groups of JupyterHub; for others it does not exist.

        Example::

            c.EESSILocalSpawner.eessi_environments = [
                {"name": "scipy-2025b", "title": "SciPy 2025.07", "release": "2025.06",
                 "modules": ["SciPy-bundle/2025.07-gfbf-2025b"]},
                {"name": "plots", "packages": ["numpy", "matplotlib"]},
            ]
        """,
    ).tag(config=True)

    release_groups: Dict[str, Any] = Dict(
        key_trait=Unicode(),
        help="""
        Releases that are kept for groups of JupyterHub; for others they do not exist.

        Example: `c.EESSILocalSpawner.release_groups = {"2023.06": ["legacy"]}`.
        """,
    ).tag(config=True)

    @validate("eessi_environments")
    def _check_environments(self, proposal: Mapping[str, Any]) -> list[Any]:
        names = set()
        for entry in proposal["value"]:
            try:
                name = check_listed(entry)
                check_groups(f"Environment {name}", entry.get(KEY, []))
            except EESSIError as error:
                raise TraitError(str(error)) from error
            if name in names:
                raise TraitError(f"Two environments are called '{name}'. Give one another name.")
            names.add(name)
        return list(proposal["value"])

    @validate("release_groups")
    def _check_release_groups(self, proposal: Mapping[str, Any]) -> dict[str, Any]:
        try:
            for release, groups in proposal["value"].items():
                check_groups(f"Release {parse_release(release)}", groups)
        except EESSIError as error:
            raise TraitError(str(error)) from error
        return dict(proposal["value"])

    def hub_starts(self, app: Any) -> None:
        """Warn of groups that do not exist: nobody may use what is kept for them."""
        super().hub_starts(app)
        known = {*app.load_groups, *(group.name for group in app.db.query(orm.Group))}
        for group, kept in sorted(self.groups_named().items()):
            if group not in known:
                self.log.warning(
                    "Group %r is not known to JupyterHub: until somebody is in it, nobody may use %s.",
                    group,
                    ", ".join(sorted(kept)),
                )

    def groups_named(self) -> dict[str, set[str]]:
        """Return each group that the configuration names, with what is kept for it, in words."""
        return named_groups(self.eessi_environments, self.release_groups)

    def listed_environments(self, targets: Sequence[CpuTarget]) -> tuple[ListedEnvironment, ...]:
        """Return the environments that the site lists, completed for machines of *targets*. Not for an event loop."""
        directory = catalogue_directory(os.environ, Path.home())
        return resolve_listed(self.eessi_environments, targets, lambda: open_saved_catalogue(directory))

    async def find_offers(self) -> Offers:
        """Return what can be chosen; a problem of the stack is part of the answer, never raised."""
        raise NotImplementedError

    async def offered(self) -> Offers:
        """Return what this user can choose: nothing of it is kept for groups that the user is not in."""
        found, saved = await asyncio.gather(self.find_offers(), self.saved_environments())
        offers = restrict(
            found, self.group_names(), entries=self.eessi_environments, release_groups=self.release_groups
        )
        offers = replace(offers, own_unknown=saved is None)
        own = own_to_offer(offers, saved or ())
        if own:
            offers = await self.offer_own(offers, own)
        return replace(offers, aliases=other_names(offers, saved or ()))

    async def offer_own(self, offers: Offers, own: Sequence[Environment]) -> Offers:
        """Return *offers* with the user's *own* environments, each with the reason if it cannot run here."""
        raise NotImplementedError

    def group_names(self) -> frozenset[str]:
        """Return the groups of JupyterHub that the user is in."""
        return frozenset(group.name for group in self.user.groups)
