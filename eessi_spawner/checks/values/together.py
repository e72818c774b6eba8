"""Do the values of several charts agree? Claims and rights are named on both sides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from eessi_spawner.attach.claim import ClaimAttachment
from eessi_spawner.checks.answer import Answer
from eessi_spawner.checks.values import troubles
from eessi_spawner.checks.values.hub import ATTACH, OURS, attachments, is_ours
from eessi_spawner.checks.values.tree import Value
from eessi_spawner.errors import InvalidChoiceError

_CLAIM = "cvmfs"
_READS = (("find_node_pools", "rbac.nodes", False), ("count_pods", "rbac.pods", True))


def check_together(values: Mapping[str, Value]) -> Iterator[Answer]:
    """Say what of the hub's *values* and of our chart's, by the names of the charts, does not fit."""
    hub, ours = values.get("jupyterhub"), values.get("eessi-spawner")
    if hub is None or ours is None or not is_ours(hub):
        return
    yield from _claims(hub, ours)
    finds = hub.plain_at(f"{OURS}.find_node_pools") is True
    for setting, right, default in _READS:
        asked = hub.at(f"{OURS}.{setting}")
        wanted = finds and (asked.data if asked else default) is True
        refused = ours.at(right)
        if wanted and refused and refused.data is False:
            yield troubles.RIGHTS_MISSING.found(
                right,
                expected=f"true, since the hub has {setting}",
                came="false",
                file=refused.file,
                line=refused.line,
                right=right,
                setting=setting,
            )


def _claims(hub: Value, ours: Value) -> Iterator[Answer]:
    made = ours.plain_at("attach.claim") or _CLAIM
    if ours.plain_at("attach.way") == "none":
        return
    try:
        wanted = [entry for entry in attachments(hub) if isinstance(entry, ClaimAttachment) and not entry.is_made]
    except InvalidChoiceError:
        # Said of the hub's values.
        return
    if wanted and made not in [entry.claim for entry in wanted]:
        where = hub.at(ATTACH) or ours.at("attach.claim") or hub
        yield troubles.CLAIMS_DIFFER.found(
            ATTACH, expected=f"the claim {made}", came=wanted[0].claim, file=where.file, line=where.line
        )
