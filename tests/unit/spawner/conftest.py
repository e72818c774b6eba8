"""EESSISpawner as JupyterHub makes it, and the pods that it makes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy.orm
from jupyterhub import orm
from jupyterhub.objects import Hub
from jupyterhub.user import User
from kubernetes_asyncio.client import ApiClient
from traitlets.config import Config

from eessi_spawner.spawner.hub_config import NO_CLUSTER
from eessi_spawner.spawner.kube import EESSISpawner
from tests.unit.spawner.pods import Json, MakeSpawner


@pytest.fixture
def loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.AbstractEventLoop]:
    from kubernetes_asyncio.config import kube_config  # noqa: PLC0415

    config = tmp_path / "kubeconfig"
    # Nothing here talks to a cluster: what does is in tests/cluster.
    config.write_text(NO_CLUSTER)
    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(config))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    loop = asyncio.new_event_loop()
    yield loop
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


@pytest.fixture
def make_spawner(loop: asyncio.AbstractEventLoop) -> Iterator[MakeSpawner]:
    """Return a function that makes spawners as a hub does, from sections of configuration."""
    engine = sqlalchemy.create_engine("sqlite://")
    orm.Base.metadata.create_all(engine)
    # As JupyterHub's sessions.
    session = sqlalchemy.orm.Session(engine, expire_on_commit=False)
    user = orm.User(name="Zoë@example.org")
    session.add(user)
    session.commit()

    def make(kube: Json | None = None, **configured: Any) -> EESSISpawner:
        config = Config({"EESSISpawner": configured, "KubeSpawner": kube or {}})
        settings = {"spawner_class": EESSISpawner, "config": config, "hub": Hub(), "base_url": "/"}

        async def construct() -> EESSISpawner:
            spawner: EESSISpawner = User(user, settings).get_spawner("")
            return spawner

        return loop.run_until_complete(construct())

    yield make
    session.close()
    engine.dispose()


@pytest.fixture
def pod_of(loop: asyncio.AbstractEventLoop) -> Callable[..., Json]:
    """Return a function that goes from options to a pod as a spawn does."""

    def pod_of(spawner: EESSISpawner, options: Json | None = None) -> Json:
        async def make() -> Json:
            spawner.user_options = options or {}
            await spawner._run_apply_user_options(spawner.user_options)
            await spawner.load_user_options()
            manifest = await spawner.get_pod_manifest()
            async with ApiClient() as client:
                pod: Json = client.sanitize_for_serialization(manifest)
            return pod

        return loop.run_until_complete(make())

    return pod_of
