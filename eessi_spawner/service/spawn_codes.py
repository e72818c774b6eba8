"""Why spawns failed, for administrators: the words and the advice of each code that a hub reports. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from eessi_spawner.errors import EESSIError, error_from_json


@dataclass(frozen=True)
class Reason:
    """What a code means, and what an administrator does; `page` is the file of the guide that says more."""

    words: str
    advice: str
    page: str = ""


_ATTACH = "attach.md"
_MACHINE = "one-machine.md"
# What the errors themselves advise is for users. Codes that are not listed are explained by their error alone.
_ADVICE: dict[str, tuple[str, str]] = {
    "claim_error": ("Grant the right that the hub's log names, or make the claim.", _ATTACH),
    "address_unknown": ("Name a Service with a cluster IP, or an address.", _ATTACH),
    "pod_refused": ("Attach by a claim, raise the quota, or grant the right that the hub's log names.", _ATTACH),
    "start_failed": ("Look for 'does not start' in the hub's log: it has Kubernetes' own words.", _ATTACH),
    "cluster_error": ("Look into the hub's log: it has Kubernetes' own words.", _ATTACH),
    "mount_absent": ("Mount EESSI where the spawner's eessi_root says, or correct that.", _MACHINE),
    "mount_dead": ("Mount it anew on that machine.", _MACHINE),
    "mount_hanging": ("See whether the CernVM-FS proxies and servers answer.", _MACHINE),
    "mount_error": ("See whether the repository can be read on that machine.", _MACHINE),
    "not_an_eessi_stack": ("Let eessi_root name EESSI's own directory, above 'versions'.", _MACHINE),
    "invalid_choice": (
        "Nothing, where it is rare: a link or a saved choice was out of date. Else see the pools.",
        "pools.md",
    ),
    "unknown_module": ("Correct the environment in the configuration, or update the catalogue.", "catalogue.md"),
    "catalogue_error": ("Run 'eessi-spawner catalogue show' and 'eessi-spawner catalogue update'.", "catalogue.md"),
    "catalogue_refused": ("Run 'eessi-spawner catalogue update' again.", "catalogue.md"),
}
_OTHERS = {
    "": Reason("No error of ours: JupyterHub or KubeSpawner ended it.", "Look into the hub's log."),
    "timeout": Reason(
        "The server did not answer within JupyterHub's time.",
        "See how long images are pulled and nodes are started; raise start_timeout or http_timeout.",
    ),
}


def reason_of(code: str) -> Reason:
    """Return what *code* means; of one that nobody knows here, that."""
    if code in _OTHERS:
        return _OTHERS[code]
    kind = type(error_from_json({"code": code}))
    if kind is EESSIError:
        return Reason("A reason that this version does not know.", "Look into the hub's log.")
    advice, page = _ADVICE.get(code, ("Look into the hub's log.", ""))
    return Reason((kind.__doc__ or "").partition("\n")[0], advice, page)
