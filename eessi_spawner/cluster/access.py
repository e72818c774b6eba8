"""The way into the cluster for commands: a connection, and what its refusals mean."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import aiohttp
from kubernetes_asyncio import config
from kubernetes_asyncio.client import ApiClient, ApiException, Configuration

from eessi_spawner.errors import ClusterError


async def connect(kubeconfig: str = "", context: str = "") -> ApiClient:
    """Return a connection to the cluster, to be closed by its `async with`.

    Parameters
    ----------
    kubeconfig
        A file; empty: inside a pod its service account, elsewhere `KUBECONFIG` or `~/.kube/config`, as for kubectl.
    context
        Of the kubeconfig; empty: its current one.

    Raises
    ------
    ClusterError
        If there is none of these, or it cannot be used.
    """
    configuration = Configuration()
    if not kubeconfig and not context:
        try:
            config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
            return ApiClient(configuration)
        except config.ConfigException:
            # This is no pod, or one without a token.
            pass
    try:
        await config.load_kube_config(
            config_file=kubeconfig or None,
            context=context or None,
            client_configuration=configuration,
            persist_config=False,
        )
    except Exception as error:  # a kubeconfig can be wrong in as many ways as YAML, and its programs fail in more
        raise ClusterError(
            f"No way into a cluster was found: {' '.join(str(error).split())[:300]}",
            advice="Name a kubeconfig by --kubeconfig or KUBECONFIG, and one of its contexts by --context.",
        ) from error
    return ApiClient(configuration)


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn what the API server answers, or that it does not, into a `ClusterError`; *what* was to be done."""
    try:
        yield
    except ApiException as error:
        raise ClusterError(
            f"The cluster refused to {what} (HTTP {error.status}): {_status_message(error)}",
            advice="Use an account that has the right, or ask an administrator of the cluster.",
        ) from error
    except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
        raise ClusterError(
            f"The cluster did not answer when asked to {what}: {str(error) or type(error).__name__}.",
            advice="Check the address in the kubeconfig, and the network.",
        ) from error


def _status_message(error: ApiException) -> str:
    """Return the API server's own words, as one line."""
    body: Any = error.body or error.reason or ""
    with suppress(ValueError, KeyError, TypeError):
        body = json.loads(body)["message"]
    return " ".join(str(body).split())[:300]
