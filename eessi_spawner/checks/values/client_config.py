"""The configuration of the CernVM-FS client in values of cvmfs-csi: which proxy, and how much cache."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from eessi_spawner.checks.answer import Answer, Trouble
from eessi_spawner.checks.values import troubles
from eessi_spawner.checks.values.tree import Value

MAPS = "extraConfigMaps"
OF_DEFAULT_LOCAL = "cvmfs-csi-default-local"
DEFAULT_LOCAL = f"{MAPS}.{OF_DEFAULT_LOCAL}"
# Read before default.local, so that it wins (CernVM-FS `mount/default.conf`).
_READ_BEFORE = "cvmfs-csi-default-d"

_SETTING = re.compile(r"\s*(?:export\s+)?([A-Z][A-Z0-9_]*)=(.*)")
_PROXY = re.compile(r"https?://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}/?")


@dataclass(frozen=True)
class Setting:
    """What a line of the client's configuration sets."""

    value: str
    key: str = ""
    file: str = ""
    line: int = 0


def read_settings(text: Value, path: str) -> Mapping[str, Setting]:
    """Return what each name is set to at last, without its quotes; of shell, no more than assignments is understood."""
    found = {}
    for number, line in enumerate(str(text.data or "").splitlines()):
        if match := _SETTING.match(line):
            value = match[2].split(" #")[0].strip().strip("\"'")
            found[match[1]] = Setting(value, f"{path}: {match[1]}", text.file, text.text_line + number)
    return MappingProxyType(found)


def check_client_config(values: Value) -> Iterator[Answer]:
    """Say whether EESSI can be mounted with the configuration in *values*."""
    default_local = (values.at(DEFAULT_LOCAL) or Value({})).children.get("default.local")
    own = read_settings(default_local, DEFAULT_LOCAL) if default_local else {}
    last = {**own, **_read_later(values)}
    yield from _proxy(values, default_local, last)
    if default_local is None:
        return
    if missing := [name for name in ("CVMFS_QUOTA_LIMIT", "CVMFS_CACHE_BASE") if name not in own]:
        yield troubles.CACHE_LINES.found(
            DEFAULT_LOCAL,
            expected="the chart's lines of the cache",
            came=f"{' and '.join(missing)} is not set"
            if len(missing) == 1
            else f"neither {' nor '.join(missing)} is set",
            file=default_local.file,
            line=default_local.line,
        )
    if servers := own.get("CVMFS_SERVER_URL"):
        yield troubles.SERVERS_OVERRIDDEN.found(
            servers.key,
            expected="no servers here",
            came=repr(servers.value[:100]),
            file=servers.file,
            line=servers.line,
        )


def _read_later(values: Value) -> dict[str, Setting]:
    """Return what ConfigMaps of domains and of single repositories set, which are read after default.local."""
    found: dict[str, Setting] = {}
    for name, made in (values.at(MAPS) or Value({})).children.items():
        if name not in {OF_DEFAULT_LOCAL, _READ_BEFORE}:
            for text in made.children.values():
                found |= read_settings(text, f"{MAPS}.{name}")
    return found


def _proxy(values: Value, text: Value | None, settings: Mapping[str, Setting]) -> Iterator[Answer]:
    setting = settings.get("CVMFS_HTTP_PROXY")
    if setting is None:
        where = text or values.at(MAPS) or values
        trouble = troubles.PROXY_MISSING if text else troubles.PROXY_OF_CERN
        came = "none" if text else "the chart's default, http://ca-proxy.cern.ch:3128"
        # The profile of a single machine goes without a proxy.
        if settings.get("CVMFS_CLIENT_PROFILE", _UNSET).value != "single":
            key, expected = f"{DEFAULT_LOCAL}: CVMFS_HTTP_PROXY", "a proxy of yours, or DIRECT"
            yield trouble.found(key, expected=expected, came=came, file=where.file, line=where.line)
        return
    entries = [entry.strip() for entry in re.split(r"[;|]", setting.value) if entry.strip()]
    direct, proxies = "DIRECT" in entries, [entry for entry in entries if entry not in {"DIRECT", "auto"}]

    def said(trouble: Trouble, expected: str, came: str) -> Answer:
        return trouble.found(setting.key, expected=expected, came=came, file=setting.file, line=setting.line)

    wrong = [entry for entry in proxies if not _PROXY.fullmatch(entry) and "{{" not in entry]
    amiss = []
    if wrong or not entries:
        amiss.append(said(troubles.PROXY_INVALID, "http://HOST:PORT", repr((wrong or [""])[0][:100])))
    if of_cern := [entry for entry in proxies if re.search(r"\.cern\.ch(:|/|$)", entry)]:
        amiss.append(said(troubles.PROXY_OF_CERN, "a proxy of yours, or DIRECT", repr(of_cern[0][:100])))
    if not proxies and direct:
        amiss.append(said(troubles.PROXY_DIRECT, "Squids, where there are more than five nodes", "DIRECT"))
    cdn = settings.get("CVMFS_USE_CDN", _UNSET).value == "yes"
    custom = settings.get("CVMFS_CLIENT_PROFILE", _UNSET).value == "custom" or "CVMFS_CONFIG_REPOSITORY" in settings
    if direct and not custom and not (cdn and not proxies):
        amiss.append(said(troubles.DIRECT_REPLACED, "CVMFS_CLIENT_PROFILE=custom beside DIRECT", "it is not set"))
    if cdn and proxies:
        amiss.append(said(troubles.CDN_BEHIND_SQUID, "no CDN behind Squids", "CVMFS_USE_CDN=yes"))
    yield from amiss or [Answer("ok", "proxy", setting.key, setting.value[:200], file=setting.file, line=setting.line)]


_UNSET = Setting("")
