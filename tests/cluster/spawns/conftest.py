"""A cluster with EESSI's sample in /cvmfs, our images, an NFS server, and hubs with people."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.claims import static_claim
from tests.cluster.spawns.hubs import Person, hub_on
from tests.cluster.spawns.places import Place, make_place
from tests.cluster.testbed.api import Api
from tests.cluster.testbed.cluster import Cluster
from tests.cluster.testbed.nfs import NFSServer
from tests.cluster.testbed.stack_image import build_stack_tree

PlaceOf = Callable[[str], Place]
StartHub = Callable[..., Person]


@pytest.fixture(scope="session")
def place_of(stocked: Cluster, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlaceOf]:
    """Return a function that gives a namespace of a level of Pod Security, with the driver's root claim in it."""
    places: dict[str, Place] = {}
    with ExitStack() as claims:

        def place_of(pod_security: str) -> Place:
            if pod_security not in places:
                directory = tmp_path_factory.mktemp(pod_security)
                place = make_place(stocked, api, pod_security, directory, pod_security=pod_security)
                places[pod_security] = place
                claims.enter_context(static_claim(api.core, "cvmfs", namespace=place.namespace))
            return places[pod_security]

        yield place_of
        # A volume stays as long as a pod uses it.
        for place in places.values():
            api.core.delete_collection_namespaced_pod(place.namespace, grace_period_seconds=0)


@pytest.fixture(scope="module")
def hub_state(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    return lambda: tmp_path_factory.mktemp("hub")


_numbers = itertools.count(1)


@pytest.fixture
def start_hub(
    place_of: PlaceOf, hub_state: Callable[[], Path], artefacts: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Any]]:
    """Return a function that starts a hub in a namespace of a level of Pod Security, until the test ends."""
    with ExitStack() as hubs:

        def start(level: str, **settings: Any) -> Any:
            log = artefacts / f"cluster-{re.sub('[^a-z0-9_-]+', '-', request.node.name)}.log"
            return hubs.enter_context(hub_on(place_of(level), hub_state(), log=log, **settings))

        yield start


@pytest.fixture
def person_on(start_hub: Callable[..., Any]) -> Callable[..., Person]:
    """Return a function that starts a hub and logs somebody new in, so that no pod of an earlier test is theirs."""
    return lambda level, **settings: Person(start_hub(level, **settings), f"person-{next(_numbers)}")


@pytest.fixture(scope="session")
def nfs_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NFSServer]:
    """Return a real NFSv4 server that exports what /cvmfs has, as /cvmfs."""
    server = NFSServer(build_stack_tree(), tmp_path_factory.mktemp("nfs"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def nfs_service(nfs_server: NFSServer, place_of: PlaceOf, stocked: Cluster, api: Api) -> str:
    """Return the name of a Service, in the namespace `baseline`, that leads to the NFS server."""
    namespace = place_of("baseline").namespace
    ports = [{"name": "nfs", "port": 2049, "targetPort": nfs_server.port}]
    api.core.create_namespaced_service(namespace, {"metadata": {"name": "nfs"}, "spec": {"ports": ports}})
    addresses = [{"addresses": [{"ip": stocked.host_ip}], "ports": [{"name": "nfs", "port": nfs_server.port}]}]
    api.core.create_namespaced_endpoints(namespace, {"metadata": {"name": "nfs"}, "subsets": addresses})
    return "nfs"


@pytest.fixture(scope="session")
def nfs_claim(nfs_server: NFSServer, place_of: PlaceOf, stocked: Cluster, api: Api) -> Iterator[str]:
    """Return the name of a claim, in the namespace `restricted`, to the NFS export."""
    source = {"nfs": {"server": stocked.host_ip, "path": nfs_server.pseudo, "readOnly": True}}
    namespace = place_of("restricted").namespace
    with static_claim(api.core, "cvmfs-nfs", namespace=namespace, source=source) as name:
        yield name


@pytest.fixture(scope="session")
def repository_claims(place_of: PlaceOf, api: Api) -> Iterator[dict[str, str]]:
    """Return the names of claims, in the namespace `restricted`, by the one repository that each is of."""
    namespace = place_of("restricted").namespace
    names = {"software.eessi.io": "software-eessi-io", "site.example.org": "site-example-org"}
    with ExitStack() as claims:
        for repository, name in names.items():
            attributes = {"repository": repository}
            claims.enter_context(static_claim(api.core, name, namespace=namespace, attributes=attributes))
        yield names


@pytest.fixture(scope="session")
def site_additions(place_of: PlaceOf, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the name of a claim, in the namespace `restricted`, to a directory of the site's."""
    source = {"hostPath": {"path": str(tmp_path_factory.mktemp("additions")), "type": "Directory"}}
    with static_claim(api.core, "site-additions", namespace=place_of("restricted").namespace, source=source) as name:
        yield name
