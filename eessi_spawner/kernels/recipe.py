"""Recipe: all that the launcher needs to make a module environment, written beside the kernel spec."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from eessi_spawner.stack.releases import Release

if TYPE_CHECKING:
    # A start without a snapshot waits for every import, and needs none of what stands behind this one.
    from eessi_spawner.stack.environments import Environment

FORMAT = 1


@dataclass(frozen=True)
class Recipe:
    """How the environment of a kernel is made.

    Attributes
    ----------
    root, release, modules, language, title
        As in the environment, and the stack it is in.
    chain
        CPU targets to use, best first. Empty: the launcher detects the CPU itself.
    accelerator
        GPU target, or empty.
    lmod
        The Lmod command; empty: the stack's own, else this machine's.
    site_prefix
        Where the site's own builds are, if not where EESSI looks for them by itself.
    detected
        The best CPU target of the machine, as its server saw it when it wrote the recipe; empty if nobody looked.
        It is in the key, so that an environment kept elsewhere is never used on another CPU.
    """

    root: str
    release: str
    modules: tuple[str, ...]
    language: str
    title: str
    chain: tuple[str, ...] = ()
    accelerator: str = ""
    lmod: str = ""
    site_prefix: str = ""
    detected: str = ""

    @property
    def key(self) -> str:
        """The name of the snapshot: a hash of all that decides what the modules set."""
        decides = json.dumps(
            [
                FORMAT,
                self.root,
                self.release,
                self.modules,
                self.language,
                self.chain,
                self.accelerator,
                self.lmod,
                *([self.site_prefix] if self.site_prefix else []),
                *([["detected", self.detected]] if self.detected else []),
            ]
        )
        return hashlib.sha256(decides.encode()).hexdigest()[:24]

    @property
    def of_release(self) -> Release:
        """The release, with its paths."""
        return Release(self.release, self.root)

    def to_json(self) -> dict[str, Any]:
        """Return the recipe as plain JSON."""
        return asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Recipe:
        """Rebuild a recipe from `to_json`."""
        return Recipe(**{**data, "modules": tuple(data["modules"]), "chain": tuple(data["chain"])})


def make_recipe(  # noqa: PLR0913  (each by its name)
    environment: Environment,
    *,
    root: str,
    chain: tuple[str, ...] = (),
    accelerator: str = "",
    lmod: str = "",
    site_prefix: str = "",
    detected: str = "",
) -> Recipe:
    """Return the recipe of *environment* in the stack at *root*."""
    return Recipe(
        root=root,
        release=environment.release,
        modules=environment.modules,
        language=environment.language,
        title=environment.title,
        chain=chain,
        accelerator=accelerator,
        lmod=lmod,
        site_prefix=site_prefix,
        detected=detected,
    )
