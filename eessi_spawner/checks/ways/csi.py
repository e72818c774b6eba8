"""Can cvmfs-csi attach EESSI? By a claim to all repositories, by one for each, or by a volume of the pod's own."""

from __future__ import annotations

from collections.abc import Callable

from eessi_spawner.checks.ways.driver import DRIVER, DriverState, driver_state, grant
from eessi_spawner.checks.ways.verdict import LOOKS_LIKE_IT, State, Verdict
from eessi_spawner.cluster.survey import Survey
from eessi_spawner.cluster.volumes import Claim

_ROOT = ("csi", "cvmfs-csi: all repositories, by a claim")
_EPHEMERAL = ("ephemeral", "cvmfs-csi: all repositories, by a volume made with each pod")
_REPOSITORY = ("csi_repository", "cvmfs-csi: one repository, by a claim")
_MODES = ("ReadOnlyMany",)
_EESSI = "software.eessi.io"


def csi_claim(seen: Survey) -> Verdict:
    """Say whether all of /cvmfs can be attached by a claim."""
    driver = driver_state(seen)
    if driver.state == "no":
        return Verdict(*_ROOT, "no", f"{driver.reason}.", driver.advice)
    if seen.claims is None:
        return _verdict(_ROOT, driver, "unknown", "claims may not be seen", grant("persistentvolumeclaims"))
    own = [claim for claim in seen.claims if _repository_of(seen, claim) == ""]
    for claim in own:
        if claim.phase == "Bound" and claim.access_modes == _MODES:
            return _verdict(_ROOT, driver, "works", f"claim {claim.name} is bound", "", claim=claim.name)
    for claim in own:
        if claim.access_modes != _MODES:
            modes = " and ".join(claim.access_modes) or "no access mode"
            return _verdict(
                _ROOT,
                driver,
                "needs",
                f"claim {claim.name} has {modes}, which the driver refuses",
                f"Make it anew with ReadOnlyMany alone, and its volume as well: kubectl delete pvc {claim.name}",
            )
        why = f"kubectl describe pvc {claim.name} --namespace {seen.namespace}"
        reason = f"claim {claim.name} is {claim.phase or 'not bound'}"
        return _verdict(_ROOT, driver, "needs", reason, f"See why: {why}", claim=claim.name)
    for claim in seen.claims if seen.volumes is None else ():
        if LOOKS_LIKE_IT.search(claim.name) and claim.phase == "Bound":
            reason = f"claim {claim.name} is bound, and to what may not be seen"
            return _verdict(_ROOT, driver, "unknown", reason, grant("persistentvolumes"), claim=claim.name)
    for name in _classes(seen, lambda repository: not repository):
        return _verdict(
            _ROOT, driver, "works", f"the hub makes the claim from class {name}", "", claim="cvmfs", storage_class=name
        )
    return _verdict(
        _ROOT,
        driver,
        "needs",
        f"namespace {seen.namespace} has no claim to it",
        "Install our chart with helm-config/examples/csi-static.yaml, which makes the claim cvmfs.",
        claim="cvmfs",
    )


def ephemeral(seen: Survey) -> Verdict:
    """Say whether each pod can have a volume of its own: for users' namespaces."""
    driver = driver_state(seen)
    if driver.state == "no":
        return Verdict(*_EPHEMERAL, "no", f"{driver.reason}.", driver.advice)
    if seen.classes is None:
        return _verdict(_EPHEMERAL, driver, "unknown", "classes may not be seen", grant("storageclasses"))
    for name in _classes(seen, lambda repository: not repository):
        made = "the driver's controller makes a volume for each pod"
        found = _verdict(_EPHEMERAL, driver, "works", f"of class {name} {made}", "")
        return Verdict(
            *_EPHEMERAL, found.state, found.reason, found.advice, {"way": "ephemeral", "storage_class": name}
        )
    return _verdict(
        _EPHEMERAL,
        driver,
        "needs",
        "it has no StorageClass for all repositories",
        "Set automountStorageClass.create in the driver's values; its controller has to run.",
    )


def csi_repository(seen: Survey) -> Verdict:
    """Say whether a claim of a single repository is there or can be made; one of EESSI is taken before others."""
    driver = driver_state(seen)
    if driver.state == "no":
        return Verdict(*_REPOSITORY, "no", f"{driver.reason}.", driver.advice)
    drawback = "a pod has to start anew after its client died"
    claims = sorted(seen.claims or (), key=lambda claim: _repository_of(seen, claim) != _EESSI)
    for claim in claims:
        repository = _repository_of(seen, claim)
        if repository and claim.phase == "Bound" and claim.access_modes == _MODES:
            path = f"/cvmfs/{repository}"
            reason = f"claim {claim.name} is bound to {repository}; {drawback}"
            return _verdict(_REPOSITORY, driver, "works", reason, "", claim=claim.name, mount_path=path)
    if seen.classes is None:
        return _verdict(_REPOSITORY, driver, "unknown", "classes may not be seen", grant("storageclasses"))
    for name in _classes(seen, lambda repository: repository == _EESSI):
        return _verdict(
            _REPOSITORY,
            driver,
            "works",
            f"the hub makes the claim from class {name}; {drawback}",
            "",
            claim=f"cvmfs-{_EESSI}",
            mount_path=f"/cvmfs/{_EESSI}",
            storage_class=name,
        )
    return _verdict(
        _REPOSITORY,
        driver,
        "needs",
        f"it has neither claim nor class for {_EESSI}; {drawback}",
        "Take the claim to all repositories instead, or set specificRepositoryStorageClasses in the driver's values.",
    )


def _verdict(
    way: tuple[str, str], driver: DriverState, state: State, reason: str, advice: str, **settings: str
) -> Verdict:
    """Return a verdict that is not better than what is known of the driver."""
    known = "unknown" if driver.state == "unknown" else state
    named = {"way": "csi", **settings} if settings else {}
    return Verdict(*way, known, f"{driver.reason}; {reason}.", " ".join(filter(None, (advice, driver.advice))), named)


def _repository_of(seen: Survey, claim: Claim) -> str | None:
    """Return which repository of cvmfs-csi a claim is of, empty: all; None where it is no claim of the driver."""
    for volume in seen.volumes or ():
        if volume.name == claim.volume and claim.volume:
            return volume.repository if volume.driver == DRIVER else None
    for known in seen.classes or ():
        if known.name == claim.storage_class and claim.storage_class:
            return known.repository if known.provisioner == DRIVER else None
    return None


def _classes(seen: Survey, wanted: Callable[[str], bool]) -> list[str]:
    return sorted(
        known.name for known in seen.classes or () if known.provisioner == DRIVER and wanted(known.repository)
    )
