"""The driver's CernVM-FS client reads, as its shell does, proxies in their order and an administrator's own servers."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
import yaml

from tests.chart.helm import CHART, COMPONENT, Helm

FOLDER = CHART.parent
PLAIN = yaml.safe_load((FOLDER / "cvmfs-csi-values.yaml").read_text(encoding="utf-8"))
BY_CHART = yaml.safe_load((FOLDER / "cvmfs-csi-by-chart-values.yaml").read_text(encoding="utf-8"))


def maps(helm: Helm, squid: dict[str, Any] | None = None, **client: Any) -> dict[str, dict[str, Any]]:
    """Return the client's ConfigMaps by name."""
    made = helm.documents({"squid": squid or {}, "cvmfsClient": {"create": True, **client}})
    return {
        document["metadata"]["name"]: document
        for document in made
        if document["metadata"].get("labels", {}).get(COMPONENT) == "cvmfs-client"
    }


def read(text: str, *names: str) -> list[str]:
    """Return settings as they are after a shell has read *text*: mount/cvmfs_config of CernVM-FS does so."""
    script = text + "".join(f'\nprintf "%s\\n" "${name}"' for name in names)
    done = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def proxies(helm: Helm, squid: dict[str, Any] | None = None, **client: Any) -> list[str]:
    text = maps(helm, squid, **client)["cvmfs-csi-default-local"]["data"]["default.local"]
    return read(text, "CVMFS_HTTP_PROXY", "CVMFS_USE_CDN")


OWN = [["http://a:3128", "http://b:3128"], ["http://far:3128"]]


@pytest.mark.parametrize(
    ("squid", "client", "proxy", "cdn"),
    [
        ({}, {}, "DIRECT", "yes"),
        ({}, {"proxies": OWN}, "http://a:3128|http://b:3128;http://far:3128;DIRECT", "no"),
        ({}, {"proxies": OWN, "direct": False}, "http://a:3128|http://b:3128;http://far:3128", "no"),
        ({"create": True}, {}, "http://eessi-squid.jhub.svc:3128;DIRECT", "no"),
        ({"create": True}, {"direct": False}, "http://eessi-squid.jhub.svc:3128", "no"),
        (
            {"create": True, "zones": ["a", "b"]},
            {"proxies": [["http://far:3128"]]},
            "http://eessi-squid.jhub.svc:3128;http://far:3128;DIRECT",
            "no",
        ),
    ],
    ids=["none", "own", "own alone", "ours", "ours alone", "ours, then own"],
)
def test_proxies_are_asked_group_by_group_and_the_servers_last(
    helm: Helm, squid: dict[str, Any], client: dict[str, Any], proxy: str, cdn: str
) -> None:
    assert proxies(helm, squid, **client) == [proxy, cdn]


def test_own_servers_are_those_of_each_repository(helm: Helm) -> None:
    made = maps(helm, servers=["http://one.site", "http://two.site:8000"], repositories=["software.eessi.io", "a.b"])
    files = made["cvmfs-csi-config-d"]["data"]
    assert files.keys() == {"software.eessi.io.conf", "a.b.conf"}
    wanted = "http://one.site/cvmfs/@fqrn@;http://two.site:8000/cvmfs/@fqrn@"
    assert [read(text, "CVMFS_SERVER_URL") for text in files.values()] == [[wanted], [wanted]]


def test_the_cache_has_its_limit_and_settings_of_the_administrators_are_added(helm: Helm) -> None:
    made = maps(helm, quota=5000, settings={"EESSI_NVIDIA_OVERRIDE_DEFAULT": "/opt/eessi nvidia"})
    text = made["cvmfs-csi-default-local"]["data"]["default.local"]
    assert read(text, "CVMFS_QUOTA_LIMIT", "CVMFS_CLIENT_PROFILE", "EESSI_NVIDIA_OVERRIDE_DEFAULT") == [
        "5000",
        "custom",
        "/opt/eessi nvidia",
    ]


def test_it_takes_the_place_of_what_the_drivers_chart_would_make(helm: Helm) -> None:
    made = maps(helm, namespace="driver")
    assert {document["metadata"]["namespace"] for document in made.values()} == {"driver"}
    assert {"extraConfigMaps": dict.fromkeys(made)} == BY_CHART
    assert maps(helm, create=False) == {}


def test_without_own_values_it_says_what_the_drivers_values_say(helm: Helm) -> None:
    names = ("CVMFS_HTTP_PROXY", "CVMFS_USE_CDN", "CVMFS_CLIENT_PROFILE", "CVMFS_QUOTA_LIMIT", "CVMFS_CACHE_BASE")
    plain = PLAIN["extraConfigMaps"]["cvmfs-csi-default-local"]["default.local"]
    # The driver's chart fills these in; /cvmfs-localcache is its default.
    local = {"cvmfsQuotaLimit": str(PLAIN["cache"]["local"]["cvmfsQuotaLimit"]), "location": "/cvmfs-localcache"}
    for name, value in local.items():
        plain = plain.replace(f"{{{{ .Values.cache.local.{name} }}}}", value)
    assert read(maps(helm)["cvmfs-csi-default-local"]["data"]["default.local"], *names) == read(plain, *names)
