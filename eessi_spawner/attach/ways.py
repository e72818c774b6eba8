"""The ways to attach by name, and the reading of an admin's settings into them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from itertools import combinations
from typing import Any, Protocol

from eessi_spawner.attach.claim import ClaimAttachment, names_of_repository
from eessi_spawner.attach.ephemeral import EphemeralAttachment
from eessi_spawner.attach.fuse import FuseAttachment
from eessi_spawner.attach.fuse_device import FuseDeviceAttachment
from eessi_spawner.attach.host_path import HostPathAttachment
from eessi_spawner.attach.nfs import NFSAttachment
from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.pod import PodPatch

NONE = "none"


class Attachment(Protocol):
    """One thing that is mounted into pods."""

    @property
    def mount_path(self) -> str:
        """Where."""

    @property
    def pod_security(self) -> str:
        """The level of Pod Security that it needs at least: `restricted`, `baseline` or `privileged`."""

    def patch(self) -> PodPatch:
        """Return what a pod needs for it."""

    def describe(self) -> str:
        """Return where it comes from, as a part of a sentence."""


_Kind = (
    type[ClaimAttachment]
    | type[EphemeralAttachment]
    | type[FuseAttachment]
    | type[FuseDeviceAttachment]
    | type[HostPathAttachment]
    | type[NFSAttachment]
)

_WAYS: dict[str, _Kind] = {
    "csi": ClaimAttachment,
    "ephemeral": EphemeralAttachment,
    "fuse": FuseAttachment,
    "host_path": HostPathAttachment,
    "nfs": NFSAttachment,
}
# Ways that, with `claim`, are the pod side of a claim, whatever is behind it; the spawner knows how to make volumes of
# cvmfs-csi alone.
_BY_CLAIM = {"host_path": ("claim", "mount_path"), "nfs": ("claim", "mount_path", "storage_class")}


def parse_attachments(value: object) -> tuple[Attachment, ...]:
    """Return what *value* asks to be mounted.

    Parameters
    ----------
    value
        The name of a way (`"csi"`), a mapping with its settings (`{"way": "nfs", "server": "10.0.0.5"}`), or a list of
        either, for several repositories at once. `"none"` or an empty list: nothing.

    Raises
    ------
    InvalidChoiceError
        If a way or a setting is unknown or of the wrong type, if two would be mounted at one place or one inside the
        other, or if two would need a client of CernVM-FS in the pod.
    """
    if value in (NONE, {"way": NONE}):
        return ()
    entries = value if isinstance(value, (list, tuple)) else [value]
    attachments = tuple(map(_parse_one, entries))
    paths = sorted(attachment.mount_path for attachment in attachments)
    for outer, inner in combinations(paths, 2):
        if inner == outer or inner.startswith(f"{outer}/"):
            raise InvalidChoiceError(
                f"Two things would be mounted at {outer} and {inner}.",
                advice="Give each a 'mount_path' of its own, none inside another. The root volume of cvmfs-csi"
                " at /cvmfs has all repositories in it already.",
            )
    if sum(isinstance(attachment, (FuseAttachment, FuseDeviceAttachment)) for attachment in attachments) > 1:
        raise InvalidChoiceError(
            "Two clients of CernVM-FS were asked for, and a pod has one.",
            advice="Name all its repositories in one entry:"
            ' {"way": "fuse", "repositories": ["software.eessi.io", "site.example.org"]}.',
        )
    return attachments


def _parse_one(entry: object) -> Attachment:
    settings = {"way": entry} if isinstance(entry, str) else entry
    if not isinstance(settings, Mapping) or not isinstance(settings.get("way"), str):
        raise InvalidChoiceError(
            f"A way to attach was expected as a name or a mapping, {str(entry)[:100]!r} came.",
            advice='Write "csi", or {"way": "nfs", "server": "10.0.0.5", "path": "/"}.',
        )
    way = settings["way"]
    if way not in _WAYS:
        raise InvalidChoiceError(
            f"There is no way to attach called {way[:100]!r}.",
            advice=f"Choose from: {', '.join((*_WAYS, NONE))}.",
        )
    given = {key: value for key, value in settings.items() if key != "way"}
    if "claim" in given and way in _BY_CLAIM:
        return _make(ClaimAttachment, given, way, only=_BY_CLAIM[way])
    if "device" in given and way == "fuse":
        return _make(FuseDeviceAttachment, given, way)
    made = _make(_WAYS[way], given, way)
    if isinstance(made, ClaimAttachment) and made.repository:
        return _make(ClaimAttachment, names_of_repository(made.repository) | given, way)
    return made


def _make(kind: _Kind, settings: Mapping[str, Any], way: str, *, only: Collection[str] = ()) -> Attachment:
    known = {field.name: field for field in fields(kind) if not only or field.name in only}
    taken: dict[str, Any] = {}
    for name, value in settings.items():
        if name not in known:
            raise InvalidChoiceError(
                f"The way '{way}' has no setting {str(name)[:100]!r}.",
                advice=f"Its settings are: {', '.join(known)}.",
            )
        expected = type(known[name].default)
        taken[name] = tuple(value) if expected is tuple and isinstance(value, list) else value
        if type(taken[name]) is not expected or (expected is tuple and not all(isinstance(one, str) for one in value)):
            kind_of = "a list of texts" if expected is tuple else f"of type {expected.__name__}"
            raise InvalidChoiceError(
                f"The setting '{name}' of the way '{way}' was expected to be {kind_of}, {value!r:.100} came.",
                advice="See docs/admin/attach.md and docs/admin/attach-ways.md for an example of each way.",
            )
    return kind(**taken)
