"""KubeSpawner that sends pods to node pools: its traits, what a server asks for, and the pool that it gets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from jupyterhub.traitlets import ByteSpecification
from kubespawner.clients import load_config, shared_client
from traitlets import Bool, Dict, TraitError, Unicode, validate
from traitlets import List as ListTrait

from eessi_spawner.cluster.resources import Resources, parse_quantity
from eessi_spawner.errors import EESSIError, InvalidChoiceError
from eessi_spawner.placement.declared import parse_pools
from eessi_spawner.placement.facts import PlacementFacts
from eessi_spawner.placement.labels import DEFAULT_PREFIX, Labels
from eessi_spawner.placement.offer import Offer, Verdict
from eessi_spawner.placement.pool import PoolState
from eessi_spawner.placement.request import Request
from eessi_spawner.pod import PodPatch
from eessi_spawner.spawner.cpus import pin_from
from eessi_spawner.spawner.explained import ExplainedKubeSpawner
from eessi_spawner.spawner.hub_pools import HubPools, hub_pools
from eessi_spawner.spawner.waits import Waits

# One for the hub: what one user waited for is what the next one hears.
WAITS = Waits()


class PlacedKubeSpawner(ExplainedKubeSpawner):
    """Knows the hub's node pools. Which of them a server gets its subclass puts into `taken`."""

    node_pools: ListTrait[Any] = ListTrait(
        help="""
        Pools of nodes, each a mapping: `name`, `cpu_target`, `accelerators`, `node_selector`, `tolerations`, what one
        node can give (`cpu`, `memory`, `devices`), `max_nodes`, `allowed_groups`, `nfs_server`.

        Declare pools where the hub may not read nodes, for pools that scale from zero nodes, and to keep a pool for
        groups. The `cpu_target` is the best that all nodes of the pool run.

        Example::

            c.EESSISpawner.node_pools = [
                {"name": "zen4", "cpu_target": "x86_64/amd/zen4", "node_selector": {"pool": "zen4"}, "max_nodes": 8},
            ]
        """,
    ).tag(config=True)

    find_node_pools = Bool(
        False,
        help="""
        Find pools from nodes' labels, and see how much room they have. The hub needs the right to list and watch nodes.

        The labels are set by rules that `eessi-spawner labels` prints.
        """,
    ).tag(config=True)

    count_pods = Bool(
        True,
        help="""
        Count the pods of all namespaces to know how much room nodes have. The hub needs the right to list and watch
        pods in the cluster; without it, it counts its own pods, and the form says so.
        """,
    ).tag(config=True)

    node_group_label = Unicode(
        help="""
        A label of nodes that separates found pools which are alike in all else.

        Example: `c.EESSISpawner.node_group_label = "cloud.google.com/gke-nodepool"`.
        """,
    ).tag(config=True)

    node_label_prefix = Unicode(
        DEFAULT_PREFIX,
        help="""
        The domain of the labels that say what nodes run: `cpu.<prefix>/best`, `cpu.<prefix>/runs.<target>`.
        """,
    ).tag(config=True)

    pool = Unicode(
        help="""
        The name of the node pool that servers have to run in. Empty: the best one that has room.

        Set by the user's choice or by a profile; a profile for GPUs may name a pool.
        """,
    ).tag(config=True)

    image_machines = ListTrait(
        Unicode(),
        ["x86_64"],
        help="""
        The machine types that `image` runs on, as `uname -m` prints them. Empty: all, as a multi-arch image does.

        Servers are never sent to nodes that their image does not run on.
        """,
    ).tag(config=True)

    machine_images = Dict(
        key_trait=Unicode(),
        value_trait=Unicode(),
        help="""
        Other images than `image` for machine types that it does not run on.

        Example: `c.EESSISpawner.machine_images = {"aarch64": "registry.example.org/user-arm64:1"}`.
        """,
    ).tag(config=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # The offers that the server is started with, of one pool: one for each release.
        self.taken: tuple[Offer, ...] = ()
        super().__init__(*args, **kwargs)
        self._keep_images()

    def _keep_images(self) -> None:
        # Where a profile or a user has set another image, `machine_images` are no images of the same.
        self._configured_image = self.image
        self._configured_machine_images = dict(self.machine_images)

    @validate("node_pools")
    def _check_node_pools(self, proposal: Mapping[str, Any]) -> Any:
        try:
            parse_pools(proposal["value"])
        except EESSIError as error:
            raise TraitError(f"c.EESSISpawner.node_pools: {error}") from error
        return proposal["value"]

    @validate("node_label_prefix")
    def _check_node_label_prefix(self, proposal: Mapping[str, Any]) -> Any:
        return checked("node_label_prefix", Labels, proposal["value"])

    def hub_starts(self, app: Any) -> None:
        """Begin to watch the cluster, and log what is wrong with its pools; the hub does not wait for it."""
        super().hub_starts(app)
        self._keep_images()
        if self.find_node_pools:
            _looking.add(task := asyncio.ensure_future(self._look_at_pools()))
            task.add_done_callback(_looking.discard)

    async def _look_at_pools(self) -> None:
        try:
            await self.hub_pools().states()
        except Exception:
            self.log.exception("The node pools cannot be found; servers and forms will ask for them again")

    # What there is

    def hub_pools(self) -> HubPools:
        """Return the pools of this configuration; the first call begins to watch the cluster, if that is wanted."""
        client = None
        if self.find_node_pools:
            load_config(
                host=self.k8s_api_host, ssl_ca_cert=self.k8s_api_ssl_ca_cert, verify_ssl=self.k8s_api_verify_ssl
            )
            client = shared_client("CoreV1Api").api_client
        return hub_pools(
            self.node_pools,
            prefix=self.node_label_prefix,
            group_label=self.node_group_label,
            tolerations=as_list(self.tolerations),
            api_client=client,
            count_pods=self.count_pods,
            log=self.log,
        )

    async def pool_states(self) -> tuple[PoolState, ...]:
        """Return all pools; none where pools are not known."""
        own = self.pod_reflector.pods.values() if self.pod_reflector else None
        return await self.hub_pools().states(own)

    async def placement_facts(self) -> PlacementFacts:
        """Return the pools, and what a server asks for that is started without a choice."""
        states = await self.pool_states()
        return PlacementFacts(states, self.server_request(), WAITS.by_pool(), self.hub_pools().counts_own)

    # What a server asks for

    def server_request(self, overrides: Mapping[str, Any] | None = None) -> Request:
        """Return what this server asks of its node.

        Parameters
        ----------
        overrides
            A profile's `kubespawner_override`, where the profile is not yet applied. Values that are called with the
            spawner are not known before that, and are left out.

        Raises
        ------
        InvalidChoiceError
            If an amount is none, or the CPU target cannot be one.
        """
        given = {name: value for name, value in (overrides or {}).items() if not callable(value)}

        def trait(name: str) -> Any:
            value, own = getattr(self, name), given.get(name)
            # As KubeSpawner does with profiles (`spawner.py`, `_apply_overrides`); None takes a key out.
            if isinstance(value, dict) and isinstance(own, dict):
                return {key: found for key, found in {**value, **own}.items() if found is not None}
            return given.get(name, value)

        devices = {**(trait("extra_resource_limits") or {}), **(trait("extra_resource_guarantees") or {})}
        image_machines = tuple(trait("image_machines"))
        machine_images = self._images_of_machines(trait("image"), trait("machine_images"))
        machines = (*image_machines, *machine_images) if image_machines else ()
        return Request(
            Resources(
                # A limit without a guarantee is one (Kubernetes, `SetDefaults_Pod`).
                cpu=parse_quantity(trait("cpu_guarantee") or trait("cpu_limit") or 0),
                memory=_bytes(trait("mem_guarantee") or trait("mem_limit")),
                devices={name: parse_quantity(count) for name, count in devices.items()},
            ),
            tolerations=tuple(as_list(trait("tolerations"))),
            pool=trait("pool"),
            pin=pin_from(trait("cpu_target")),
            machines=machines,
        )

    # The pool that it gets

    def pool_patch(self) -> PodPatch:
        """Return what sends the pod to its pool."""
        if not self.taken:
            return PodPatch()
        pool = self.taken[0].state.pool
        is_for_it = not self.image_machines or pool.machine in self.image_machines
        images = {} if is_for_it else self._images_of_machines(self.image, self.machine_images)
        image = images.get(pool.machine, "")
        return PodPatch(requirements=pool.requirements, tolerations=pool.tolerations, image=image)

    def _images_of_machines(self, image: str, machine_images: Mapping[str, str]) -> Mapping[str, str]:
        """Return the images that may take the place of *image*: none for one that has been chosen without them."""
        is_chosen = image != self._configured_image and machine_images == self._configured_machine_images
        return {} if is_chosen else machine_images

    async def start(self) -> Any:
        """Start the pod; where it had to wait for a node, keep how long that took."""
        address = await super().start()
        waited = [offer for offer in self.taken if offer.verdict is Verdict.WAITS]
        pods = self.pod_reflector.pods if self.pod_reflector else {}
        if waited and (pod := pods.get(f"{self.namespace}/{self.pod_name}")):
            WAITS.add(waited[0].state.pool.name, pod)
        return address


# Tasks that only the event loop would hold, and that weakly.
_looking: set[asyncio.Future[None]] = set()


def as_list(value: Any) -> list[Any]:
    """Return a list that may be a mapping, ordered by its keys as KubeSpawner orders them."""
    if isinstance(value, Mapping):
        return [value[key] for key in sorted(value)]
    return list(value or ())


def _bytes(value: Any) -> float:
    """Return an amount of memory as JupyterHub reads it: `4G` is 4 times 2**30."""
    try:
        return float(ByteSpecification().validate(None, value)) if value else 0.0
    except TraitError as error:
        raise InvalidChoiceError(
            f"{str(value)[:50]!r} is not an amount of memory.", advice="Write it as 512M, 4G or a number of bytes."
        ) from error


def checked(trait: str, parse: Callable[[Any], object], value: Any) -> Any:
    """Return *value* if *parse* takes it.

    Raises
    ------
    TraitError
        If not, with the trait, the value and what to do.
    """
    try:
        parse(value)
    except EESSIError as error:
        raise TraitError(f"c.EESSISpawner.{trait} = {value!r}: {error}") from error
    return value
