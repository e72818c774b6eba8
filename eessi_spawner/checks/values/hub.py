"""Do values of Zero to JupyterHub start a hub that attaches EESSI? By our spawner, once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from eessi_spawner.attach.ways import Attachment, parse_attachments
from eessi_spawner.checks.answer import Answer
from eessi_spawner.checks.values import troubles
from eessi_spawner.checks.values.csi import USER_TOLERATIONS
from eessi_spawner.checks.values.tree import Value
from eessi_spawner.errors import InvalidChoiceError

Json = Mapping[str, Any]

OURS = "hub.config.EESSISpawner"
ATTACH = f"{OURS}.eessi_attach"
_CLASS = "hub.config.JupyterHub.spawner_class"
_NAMES = ("eessi", "eessi_spawner.EESSISpawner", "eessi_spawner.spawner.kube.EESSISpawner")
_MOUNTS = ("singleuser.storage.extraVolumeMounts",)
_CVMFS = "/cvmfs"


def check_hub(values: Value, settings: Collection[str] = ()) -> Iterator[Answer]:
    """Say what is amiss with *values*, of which files of the same chart are merged.

    Parameters
    ----------
    settings
        The names of all settings of EESSISpawner; empty: not known, so that names are not checked.
    """
    ours = is_ours(values)
    yield _spawner(values, ours=ours)
    if ours and not values.at("hub.image.name"):
        where = values.at("hub.image") or values.at("hub") or values
        yield troubles.HUB_IMAGE.found(
            "hub.image.name", expected="an image with this package", came="none", file=where.file, line=where.line
        )
    for name, child in (values.at(OURS) or Value({})).children.items():
        if settings and name not in settings:
            near = get_close_matches(name, settings, 1)
            yield troubles.SETTING_UNKNOWN.found(
                f"{OURS}.{name}",
                expected="a setting of EESSISpawner",
                came=name[:100],
                file=child.file,
                line=child.line,
                advice=f"Write {near[0]}." if near else "See docs/admin/attach.md for all settings.",
            )
    attached: tuple[Attachment, ...] = ()
    try:
        attached = attachments(values) if ours else ()
    except InvalidChoiceError as error:
        where = values.at(ATTACH) or values
        yield troubles.ATTACH_INVALID.found(
            ATTACH,
            expected="a way to attach",
            came=error.message,
            advice=error.advice,
            file=where.file,
            line=where.line,
        )
    yield from _mounts(values, attached)


def is_ours(values: Value) -> bool:
    """Say whether the hub's spawner is EESSISpawner."""
    return values.plain_at(_CLASS) in _NAMES


def attachments(values: Value) -> tuple[Attachment, ...]:
    """Return what the hub attaches.

    Raises
    ------
    InvalidChoiceError
        If it would refuse to start.
    """
    found = values.at(ATTACH)
    return parse_attachments(found.plain() if found else "csi")


def user_tolerations(values: Value) -> tuple[Json, ...]:
    """Return the tolerations of users' pods, those of declared pools too."""
    given = values.at("scheduling.userPods.tolerations")
    found: list[Any] = [] if given else [*USER_TOLERATIONS]
    pools = values.at(f"{OURS}.node_pools")
    more = [
        values.at("singleuser.extraTolerations"),
        *(pool.at("tolerations") for pool in (pools.items if pools else ())),
    ]
    for listed in (given, *more):
        found += [entry.plain() for entry in listed.items] if listed else []
    return tuple(entry for entry in found if isinstance(entry, Mapping))


def _spawner(values: Value, *, ours: bool) -> Answer:
    found = values.at(_CLASS)
    where = found or values.at("hub.config") or values.at("hub") or values
    if ours:
        return Answer("ok", "spawner", _CLASS, str(found.data if found else ""), file=where.file, line=where.line)
    came = repr(found.plain())[:100] if found else "the chart's own, KubeSpawner"
    return troubles.SPAWNER.found(_CLASS, expected="eessi", came=came, file=where.file, line=where.line)


def _mounts(values: Value, attached: tuple[Attachment, ...]) -> Iterator[Answer]:
    """Say what is amiss with mounts that were written by hand; the chart takes a list of them, or a mapping."""
    for key in _MOUNTS:
        found = values.at(key)
        for mount in (*found.items, *found.children.values()) if found else ():
            path = str(mount.plain_at("mountPath") or "").rstrip("/")
            if path != _CVMFS and not path.startswith(f"{_CVMFS}/"):
                continue
            if any(path == attachment.mount_path for attachment in attached):
                yield troubles.MOUNTED_TWICE.found(
                    key, expected=f"one mount at {path}", came="two", file=mount.file, line=mount.line
                )
            elif path == _CVMFS and mount.plain_at("mountPropagation") != "HostToContainer":
                yield troubles.PROPAGATION.found(
                    key,
                    expected="mountPropagation: HostToContainer",
                    came=repr(mount.plain_at("mountPropagation")),
                    file=mount.file,
                    line=mount.line,
                )
