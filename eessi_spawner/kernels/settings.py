"""What a spawner tells the Jupyter server about kernels: one JSON value in one environment variable."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eessi_spawner.errors import EESSIError, InvalidChoiceError
from eessi_spawner.stack.environments import Environment, make_environment
from eessi_spawner.stack.releases import DEFAULT_ROOT

SETTINGS_VARIABLE = "EESSI_SPAWNER_SETTINGS"


@dataclass(frozen=True)
class KernelSettings:
    """Which kernels a server gets.

    Attributes
    ----------
    root
        The stack's directory.
    environments
        What becomes a kernel, the default first. Empty: nothing does.
    cpu_target
        Pins the builds to this CPU target and its fallbacks. Empty: those of the CPU the server runs on.
    targets
        Name of an environment to the CPU target that it is pinned to instead, such as an older one than the node's
        where only that has its modules.
    promised
        The CPU target that the nodes of the server's pool run, as far as the hub knows. It pins nothing.
    lmod
        The Lmod command. Empty: the stack's own, else this machine's.
    site_prefix
        Where the site's own builds are, if not where EESSI looks for them by itself.
    sample
        What the stack's `SAMPLE.json` says, where it is a sample.
    service
        The address of the hub service, with a slash at its end, which knows what the user saves while the server runs.
        Empty: there is none.
    service_period
        How often it is asked, in seconds.
    own
        The names of environments that the user has saved there: what it answers takes their place.
    """

    root: str = DEFAULT_ROOT
    environments: tuple[Environment, ...] = ()
    cpu_target: str = ""
    targets: Mapping[str, str] = field(default_factory=dict)
    promised: str = ""
    lmod: str = ""
    site_prefix: str = ""
    sample: Mapping[str, Any] = field(default_factory=dict)
    service: str = ""
    service_period: float = 30.0
    own: tuple[str, ...] = ()

    def to_variable(self) -> str:
        """Return the settings as the value of `EESSI_SPAWNER_SETTINGS`, without dollars, which Kubernetes expands."""
        settings = {
            "root": self.root,
            "environments": [environment.to_json() for environment in self.environments],
            "cpu_target": self.cpu_target,
            "targets": dict(self.targets),
            "promised": self.promised,
            "lmod": self.lmod,
            "site_prefix": self.site_prefix,
            "sample": dict(self.sample),
            "service": self.service,
            "service_period": self.service_period,
            "own": list(self.own),
        }
        return json.dumps(settings).replace("$", "\\u0024")


def settings_from_variable(value: str) -> KernelSettings:
    """Rebuild the settings from `to_variable`.

    Hub and image are not always of one version: keys that are not known here are left alone, and those may be absent
    that came later than the first ones.

    Raises
    ------
    InvalidChoiceError
        If *value* is not such settings.
    """
    try:
        data = json.loads(value)
        return KernelSettings(
            root=str(data["root"]),
            environments=tuple(make_environment(entry) for entry in data["environments"]),
            cpu_target=str(data["cpu_target"]),
            targets={str(name): str(target) for name, target in dict(data.get("targets", {})).items()},
            promised=str(data.get("promised", "")),
            lmod=str(data["lmod"]),
            site_prefix=str(data["site_prefix"]),
            sample=dict(data["sample"]),
            service=str(data.get("service", "")),
            service_period=float(data.get("service_period", 30.0)),
            own=tuple(map(str, data.get("own", ()))),
        )
    except EESSIError:
        raise
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidChoiceError(
            f"The variable {SETTINGS_VARIABLE} was expected to hold the spawner's settings as JSON ({error!r}).",
            advice="Unset it, or start the server through the hub.",
        ) from error
