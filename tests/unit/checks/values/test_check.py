"""Values files, good and bad: which chart they are of, and what is said of which line."""

from __future__ import annotations

from pathlib import Path

import pytest

from eessi_spawner.checks.answer import Answer, worst
from eessi_spawner.checks.values import troubles
from eessi_spawner.checks.values.check import check_values

REPOSITORY = Path(__file__).parents[4]
CONFIG = REPOSITORY / "helm-config"
SQUIDS = "http://squid-1.site.edu:3128|http://squid-2.site.edu:3128;DIRECT"
GOOD_CSI = f"""\
extraConfigMaps:
  cvmfs-csi-default-local:
    default.local: |
      CVMFS_HTTP_PROXY="{SQUIDS}"
      CVMFS_CLIENT_PROFILE=custom
      CVMFS_QUOTA_LIMIT={{{{ .Values.cache.local.cvmfsQuotaLimit }}}}
      CVMFS_CACHE_BASE={{{{ .Values.cache.local.location }}}}
cache: {{local: {{cvmfsQuotaLimit: 20000}}}}
nodeplugin: {{tolerations: [{{operator: Exists}}]}}
"""
GOOD_HUB = """\
hub:
  image: {name: registry.site.edu/hub, tag: "1"}
  config:
    JupyterHub: {spawner_class: eessi}
    EESSISpawner: {eessi_attach: csi}
"""
GOOD_OURS = "attach: {way: csi, claim: cvmfs}\n"


def answers(*texts: str, settings: tuple[str, ...] = ()) -> tuple[Answer, ...]:
    files = [(f"{number}.yaml", text.encode()) for number, text in enumerate(texts, start=1)]
    return check_values(files, settings)


def amiss(*texts: str, settings: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return [(answer.code, answer.place) for answer in answers(*texts, settings=settings) if answer.level != "ok"]


def codes(*texts: str) -> set[str]:
    return {code for code, _ in amiss(*texts)}


@pytest.mark.parametrize("text", [GOOD_CSI, GOOD_HUB, GOOD_OURS], ids=["cvmfs-csi", "jupyterhub", "ours"])
def test_a_good_file_is_ok_in_all_that_is_looked_at(text: str) -> None:
    found = answers(text)
    assert worst(found) == "ok"
    assert "keys" in [answer.code for answer in found]


def test_good_files_agree() -> None:
    assert amiss(GOOD_CSI, GOOD_HUB, GOOD_OURS) == []


def test_what_this_project_ships_has_no_wrong_key_and_only_what_a_site_fills_in_fails() -> None:
    files = [CONFIG / "cvmfs-csi-values.yaml", CONFIG / "jupyterhub-values.yaml", *CONFIG.glob("examples/csi-*.yaml")]
    found = check_values([(file.name, file.read_bytes()) for file in files])
    assert {answer.code for answer in found if answer.level == "fail"} <= {"placeholder"}
    assert {answer.code for answer in found if answer.level == "warn"} <= {"proxy_direct"}


def with_line(good: str, old: str, new: str) -> str:
    assert good.count(old) == 1
    return good.replace(old, new)


PROXY = f'CVMFS_HTTP_PROXY="{SQUIDS}"'
CSI = [
    # What people copy from guides, and misspell.
    (GOOD_CSI + "cmvfsHttpProxy: DIRECT\n", "unknown_key", 10),
    (GOOD_CSI + "cvmfsConfig: {}\n", "unknown_key", 10),
    (GOOD_CSI + "startAutomountDaemon: true\n", "unknown_key", 10),
    (GOOD_CSI + "cvmfs-csi-config-d: {}\n", "unknown_key", 10),
    (GOOD_CSI + "fullnameOverride: x\n", "unknown_key", 10),
    (with_line(GOOD_CSI, "cvmfsQuotaLimit: 20000", "cvmfsQuotaLimit: 20000, quota: 1"), "unknown_key", 8),
    (with_line(GOOD_CSI, "nodeplugin: {", "nodeplugin: {toleration: [], "), "unknown_key", 9),
    (GOOD_CSI + "cache: {local: {cvmfsQuotaLimit: 20000}}\n", "repeated_key", 10),
    # Proxies.
    (with_line(GOOD_CSI, SQUIDS, "DIRECT"), "proxy_direct", 4),
    (with_line(GOOD_CSI, SQUIDS, "http://ca-proxy.cern.ch:3128"), "proxy_of_cern", 4),
    (with_line(GOOD_CSI, SQUIDS, "http://squid.site.edu"), "proxy_invalid", 4),
    (with_line(GOOD_CSI, SQUIDS, "squid.site.edu:3128"), "proxy_invalid", 4),
    (with_line(GOOD_CSI, SQUIDS, ""), "proxy_invalid", 4),
    (with_line(GOOD_CSI, SQUIDS, "http://squid-1.example.org:3128"), "placeholder", 4),
    (with_line(GOOD_CSI, PROXY, "# CVMFS_HTTP_PROXY=x"), "proxy_missing", 3),
    (with_line(GOOD_CSI, "CVMFS_CLIENT_PROFILE=custom", ""), "direct_replaced", 4),
    (
        with_line(GOOD_CSI, "CVMFS_CLIENT_PROFILE", "CVMFS_USE_CDN=yes\n      CVMFS_CLIENT_PROFILE"),
        "cdn_behind_squid",
        4,
    ),
    (
        with_line(
            GOOD_CSI,
            "CVMFS_CLIENT_PROFILE=custom",
            f"CVMFS_CLIENT_PROFILE=custom\n      {PROXY}\n      CVMFS_SERVER_URL=x",
        ),
        "servers_overridden",
        7,
    ),
    (GOOD_CSI[GOOD_CSI.index("cache:") :], "proxy_of_cern", 1),
    # The rest of the client's configuration.
    (with_line(GOOD_CSI, "CVMFS_CACHE_BASE=", "CVMFS_CACHE="), "cache_lines_missing", 3),
    (with_line(GOOD_CSI, "20000", "2000"), "cache_small", 8),
    (with_line(GOOD_CSI, "20000", "much"), "cache_small", 8),
    (
        with_line(GOOD_CSI, "extraConfigMaps:", "extraConfigMaps:\n  cvmfs-csi-configd: {x.conf: A=1}"),
        "config_unused",
        2,
    ),
    # The nodes.
    (with_line(GOOD_CSI, "[{operator: Exists}]", "[]"), "tolerations_missing", 9),
    (with_line(GOOD_CSI, "nodeplugin: {tolerations: [{operator: Exists}]}\n", ""), "tolerations_missing", 1),
    (with_line(GOOD_CSI, "[{operator: Exists}]", "[{key: gpu, operator: Exists}]"), "tolerations_missing", 9),
    (GOOD_CSI + "kubeletDirectory: /var/snap/microk8s/common/var/lib/kubelet\n", "kubelet_directory", 10),
    (with_line(GOOD_CSI, "nodeplugin: {", "nodeplugin: {hostPID: false, "), "host_pid_off", 9),
    (
        with_line(GOOD_CSI, "nodeplugin: {", "nodeplugin: {automount: {extraVolumeMounts: []}, "),
        "config_not_mounted",
        9,
    ),
    (
        with_line(
            GOOD_CSI,
            "nodeplugin: {",
            "nodeplugin: {extraVolumes: [{name: x, configMap: {name: cvmfs-csi-default-d}}], ",
        ),
        "config_not_mounted",
        9,
    ),
]


@pytest.mark.parametrize(
    ("text", "code", "line"), CSI, ids=[f"{code}-{number}" for number, (_, code, _) in enumerate(CSI)]
)
def test_a_mistake_in_values_of_cvmfs_csi_is_found_at_its_line(text: str, code: str, line: int) -> None:
    assert (code, f"1.yaml:{line}") in amiss(text)


MOUNT = "singleuser: {storage: {extraVolumeMounts: [{name: x, mountPath: /cvmfs}]}}\n"
HUB = [
    (with_line(GOOD_HUB, "hub:\n", "hub:\n  imag: {}\n"), "unknown_key", 2),
    (GOOD_HUB + "singleUser: {}\n", "unknown_key", 6),
    (with_line(GOOD_HUB, "spawner_class: eessi", "spawner_class: kubespawner.KubeSpawner"), "spawner_not_ours", 4),
    (with_line(GOOD_HUB, '  image: {name: registry.site.edu/hub, tag: "1"}\n', ""), "hub_image_stock", 1),
    (with_line(GOOD_HUB, "registry.site.edu", "registry.example.org"), "placeholder", 2),
    (with_line(GOOD_HUB, "eessi_attach: csi", "eessi_atach: csi"), "setting_unknown", 5),
    (with_line(GOOD_HUB, "eessi_attach: csi", "eessi_attach: cvmfs"), "attach_invalid", 5),
    (GOOD_HUB + MOUNT, "mounted_twice", 6),
    (with_line(GOOD_HUB, "eessi_attach: csi", "eessi_attach: none") + MOUNT, "propagation_missing", 6),
]


@pytest.mark.parametrize(("text", "code", "line"), HUB, ids=[code for _, code, _ in HUB])
def test_a_mistake_in_values_of_the_hub_is_found_at_its_line(text: str, code: str, line: int) -> None:
    assert amiss(text, settings=("eessi_attach", "find_node_pools")) == [(code, f"1.yaml:{line}")]


OURS = [
    ("attach: {way: csi}\nrbac: {node: true}\n", "unknown_key", 2),
    ("attach: {way: cvmfs}\n", "value_invalid", 1),
    ("attach: {way: csi, claim: My_Claim}\n", "value_invalid", 1),
    ("attach:\n  way: csi\nrbac:\n  nodes: 1\n", "value_invalid", 4),
    ("attach: {way: nfs}\n", "nfs_server", 1),
    ("attach:\n  way: nfs\n  nfs: {server: nfs.cvmfs.svc.cluster.local}\n", "nfs_server", 3),
]


@pytest.mark.parametrize(("text", "code", "line"), OURS, ids=range(len(OURS)))
def test_a_mistake_in_values_of_our_chart_is_found_at_its_line(text: str, code: str, line: int) -> None:
    assert amiss(text) == [(code, f"1.yaml:{line}")]


def test_a_file_of_no_known_chart_and_a_file_that_is_none_are_told() -> None:
    assert amiss("replicas: 3\n") == [("chart_unknown", "1.yaml")]
    assert amiss("") == [("chart_unknown", "1.yaml")]
    assert amiss("- a\n", GOOD_OURS) == [("not_values", "1.yaml:1")]


def test_values_below_the_name_of_a_chart_are_found_in_a_chart_of_charts() -> None:
    text = "cvmfscsi: {cmvfsHttpProxy: DIRECT}\njupyterhub:\n" + "".join(
        f"  {line}\n" for line in GOOD_HUB.splitlines()
    )
    (found,) = [answer for answer in answers(text) if answer.code == "unknown_key"]
    assert (found.key, found.line) == ("cvmfscsi.cmvfsHttpProxy", 1)
    assert "spawner" in [answer.code for answer in answers(text)]


def test_the_last_file_of_a_chart_wins() -> None:
    assert ("proxy_direct", "1.yaml:4") in amiss(with_line(GOOD_CSI, SQUIDS, "DIRECT"))
    assert amiss(with_line(GOOD_CSI, SQUIDS, "DIRECT"), GOOD_CSI) == []
    assert amiss(GOOD_CSI, "nodeplugin: {tolerations: []}\n") == [("tolerations_missing", "2.yaml:1")]


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("automountStorageClas: {}", "Write automountStorageClass."),
        ("nodePlugin: {}", "Write nodeplugin."),
        ("cache: {local: {cvmfsQuotaLimits: 1}}", "Write cache.local.cvmfsQuotaLimit."),
        ("cvmfsQuotaLimit: 1", "Write cache.local.cvmfsQuotaLimit."),
        ("hostPID: true", "Write nodeplugin.hostPID."),
        ("automountReconcilerPeriod: 3s", "Write automountReconcilePeriod."),
        ("cmvfsHttpProxy: DIRECT", "extraConfigMaps.cvmfs-csi-default-local"),
        ("somethingElse: 1", "Remove it, or look up its name."),
    ],
)
def test_an_unknown_key_comes_with_the_nearest_that_there_is(key: str, nearest: str) -> None:
    (found,) = [
        answer for answer in answers(f"csiDriverName: cvmfs.csi.cern.ch\n{key}\n") if answer.code == "unknown_key"
    ]
    assert nearest in found.advice


def test_the_driver_has_to_tolerate_what_users_pods_tolerate() -> None:
    hub = GOOD_HUB + "singleuser: {extraTolerations: [{key: gpu, operator: Exists}]}\n"
    narrow = with_line(
        GOOD_CSI,
        "[{operator: Exists}]",
        "[{key: hub.jupyter.org/dedicated, operator: Exists}, {key: hub.jupyter.org_dedicated, value: user}]",
    )
    assert amiss(narrow) == []
    assert amiss(narrow, hub) == [("tolerations_missing", "1.yaml:9")]
    assert amiss(GOOD_CSI, hub) == []
    assert amiss(narrow, "scheduling: {userPods: {tolerations: []}}\n" + GOOD_HUB) == []


def test_claims_and_rights_of_hub_and_chart_have_to_agree() -> None:
    finds = with_line(GOOD_HUB, "eessi_attach: csi", "find_node_pools: true")
    assert amiss(finds, GOOD_OURS) == []
    assert amiss(finds, "rbac: {nodes: false, pods: false}\n" + GOOD_OURS) == [("rights_missing", "2.yaml:1")] * 2
    assert amiss(GOOD_HUB, "attach: {claim: eessi, way: csi}\n") == [("claims_differ", "1.yaml:5")]
    makes = with_line(GOOD_HUB, "eessi_attach: csi", "eessi_attach: {way: csi, claim: own, storage_class: cvmfs}")
    assert amiss(makes, GOOD_OURS) == []


def test_one_chart_makes_the_drivers_configuration() -> None:
    left_out = "extraConfigMaps: {cvmfs-csi-default-local: null, cvmfs-csi-config-d: null}\n"
    made = "cvmfsClient: {create: true}\n"
    assert amiss(GOOD_CSI, left_out) == [("config_elsewhere", "2.yaml:1")]
    assert codes(GOOD_CSI, left_out, GOOD_OURS + made) - {"unknown_key"} == set()
    assert codes(GOOD_CSI, GOOD_OURS + made) - {"unknown_key"} == {"config_twice"}


def test_every_trouble_is_found_by_a_test_here() -> None:
    known = {trouble.code for trouble in vars(troubles).values() if isinstance(trouble, troubles.Trouble)}
    tested = {code for _, code, _ in (*CSI, *HUB, *OURS)}
    assert known - tested == {
        "not_values",
        "chart_unknown",
        "claims_differ",
        "rights_missing",
        "config_elsewhere",
        "config_twice",
    }
