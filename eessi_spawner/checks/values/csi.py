"""Do values of cvmfs-csi bring /cvmfs to every node that users' pods run on? And with enough room there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from eessi_spawner.checks.answer import Answer, Trouble
from eessi_spawner.checks.values import troubles
from eessi_spawner.checks.values.charts import OWN_MAPS
from eessi_spawner.checks.values.client_config import DEFAULT_LOCAL, MAPS, OF_DEFAULT_LOCAL, check_client_config
from eessi_spawner.checks.values.tree import Value
from eessi_spawner.cluster.nodes import Taint
from eessi_spawner.placement.taints import not_tolerated

Json = Mapping[str, Any]

# What users' pods tolerate by Zero to JupyterHub's own `scheduling.userPods.tolerations`.
USER_TOLERATIONS: tuple[Json, ...] = tuple(
    {"key": f"hub.jupyter.org{mark}dedicated", "operator": "Equal", "value": "user", "effect": "NoSchedule"}
    for mark in "/_"
)
# MiB. What EESSI's documentation takes for a client (getting_access/native_installation).
_ENOUGH_CACHE = 10_000
_CHARTS_CACHE = 1_000
_KUBELET = "/var/lib/kubelet"
_LISTS_OF_MOUNTS = ("nodeplugin.automount.extraVolumeMounts", "nodeplugin.automountReconciler.extraVolumeMounts")


def check_csi(
    values: Value, of_users: Sequence[Json] = USER_TOLERATIONS, ours: Value | None = None
) -> Iterator[Answer]:
    """Say what is amiss with *values*, of which files of the same chart are merged.

    Parameters
    ----------
    of_users
        The tolerations of users' pods.
    ours
        The values of this project's chart, which can make the client's configuration.
    """
    elsewhere = _config_elsewhere(values, ours)
    if elsewhere is None or elsewhere.level == "fail":
        yield from check_client_config(values)
        yield _cache(values)
    if elsewhere:
        yield elsewhere
    yield _tolerations(values, of_users)
    yield from _node(values)
    yield from _config_maps(values)


def _config_elsewhere(values: Value, ours: Value | None) -> Answer | None:
    """Say whether the client's configuration is made by one chart; None where it is by the driver's."""
    made = (values.at(MAPS) or Value({})).children.get(OF_DEFAULT_LOCAL)
    create = ours.at("cvmfsClient.create") if ours else None
    by_ours = create is not None and create.data is True
    # Null is how Helm is told to leave out what a chart has by default.
    if made is not None and made.data is None:
        if by_ours:
            return Answer("ok", "proxy", DEFAULT_LOCAL, "made by our chart", file=made.file, line=made.line)
        return troubles.CONFIG_ELSEWHERE.found(
            DEFAULT_LOCAL, expected="cvmfsClient.create of our chart", came="null", file=made.file, line=made.line
        )
    if create and by_ours:
        return troubles.CONFIG_TWICE.found(
            "cvmfsClient.create",
            expected=f"{DEFAULT_LOCAL}: null in the driver's values",
            came="the driver's own",
            file=create.file,
            line=create.line,
        )
    return None


def _cache(values: Value) -> Answer:
    key = "cache.local.cvmfsQuotaLimit"
    found = values.at(key)
    where = found or values.at("cache") or values
    limit = _number(found)
    if limit is None or limit < _ENOUGH_CACHE:
        came = f"{_CHARTS_CACHE}, the chart's default" if found is None else repr(found.plain())[:100]
        expected = f"{_ENOUGH_CACHE} MiB or more"
        return troubles.CACHE_SMALL.found(key, expected=expected, came=came, file=where.file, line=where.line)
    return Answer("ok", "cache", key, f"{limit:g} MiB a node", file=where.file, line=where.line)


def _number(value: Value | None) -> float | None:
    try:
        return _CHARTS_CACHE if value is None else float(str(value.data))
    except ValueError:
        return None


def _tolerations(values: Value, of_users: Sequence[Json]) -> Answer:
    key = "nodeplugin.tolerations"
    found = values.at(key)
    where = found or values.at("nodeplugin") or values
    own = [entry for entry in (found.plain() if found and found.items else []) if isinstance(entry, Mapping)]
    missing = [toleration for toleration in of_users if not_tolerated(_taints_of(toleration), own)]
    if missing:
        return troubles.TOLERATIONS.found(
            key,
            expected="all that users' pods tolerate",
            came=f"{len(own) or 'no'} {'toleration' if len(own) == 1 else 'tolerations'}, and not of"
            f" {', '.join(map(_taint_name, missing))}",
            file=where.file,
            line=where.line,
            wanted=", ".join(
                f"{{{', '.join(f'{name}: {value}' for name, value in entry.items())}}}" for entry in missing
            ),
        )
    return Answer("ok", "tolerations", key, "all that users' pods tolerate", file=where.file, line=where.line)


def _taints_of(toleration: Json) -> Iterable[Taint]:
    """Return taints that *toleration* tolerates, such that who tolerates these as well tolerates no less."""
    key = str(toleration.get("key") or "any.example.org/key")
    value = "any" if toleration.get("operator") == "Exists" else str(toleration.get("value") or "")
    effects = [toleration["effect"]] if toleration.get("effect") else ["NoSchedule", "NoExecute"]
    return [Taint(key, value, str(effect)) for effect in effects]


def _taint_name(toleration: Json) -> str:
    return str(toleration.get("key") or "any taint")


def _node(values: Value) -> Iterator[Answer]:
    def said(trouble: Trouble, key: str, value: Value, expected: str, **words: str) -> Answer:
        came = repr(value.plain())[:100]
        return trouble.found(key, expected=expected, came=came, file=value.file, line=value.line, **words)

    kubelet, host_pid = values.at("kubeletDirectory"), values.at("nodeplugin.hostPID")
    if kubelet and str(kubelet.data).rstrip("/") != _KUBELET:
        yield said(troubles.KUBELET, "kubeletDirectory", kubelet, _KUBELET, path=str(kubelet.data)[:100])
    if host_pid and host_pid.data is not True:
        yield said(troubles.HOST_PID, "nodeplugin.hostPID", host_pid, "true")


def _config_maps(values: Value) -> Iterator[Answer]:
    """Say which ConfigMaps no volume uses, and whether lists have lost the chart's own entries."""
    volumes = values.at("nodeplugin.extraVolumes")
    used = [*_used(volumes)] if volumes else [*OWN_MAPS]
    if OF_DEFAULT_LOCAL not in used and volumes:
        yield _lost("nodeplugin.extraVolumes", volumes, f"a volume of the ConfigMap {OF_DEFAULT_LOCAL}")
    for key in _LISTS_OF_MOUNTS:
        mounts = values.at(key)
        if mounts and not any(item.plain_at("mountPath") == "/etc/cvmfs/default.local" for item in mounts.items):
            yield _lost(key, mounts, "a mount at /etc/cvmfs/default.local")
    for name, made in (values.at(MAPS) or Value({})).children.items():
        if made.children and name not in used:
            yield troubles.CONFIG_UNUSED.found(
                f"{MAPS}.{name}",
                expected=f"one of {', '.join(used)}" if used else "a volume of it",
                came=name[:100],
                file=made.file,
                line=made.line,
            )


def _used(volumes: Value) -> Iterator[str]:
    for item in volumes.items:
        if name := item.at("configMap.name"):
            yield str(name.data)


def _lost(key: str, found: Value, expected: str) -> Answer:
    return troubles.CONFIG_NOT_MOUNTED.found(
        key, expected=expected, came="a list without it", file=found.file, line=found.line
    )
