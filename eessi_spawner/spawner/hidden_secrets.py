"""Takes the hub's secrets out of a pod that is shown: values that the hub has under the name of a secret. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

HIDDEN = "<secret of the hub>"

_NAME = re.compile(r"(secret|token|password|passwd|key)s?$", re.IGNORECASE)
# Shorter ones would be found inside other words.
_SHORTEST = 8


def find_secrets(config: Mapping[str, Any], environ: Mapping[str, str]) -> list[str]:
    """Return the values in a hub's configuration and environment whose names end as names of secrets do, long first."""
    found = {*_walk(config, named=False), *_walk(environ, named=False)}
    return sorted((text for text in found if len(text) >= _SHORTEST), key=len, reverse=True)


def _walk(value: object, *, named: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _walk(inner, named=named or bool(_NAME.search(str(key))))
    elif isinstance(value, (list, tuple, set)):
        for inner in value:
            yield from _walk(inner, named=named)
    elif named and isinstance(value, str):
        yield value


def hide_secrets(pod: dict[str, Any], secrets: list[str]) -> dict[str, Any]:
    """Return *pod*, Kubernetes' JSON, with *secrets* hidden in variables, commands and arguments of containers."""
    spec = dict(pod["spec"])
    for kind in ("containers", "initContainers"):
        if spec.get(kind):
            spec[kind] = [_hide(container, secrets) for container in spec[kind]]
    return {**pod, "spec": spec}


def _hide(value: Any, secrets: list[str], key: str = "") -> Any:
    if isinstance(value, Mapping):
        return {name: _hide(inner, secrets, str(name)) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_hide(inner, secrets, key) for inner in value]
    if isinstance(value, str) and key in ("value", "command", "args"):
        for secret in secrets:
            value = value.replace(secret, HIDDEN)
    return value
