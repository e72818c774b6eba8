"""The client by which a hub speaks to the API server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from kubernetes_asyncio.client import ApiClient
from kubernetes_asyncio.config import new_client_from_config


@asynccontextmanager
async def hub_client(kubeconfig: Path) -> AsyncIterator[ApiClient]:
    async with await new_client_from_config(str(kubeconfig)) as api_client:
        yield api_client
    # TLS connections take a moment to close (aiohttp's documentation, "Graceful Shutdown").
    await asyncio.sleep(0.25)
