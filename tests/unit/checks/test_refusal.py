"""Why the API server refused a pod, from the words of Kubernetes 1.34 as its source writes them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.checks.refusal import explain_refusal
from eessi_spawner.errors import PodRefusedError

# pod-security-admission, admission.go and policy/check_*.go.
SECURITY = 'pods "jupyter-gina" is forbidden: violates PodSecurity "{level}:latest": {what}'


def status(message: str) -> bytes:
    return json.dumps({"kind": "Status", "status": "Failure", "message": message, "code": 403}).encode()


@pytest.mark.parametrize(
    ("level", "what", "words"),
    [
        (
            "restricted",
            'restricted volume types (volume "eessi-cvmfs" uses restricted volume type "nfs")',
            "allows no volumes of type nfs.",
        ),
        (
            "restricted",
            'restricted volume types (volumes "home", "eessi-cvmfs" use restricted volume type "nfs")',
            "allows no volumes of type nfs.",
        ),
        (
            "restricted",
            'allowPrivilegeEscalation != false (container "notebook" must set securityContext.allowPrivilegeEscalation'
            '=false), restricted volume types (volumes "a", "b" use restricted volume types "hostPath", "nfs")',
            "allows no volumes of type hostPath, nfs.",
        ),
        ("baseline", 'hostPath volumes (volume "eessi-host-injections")', "allows no volumes of type hostPath."),
    ],
)
def test_pod_security_that_allows_no_such_volume_leads_to_a_claim(level: str, what: str, words: str) -> None:
    error = explain_refusal(403, status(SECURITY.format(level=level, what=what)))
    assert isinstance(error, PodRefusedError)
    assert error.message.startswith(f"Pod Security '{level}', which this hub's namespace enforces,")
    assert words in error.message
    assert "by a claim" in error.advice
    assert error.details == what


@pytest.mark.parametrize(
    "what",
    [
        'privileged (container "eessi-fuse" must not set securityContext.privileged=true)',
        'non-default capabilities (container "notebook" must not include "SYS_ADMIN" in'
        " securityContext.capabilities.add)",
    ],
)
def test_pod_security_that_allows_no_client_in_the_pod_leads_to_a_claim(what: str) -> None:
    error = explain_refusal(403, status(SECURITY.format(level="baseline", what=what)))
    assert "Pod Security 'baseline'" in error.message
    assert "allows no CernVM-FS client in a pod." in error.message
    assert "by a claim" in error.advice


def test_pod_security_that_wants_security_contexts_says_which() -> None:
    what = (
        'runAsNonRoot != true (pod or container "notebook" must set securityContext.runAsNonRoot=true), seccompProfile'
        ' (pod or container "notebook" must set securityContext.seccompProfile.type to "RuntimeDefault")'
    )
    error = explain_refusal(403, status(SECURITY.format(level="restricted", what=what)))
    assert "runAsNonRoot != true" in error.message
    assert "security contexts" in error.advice


def test_a_used_up_quota_says_what_is_used_and_what_was_asked_for() -> None:
    # apiserver, admission/plugin/resourcequota/controller.go.
    words = (
        'pods "jupyter-gina" is forbidden: exceeded quota: users, requested: limits.cpu=2,pods=1, '
        "used: limits.cpu=39,pods=20, limited: limits.cpu=40,pods=20"
    )
    error = explain_refusal(403, status(words))
    assert error.message == (
        "The quota users of this hub's namespace is used up: limits.cpu=39,pods=20 of limits.cpu=40,pods=20 are in use,"
        " and the server needs limits.cpu=2,pods=1."
    )


def test_a_missing_right_names_what_to_grant_to_whom() -> None:
    # apiserver, endpoints/handlers/responsewriters/errors.go.
    words = (
        'persistentvolumes is forbidden: User "system:serviceaccount:hub:hub" cannot create resource'
        ' "persistentvolumes" in API group "" at the cluster scope'
    )
    error = explain_refusal(403, status(words))
    assert error.message == "The hub may not create persistentvolumes in the cluster."
    assert "system:serviceaccount:hub:hub" in error.advice


@pytest.mark.parametrize(
    "words",
    [
        'pods "jupyter-gina" is forbidden: failed quota: users: must specify limits.cpu for: notebook',
        'pods "jupyter-gina" is forbidden: maximum memory usage per Container is 1Gi, but limit is 8Gi',
        'Pod "jupyter-gina" is invalid: spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/cvmfs"',
        'admission webhook "policy.example.org" denied the request: no.',
    ],
)
def test_all_else_is_told_in_the_clusters_words(words: str) -> None:
    error = explain_refusal(422, status(words))
    assert error.message == f"The cluster refused the server's pod (HTTP 422): {words}"


@given(st.integers(), st.none() | st.text() | st.binary() | st.recursive(st.none(), st.lists).map(json.dumps))
def test_any_answer_becomes_an_error(code: int, body: str | bytes | None) -> None:
    assert isinstance(explain_refusal(code, body), PodRefusedError)
