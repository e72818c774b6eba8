"""The pod that a user would get, as YAML, without a cluster: what a spawn does up to its first request."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from jupyterhub.utils import maybe_future
from tornado.web import HTTPError
from traitlets import TraitError

from eessi_spawner.attach.nfs import NFSAttachment
from eessi_spawner.errors import EESSIError, InvalidChoiceError
from eessi_spawner.spawner.claims import claim_manifest, volume_manifest
from eessi_spawner.spawner.hidden_secrets import find_secrets, hide_secrets
from eessi_spawner.spawner.hub_config import a_kubeconfig, load_hub, spawner_for, unexpected, wrong_trait
from eessi_spawner.spawner.kube import EESSISpawner
from eessi_spawner.spawner.service_address import may_be_service


def render(config: Path, *, user: str, server: str = "", options: Mapping[str, Any]) -> str:
    """Return the documents that the spawner would send to the cluster for a server, as YAML.

    Parameters
    ----------
    config
        The hub's configuration.
    server
        The name of a named server; empty: the user's default server.
    options
        As a REST call has them.

    Raises
    ------
    InvalidChoiceError
        If the options are refused, or the configuration cannot be used.
    """
    app = load_hub(config)
    with a_kubeconfig():
        return asyncio.run(_render(app, user, server, options))


async def _render(app: Any, user: str, server: str, options: Mapping[str, Any]) -> str:
    with spawner_for(app, user, server) as spawner:
        try:
            pod = await _make_pod(spawner, options)
            claims = _made_claims(spawner)
        except HTTPError as error:
            if isinstance(error.__cause__, EESSIError):
                raise error.__cause__ from error
            text = (error.log_message or str(error)) % (error.args or ())
            raise InvalidChoiceError(f"The options were refused: {text}.", advice="Choose others.") from error
        except TraitError as error:
            raise wrong_trait(error) from error
        except EESSIError:
            raise
        except Exception as error:
            raise unexpected("The pod cannot be made", error) from error
        manifest = spawner.api.api_client.sanitize_for_serialization(pod)
        # KubeSpawner names it in the request.
        manifest["metadata"].setdefault("namespace", spawner.namespace)
        documents = [*claims, hide_secrets(manifest, find_secrets(app.config, os.environ))]
        texts = [yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=10**6) for found in documents]
        texts[-1] = "".join(f"# {comment}\n" for comment in _comments(spawner)) + texts[-1]
        return "---\n".join(texts)


async def _make_pod(spawner: EESSISpawner, options: Mapping[str, Any]) -> Any:
    """Go the way of a spawn: `User.spawn` of JupyterHub, then `_start` of KubeSpawner."""

    async def as_written(server: str) -> str:
        return server

    # Only what is declared is known without a cluster.
    spawner.find_node_pools = False
    spawner.address_of = as_written  # type: ignore[method-assign]
    spawner.user_options = dict(options)
    await spawner._run_apply_user_options(spawner.user_options)  # noqa: SLF001  (what JupyterHub calls)
    await spawner.load_user_options()
    pod = await spawner.get_pod_manifest()
    if spawner.modify_pod_hook:
        pod = await maybe_future(spawner.modify_pod_hook(spawner, pod))
    return pod


def _made_claims(spawner: EESSISpawner) -> list[Mapping[str, Any]]:
    documents = []
    for attachment in spawner.made_claims():
        if attachment.static:
            documents.append(volume_manifest(spawner.namespace, attachment))
        documents.append(claim_manifest(spawner.namespace, attachment))
    return documents


def _comments(spawner: EESSISpawner) -> Iterator[str]:
    """Give what differs from the pod that a spawn makes."""
    for attachment in spawner.attachments():
        if isinstance(attachment, NFSAttachment) and may_be_service(attachment.server):
            yield f"{attachment.server}: if this is a Service of the cluster, the spawner puts its address in."
        if attachment.pod_security == "privileged":
            yield f"Pod Security of the namespace has to be 'privileged', for {attachment.describe()}."
    if spawner.pre_spawn_hook:
        yield "pre_spawn_hook was not run: it may change what is outside of the pod."
