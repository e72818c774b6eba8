"""KubeSpawner whose pods have EESSI: how it is attached, and the claims that are made for it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import aiohttp
from kubernetes_asyncio.client import ApiException
from traitlets import Any as AnyTrait
from traitlets import Dict, Unicode, Union, validate
from traitlets import List as ListTrait

from eessi_spawner.attach.claim import ClaimAttachment
from eessi_spawner.attach.host_injections import HostInjections, parse_host_injections
from eessi_spawner.attach.nfs import NFSAttachment
from eessi_spawner.attach.ways import Attachment, parse_attachments
from eessi_spawner.errors import EESSIError
from eessi_spawner.pod import PodPatch, apply_patch
from eessi_spawner.spawner.any_image import CONFIG_PATH, bring_kernels
from eessi_spawner.spawner.claims import make_claim, remove_claim
from eessi_spawner.spawner.placed import PlacedKubeSpawner, checked
from eessi_spawner.spawner.rejection import refuse
from eessi_spawner.spawner.service_address import resolve_server


class AttachedKubeSpawner(PlacedKubeSpawner):
    """Attaches EESSI to pods, and makes and removes the claims that this takes."""

    eessi_attach = Union(
        [Unicode(), Dict(), ListTrait(AnyTrait())],
        default_value="csi",
        help="""
        How /cvmfs gets into the pods: a way, a way with its settings, or a list of them.

        - `"csi"`: the claim `cvmfs` of the driver cvmfs-csi, with all repositories, at /cvmfs. Settings: `claim`,
          `mount_path`, `storage_class` (the claim is made from this class where it is absent), `static` (it is made
          with a volume of its own), `repository` (the claim is of this one), `client_config`, `shared_mount_id`.
        - `{"way": "nfs", "server": "nfs.cvmfs", "path": "/"}`: an NFS export; a Service is given by its name.
          `{"way": "nfs", "claim": "cvmfs-nfs"}`: an NFS export by a claim, which Pod Security `restricted` allows.
        - `{"way": "host_path", "node_label": "cvmfs=yes"}`: /cvmfs of nodes that have the label. Settings: `path`,
          `must_exist`. `{"way": "host_path", "claim": "cvmfs-shared"}`: a directory of the nodes by a claim.
        - `{"way": "ephemeral", "storage_class": "cvmfs"}`: a volume for each pod, which goes with it.
        - `{"way": "fuse", "image": "registry.example.org/eessi-spawner/fuse:0.1.0"}`: a client in a privileged sidecar.
          Settings: `repositories`, `client_config`. `{"way": "fuse", "device": "github.com/fuse"}`: a client of the
          server's own image, in the server's container.
        - `"none"`: nothing is added; the image or the rest of the configuration brings /cvmfs.

        Everything is mounted read-only, and open to what the node mounts later (`HostToContainer`).

        Example: `c.EESSISpawner.eessi_attach = {"way": "csi", "claim": "cvmfs"}`.
        """,
    ).tag(config=True)

    eessi_host_injections = Dict(
        help="""
        What is mounted at /opt/eessi, where EESSI looks for the site's own builds and GPU drivers. Empty: nothing.

        `{"claim": "eessi-site"}`, `{"host_path": "/opt/eessi"}` or `{"empty_dir": True}`, and `mount_path` for
        another place than /opt/eessi.
        """,
    ).tag(config=True)

    kernels_image = Unicode(
        help="""
        The image that brings EESSI's kernels to servers whose own image does not have this package; any Jupyter image
        works then. Empty: the server's image has the package.

        Example: `c.EESSISpawner.kernels_image = "registry.example.org/eessi-spawner/kernels:0.1.0"`.
        """,
    ).tag(config=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Claims that were made for this server alone, and go with it: name to attachment.
        self._own_claims: dict[str, ClaimAttachment] = {}

    @validate("eessi_attach")
    def _check_attach(self, proposal: Mapping[str, Any]) -> Any:
        return checked("eessi_attach", parse_attachments, proposal["value"])

    @validate("eessi_host_injections")
    def _check_host_injections(self, proposal: Mapping[str, Any]) -> Any:
        return checked("eessi_host_injections", parse_host_injections, proposal["value"])

    # From a choice to a pod

    def attachments(self) -> tuple[Attachment, ...]:
        """Return what is mounted into this server's pod."""
        return tuple(map(self._in_namespace, parse_attachments(self.eessi_attach)))

    def _in_namespace(self, attachment: Attachment) -> Attachment:
        """Give a claim that is made in a user's namespace a name of this server's own: it goes with the server."""
        if self.enable_user_namespaces and isinstance(attachment, ClaimAttachment) and attachment.is_made:
            return replace(attachment, claim=f"{self.pod_name}-{attachment.claim}")
        return attachment

    def made_claims(self) -> list[ClaimAttachment]:
        """Return the claims that are made for this server's pod where they are absent."""
        return [found for found in self.attachments() if isinstance(found, ClaimAttachment) and found.is_made]

    def _host_injections(self) -> HostInjections | None:
        return parse_host_injections(self.eessi_host_injections)

    async def pod_patch(self) -> PodPatch:
        """Return all that is added to KubeSpawner's pod."""
        patch = self.pool_patch()
        nearest = self.taken[0].state.pool.nfs_server if self.taken else ""
        for attachment in self.attachments():
            if isinstance(attachment, NFSAttachment):
                patch += replace(attachment, server=await self.address_of(nearest or attachment.server)).patch()
            else:
                patch += attachment.patch()
        if injections := self._host_injections():
            patch += injections.patch()
        if self.kernels_image:
            patch += bring_kernels(self.kernels_image, self.image_pull_policy or "IfNotPresent")
        return patch

    async def address_of(self, server: str) -> str:
        """Return what nodes can use for an NFS server's name."""
        return await resolve_server(self.api, server, self.namespace)

    async def get_pod_manifest(self) -> Any:
        """Return KubeSpawner's pod with EESSI; `modify_pod_hook` stays the admin's and sees all of it."""
        pod = await super().get_pod_manifest()
        try:
            return apply_patch(pod, await self.pod_patch(), self.api.api_client.sanitize_for_serialization)
        except EESSIError as error:
            raise refuse(self, error) from error

    def site_prefix(self) -> str:
        """Return where the host injections are mounted, if not where EESSI looks for them by itself."""
        injections = self._host_injections()
        return injections.site_prefix if injections else ""

    def get_env(self) -> dict[str, str]:
        """Return the server's environment."""
        environ: dict[str, str] = super().get_env()
        if self.kernels_image:
            environ["JUPYTER_CONFIG_PATH"] = ":".join(filter(None, (CONFIG_PATH, environ.get("JUPYTER_CONFIG_PATH"))))
        if injections := self._host_injections():
            environ.update(injections.patch().environment)
        return environ

    # The claims that go with it

    async def _make_create_pod_request(self, pod: Any, request_timeout: float) -> bool:
        """Create the pod, and before it the claims that it needs: by now the namespace exists."""
        for attachment in self.made_claims():
            try:
                await make_claim(self.api, self.namespace, attachment, seconds=request_timeout)
            except (asyncio.TimeoutError, aiohttp.ClientConnectionError):
                return False
            except EESSIError as error:
                raise refuse(self, error) from error
            if self.enable_user_namespaces:
                self._own_claims[attachment.claim] = attachment
        created: bool = await super()._make_create_pod_request(pod, request_timeout)
        return created

    async def stop(self, now: bool = False) -> None:  # noqa: FBT001, FBT002  (JupyterHub's signature)
        """Stop the pod, and remove the claims that were made for it alone."""
        await super().stop(now)
        for claim, attachment in list(self._own_claims.items()):
            try:
                await remove_claim(self.api, self.namespace, attachment, seconds=self.k8s_api_request_retry_timeout)
            except (ApiException, OSError, asyncio.TimeoutError) as error:
                # The server has stopped; its next one takes the claim up again.
                self.log.warning("Claim %s/%s could not be removed: %s", self.namespace, claim, error)
                continue
            del self._own_claims[claim]

    def get_state(self) -> dict[str, Any]:
        """Return what a restarted hub needs to know of this server."""
        state: dict[str, Any] = super().get_state()
        if self._own_claims:
            state["eessi_claims"] = [asdict(attachment) for attachment in self._own_claims.values()]
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up what `get_state` gave."""
        super().load_state(state)
        claims = (ClaimAttachment(**saved) for saved in state.get("eessi_claims", ()))
        self._own_claims = {attachment.claim: attachment for attachment in claims}
