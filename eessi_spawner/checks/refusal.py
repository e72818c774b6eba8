"""Why did the API server refuse a pod? Answered from its status code and words."""

from __future__ import annotations

import json
import re

from eessi_spawner.errors import ClusterError, PodRefusedError

# pod-security-admission, policy/check_restrictedVolumes.go and check_hostPathVolumes.go.
_POD_SECURITY = re.compile(r'violates PodSecurity "(?P<level>[a-z]+):[^"]*": (?P<what>.+)', re.DOTALL)
_VOLUME_TYPE = re.compile(r'restricted volume types? (?P<kind>"\w+"(?:, "\w+")*)|hostPath volumes')
_QUOTA = re.compile(
    r"exceeded quota: (?P<quota>[^,]+), requested: (?P<asked>.+?), used: (?P<used>.+?), limited: (?P<most>.+)"
)
_NO_RIGHT = re.compile(r"User \"(?P<user>[^\"]+)\" cannot (?P<verb>\w+) resource \"(?P<resource>\w+)\"")


def explain_refusal(status: int, body: str | bytes | None) -> ClusterError:
    """Return the error that tells the user why a pod, or what it needs, was refused.

    Parameters
    ----------
    status
        The HTTP status of the API server's answer.
    body
        Its body, a `Status` of Kubernetes as JSON, or any text, or nothing.
    """
    words = _message(body.decode(errors="replace") if isinstance(body, bytes) else body or "")
    if found := _POD_SECURITY.search(words):
        return _pod_security(found["level"], found["what"])
    if found := _QUOTA.search(words):
        return PodRefusedError(
            f"The quota {found['quota']} of this hub's namespace is used up: {found['used']} of {found['most']} are in"
            f" use, and the server needs {found['asked']}.",
            advice="Stop another server, choose smaller resources, or ask an administrator of this hub.",
            details=words,
        )
    if found := _NO_RIGHT.search(words):
        return PodRefusedError(
            f"The hub may not {found['verb']} {found['resource']} in the cluster.",
            advice=f"An administrator has to grant it to {found['user']}.",
            details=words,
        )
    return PodRefusedError(
        f"The cluster refused the server's pod (HTTP {status}): {' '.join(words.split())[:300]}",
        advice="Tell an administrator of this hub.",
        details=words,
    )


def _pod_security(level: str, what: str) -> PodRefusedError:
    message = f"Pod Security '{level}', which this hub's namespace enforces, refuses the server's pod: {what[:300]}."
    if found := _VOLUME_TYPE.search(what):
        kind = (found["kind"] or "hostPath").replace('"', "")
        message = f"Pod Security '{level}', which this hub's namespace enforces, allows no volumes of type {kind}."
        advice = 'An administrator can attach by a claim instead, which it allows: {"claim": ...} in eessi_attach.'
        return PodRefusedError(message, advice=advice, details=what)
    # What attach/fuse.py and attach/fuse_device.py ask for.
    if 'container "eessi-fuse"' in what or '"SYS_ADMIN"' in what:
        message = f"Pod Security '{level}', which this hub's namespace enforces, allows no CernVM-FS client in a pod."
        advice = 'An administrator can attach otherwise than by "fuse": by a claim, which it allows, in eessi_attach.'
        return PodRefusedError(message, advice=advice, details=what)
    advice = "An administrator has to set the security contexts of pod and containers as it wants them."
    return PodRefusedError(message, advice=advice, details=what)


def _message(body: str) -> str:
    try:
        found = json.loads(body)
    except ValueError:
        return body
    return str(found.get("message", body)) if isinstance(found, dict) else body
