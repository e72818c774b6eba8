"""What does the namespace allow its pods? By its label of Pod Security."""

from __future__ import annotations

from eessi_spawner.checks.ways.driver import grant
from eessi_spawner.checks.ways.verdict import Verdict
from eessi_spawner.cluster.survey import Survey

LEVELS = ("restricted", "baseline", "privileged")


def refusal(way: tuple[str, str], seen: Survey, least: str, what: str) -> Verdict | None:
    """Return the verdict of a way whose pods the namespace refuses, or may refuse; None where it allows them.

    Parameters
    ----------
    way
        Code and title.
    least
        The strictest level that allows *what* the pods have.
    """
    if seen.pod_security is None:
        reason = f"What Pod Security allows in namespace {seen.namespace} may not be seen; it has to be {least}."
        return Verdict(*way, "unknown", reason, grant("namespaces") if _is_hidden(seen) else _other(seen))
    level = seen.pod_security or LEVELS[-1]
    if level in LEVELS and LEVELS.index(level) >= LEVELS.index(least):
        return None
    reason = f"Pod Security '{level}', which namespace {seen.namespace} enforces, allows no {what}."
    return Verdict(*way, "no", reason, "Attach by a claim, or have the namespace relabelled.")


def allowed(seen: Survey) -> str:
    """Return the beginning of a sentence that says why the pods are allowed."""
    if not seen.pod_security:
        return f"Namespace {seen.namespace} has no label of Pod Security, so that it may be allowed;"
    return f"Pod Security '{seen.pod_security}' of namespace {seen.namespace} allows it;"


def _is_hidden(seen: Survey) -> bool:
    return "not found" not in seen.unseen.get(f"namespace {seen.namespace}", "")


def _other(seen: Survey) -> str:
    return f"There is no namespace {seen.namespace}: name that of users' pods by --namespace."
