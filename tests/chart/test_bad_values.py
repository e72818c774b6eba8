"""Values that cannot be are refused before anything is applied: the words name the key, what came and what to write."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chart.helm import Helm
from tools import chart_files


def _client(**settings: Any) -> dict[str, Any]:
    return {"cvmfsClient": {"create": True, **settings}}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"atach": {"way": "csi"}}, ("'atach'", "not allowed")),
        ({"attach": {"namespace": "other"}}, ("/attach", "'namespace'", "not allowed")),
        ({"attach": {"csi": {"storageclass": {}}}}, ("/attach/csi", "'storageclass'", "not allowed")),
        ({"attach": {"way": "hostPath"}}, ("/attach/way", "'csi'", "'nfs'", "'none'")),
        ({"attach": {"csi": {"volume": "dynamic"}}}, ("/attach/csi/volume", "'static'", "'storageClass'")),
        ({"attach": {"claim": "CVMFS"}}, ("/attach/claim", "'CVMFS'", "pattern")),
        ({"attach": {"csi": {"storageClass": {"name": ""}}}}, ("/attach/csi/storageClass/name", "pattern")),
        ({"rbac": {"nodes": "no"}}, ("/rbac/nodes", "want boolean")),
        ({"hub": {"serviceAccount": ""}}, ("/hub/serviceAccount", "pattern")),
        ({"attach": {"nfs": {"path": None}}}, ("/attach/nfs", "missing property 'path'")),
        ({"rbac": None}, ("missing property 'rbac'",)),
        ({"attach": {"way": "nfs"}}, ("attach.nfs.server", "is empty", "10.0.0.5")),
        ({"attach": {"way": "nfs", "nfs": {"server": "10.0.0.5:/cvmfs"}}}, ("/attach/nfs/server", "pattern")),
        ({"attach": {"way": "nfs", "nfs": {"server": "10.0.0.5", "path": "cvmfs"}}}, ("/attach/nfs/path", "pattern")),
        ({"attach": {"way": "nfs", "nfs": {"server": "nfs.cvmfs.svc"}}}, ("attach.nfs.server", "cluster IP")),
        ({"attach": {"nfs": {"server": "10.0.0.5"}}}, ("attach.nfs.server", "attach.way is csi", "to nfs")),
        ({"attach": {"claim": "other/cvmfs"}}, ("attach.claim", "other/cvmfs came", "namespace out", "the hub's")),
        ({"service": {"databse": {}}}, ("/service", "'databse'", "not allowed")),
        ({"service": {"image": {"repository": "Registry/service:1 "}}}, ("/service/image/repository", "pattern")),
        ({"service": {"image": {"tag": "1@sha256:ab"}}}, ("/service/image/tag", "pattern")),
        ({"service": {"database": {"claim": {"size": "1"}}}}, ("/service/database/claim/size", "pattern")),
        ({"service": {"replicas": 2}}, ("/service", "'replicas'", "not allowed")),
        ({"service": {"catalogue": {"updateHours": -1}}}, ("/service/catalogue/updateHours", "minimum")),
        ({"service": {"catalogue": {"proxy": "http://squid"}}}, ("/service/catalogue/proxy", "pattern")),
        ({"hub": {"url": "http://hub"}}, ("/hub/url", "pattern")),
        ({"hub": {"baseUrl": "/jupyter"}}, ("/hub/baseUrl", "pattern")),
        ({"squid": {"zones": "site-a"}}, ("/squid/zones", "want array")),
        ({"squid": {"zones": ["site-a", "site-a"]}}, ("/squid/zones", "items at 0 and 1 are equal")),
        ({"squid": {"replicas": 0}}, ("/squid/replicas", "minimum")),
        ({"squid": {"clients": ["10.0.0.0"]}}, ("/squid/clients/0", "pattern")),
        ({"squid": {"domains": ["http://eessi.science"]}}, ("/squid/domains/0", "pattern")),
        ({"squid": {"domains": []}}, ("/squid/domains", "minItems")),
        (_client(proxies=[["http://squid.site"]]), ("cvmfsClient.proxies", "http://squid.site came", ":3128")),
        (_client(proxies=[["squid.site:3128"]]), ("cvmfsClient.proxies", "squid.site:3128 came", "http://")),
        (_client(proxies=[["DIRECT"]]), ("cvmfsClient.proxies", "cvmfsClient.direct to true")),
        (_client(proxies=[["http://a:1|http://b:1"]]), ("/cvmfsClient/proxies/0/0", "pattern")),
        (_client(proxies=["http://a:1"]), ("/cvmfsClient/proxies/0", "want array")),
        (_client(servers=["http://s1.site/cvmfs"]), ("/cvmfsClient/servers/0", "pattern")),
        (_client(settings={"CVMFS_X": "$(id)"}), ("/cvmfsClient/settings/CVMFS_X", "pattern")),
        (_client(settings={"X; id": "1"}), ("/cvmfsClient/settings", "'X; id' not allowed")),
        (_client(direct=False), ("cvmfsClient.direct is false", "no proxy", "squid.create")),
        ({"cvmfsClient": {"proxies": [["http://a:1"]]}}, ("cvmfsClient.create is false", "to true")),
        ({"networkPolicy": {"squidFrom": ["10.0.0.1"]}}, ("/networkPolicy/squidFrom/0", "pattern")),
        ({"serviceMonitor": {"interval": "60"}}, ("/serviceMonitor/interval", "pattern")),
        ({"test": {"user": "Ada"}}, ("/test/user", "pattern")),
    ],
    ids=str,
)
def test_it_is_refused_with_its_key_and_the_way_out(helm: Helm, values: dict[str, Any], words: tuple[str, ...]) -> None:
    done = helm.template(values)
    assert done.returncode != 0
    assert not [word for word in words if word not in done.stderr], done.stderr


def test_no_object_of_the_schema_takes_a_key_that_it_does_not_have() -> None:
    def objects(node: dict[str, Any]) -> list[dict[str, Any]]:
        return [node, *(found for child in node.get("properties", {}).values() for found in objects(child))]

    schema = chart_files.schema(chart_files.source())
    open_ones = [node for node in objects(schema) if node["type"] == "object" and node["additionalProperties"] is True]
    assert open_ones == [schema["properties"]["global"]]
