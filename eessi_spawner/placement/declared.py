"""Pools that an administrator declares: the reading of the configuration, and the words for what is wrong in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from math import inf, isfinite
from types import MappingProxyType
from typing import Any

from eessi_spawner.cluster.resources import Resources, parse_quantity
from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.placement.pool import NodePool
from eessi_spawner.placement.taints import parse_toleration
from eessi_spawner.stack.accelerators import parse_accelerator
from eessi_spawner.stack.cpu_targets import DETECTION_RULES, CpuTarget, parse_cpu_target
from eessi_spawner.stack.releases import known_targets

Json = Mapping[str, Any]

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
# Kubernetes' label keys and values (apimachinery `pkg/util/validation/validation.go`).
_KEY = re.compile(r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?")
_LEAST_MEMORY = 2**20


def parse_pools(value: object) -> tuple[NodePool, ...]:
    """Return the pools that *value* declares, in its order.

    Parameters
    ----------
    value
        A list of mappings. Each has a `name`, and may have `cpu_target` and `machine`, `accelerators`,
        `node_selector` (label to value), `tolerations` (as Kubernetes has them), what one node can give (`cpu`,
        `memory`, `devices`), `max_nodes`, `allowed_groups` and `nfs_server`.

    Raises
    ------
    InvalidChoiceError
        If a key or a value cannot be used, two pools have one name, or one of several pools would select every node.
    """
    if not isinstance(value, (list, tuple)):
        raise InvalidChoiceError(
            f"A list of pools was expected, {value!r:.100} came.",
            advice='Write [{"name": "zen4", "cpu_target": "x86_64/amd/zen4", "node_selector": {"pool": "zen4"}}].',
        )
    pools = tuple(map(_parse_pool, value))
    names = [pool.name for pool in pools]
    for pool in pools:
        if names.count(pool.name) > 1:
            raise InvalidChoiceError(
                f"Two pools are called {pool.name!r}.", advice="Give each pool a 'name' of its own."
            )
        if not pool.requirements and len(pools) > 1:
            raise InvalidChoiceError(
                f"Pool {pool.name!r} has no 'node_selector', so that all nodes would be of it, and there are others.",
                advice="Write the labels of its nodes as a 'node_selector'.",
            )
    return pools


def _parse_pool(entry: object) -> NodePool:
    if not isinstance(entry, Mapping):
        raise InvalidChoiceError(
            f"A pool was expected as a mapping, {entry!r:.100} came.", advice='Write it as {"name": "zen4", ...}.'
        )
    try:
        name = _name(entry.get("name"))
    except InvalidChoiceError as error:
        raise InvalidChoiceError(f"The 'name' of a pool cannot be used: {error.message}", advice=error.advice) from None
    read: dict[str, Any] = {}
    for key, value in entry.items():
        if key not in _KEYS:
            raise InvalidChoiceError(
                f"Pool {name!r} has no key {str(key)[:100]!r}.", advice=f"Its keys are: {', '.join(_KEYS)}."
            )
        try:
            read[key] = _KEYS[key](value)
        except InvalidChoiceError as error:
            raise InvalidChoiceError(
                f"'{key}' of pool {name!r} cannot be used: {error.message}", advice=error.advice
            ) from None
    return _make(read)


def _make(read: Mapping[str, Any]) -> NodePool:
    name, target, machine = read["name"], read.get("cpu_target"), read.get("machine", "")
    if target and machine and target.machine != machine:
        raise InvalidChoiceError(
            f"Pool {name!r} has the 'machine' {machine!r} and the 'cpu_target' {str(target)!r}, which is of"
            f" {target.machine}.",
            advice="Leave 'machine' out: the CPU target says it.",
        )
    has_size = read.keys() & {"cpu", "memory", "devices"}
    return NodePool(
        name=name,
        cpu_target=target,
        machine=target.machine if target else machine,
        accelerators=read.get("accelerators", ()),
        requirements=read.get("node_selector", ()),
        tolerations=read.get("tolerations", ()),
        # What is not declared is no bound.
        node=Resources(read.get("cpu", inf), read.get("memory", inf), MappingProxyType(read.get("devices", {})))
        if has_size
        else None,
        max_nodes=read.get("max_nodes"),
        allowed_groups=read.get("allowed_groups", frozenset()),
        nfs_server=read.get("nfs_server", ""),
        is_declared=True,
    )


def _unexpected(expected: str, value: object, advice: str) -> InvalidChoiceError:
    return InvalidChoiceError(f"{expected} was expected, {value!r:.100} came.", advice=advice)


def _text(pattern: re.Pattern[str], expected: str, advice: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise _unexpected(expected, value, advice)
        return value

    return parse


_name = _text(_NAME, "1 to 63 of a-z, 0-9, '.' and '-'", "Write it like zen4 or zen4-large.")
_label_key = _text(_KEY, "The key of a label", "Write it like pool or topology.kubernetes.io/zone.")
_label_value = _text(_VALUE, "The value of a label, a text,", 'Put it in quotes, like "zen4" or "true".')
_group = _text(re.compile(r"\S(.{0,253}\S)?"), "The name of a group", "Write it as JupyterHub knows it.")
_host = _text(_HOST, "A host's name or address", "Write it like nfs.example.org or 10.0.0.5.")


def _list(parse: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    def parse_list(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple, set, frozenset)):
            raise _unexpected("A list", value, "Write it in brackets, also where it has one entry.")
        return tuple(map(parse, value))

    return parse_list


def _mapping(value: Any, advice: str) -> Json:
    if not isinstance(value, Mapping):
        raise _unexpected("A mapping", value, advice)
    return value


def _target(value: Any) -> CpuTarget:
    advice = "Write it as EESSI names its directories, such as x86_64/amd/zen3."
    if not isinstance(value, str):
        raise _unexpected("A CPU target", value, advice)
    target, known = parse_cpu_target(value), known_targets()
    if target not in known:
        of_machine = [found.path for found in known if found.machine == target.machine]
        near = get_close_matches(target.path, of_machine or [found.path for found in known], n=3, cutoff=0.0)
        raise InvalidChoiceError(
            f"EESSI has no CPU target {value!r}.", advice=f"Its targets near that are: {', '.join(near)}."
        )
    return target


def _machine(value: Any) -> str:
    if value not in tuple(DETECTION_RULES):
        raise _unexpected("A machine type of EESSI", value, f"Use one of: {', '.join(DETECTION_RULES)}.")
    return str(value)


def _accelerator(value: Any) -> str:
    return parse_accelerator(value if isinstance(value, str) else repr(value))


def _node_selector(value: Any) -> tuple[Json, ...]:
    labels = _mapping(value, 'Write labels and their values, like {"pool": "zen4"}.')
    return tuple(
        {"key": _label_key(key), "operator": "In", "values": [_label_value(label)]} for key, label in labels.items()
    )


def _amount(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise _unexpected("An amount", value, "Write it as 4, 500m or 64Gi.")
    amount = parse_quantity(value)
    if amount <= 0 or not isfinite(amount):
        raise _unexpected("More than nothing", value, "Write what one node can give to pods.")
    return amount


def _memory(value: Any) -> float:
    amount = _amount(value)
    if amount < _LEAST_MEMORY:
        raise _unexpected("At least 1Mi", value, "A number without a unit is bytes: write 64Gi.")
    return amount


def _devices(value: Any) -> dict[str, float]:
    devices = _mapping(value, 'Write resources and how many a node has, like {"nvidia.com/gpu": 4}.')
    for name in devices:
        if not isinstance(name, str) or "/" not in name or not _KEY.fullmatch(name):
            raise _unexpected("The name of an extended resource", name, "Write it like nvidia.com/gpu.")
    return {name: _amount(count) for name, count in devices.items()}


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise _unexpected("A whole number, 0 or more,", value, "Write how many nodes the pool can have at most.")
    return value


_KEYS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "name": _name,
        "cpu_target": _target,
        "machine": _machine,
        "accelerators": _list(_accelerator),
        "node_selector": _node_selector,
        "tolerations": _list(parse_toleration),
        "cpu": _amount,
        "memory": _memory,
        "devices": _devices,
        "max_nodes": _count,
        "allowed_groups": lambda value: frozenset(_list(_group)(value)),
        "nfs_server": _host,
    }
)
