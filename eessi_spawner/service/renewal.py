"""What a newer release would break: what an environment becomes there, module by module. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eessi_spawner.service.review import is_known, review
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.successors import find_successor
from eessi_spawner.stack.environments import Environment
from eessi_spawner.stack.generations import PYTHON_KERNEL_MODULES

_KERNELS = frozenset(PYTHON_KERNEL_MODULES.values())


@dataclass(frozen=True)
class Step:
    """What a module becomes.

    Attributes
    ----------
    old, new
        Full names; `new` is empty where nothing takes its place.
    lost
        Packages that it has, and nothing in its place.
    reason
        Why nothing takes its place.
    """

    old: str
    new: str
    lost: tuple[str, ...] = ()
    reason: str = ""

    @property
    def same(self) -> bool:
        """Whether nothing changes."""
        return self.old == self.new


@dataclass(frozen=True)
class Renewal:
    """What an environment becomes in a newer release.

    Attributes
    ----------
    release, generation
        Where: of the release's generations the one that keeps most, the newest among equals.
    steps
        One for each module that was chosen; the kernel's goes with the generation.
    modules
        The environment's there; empty where it can be none.
    """

    release: str
    generation: str
    steps: tuple[Step, ...]
    modules: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """`same`, `successors`, `gaps` (something has no successor) or `nothing`."""
        if not self.modules:
            return "nothing"
        if any(not step.new for step in self.steps):
            return "gaps"
        return "same" if all(step.same for step in self.steps) else "successors"


def chosen_modules(modules: Sequence[str]) -> tuple[str, ...]:
    """Return *modules* without those that are added anyway: what brings the kernel of a generation."""
    return tuple(name for name in modules if name not in _KERNELS) or tuple(modules)


def newer_releases(catalogue: Catalogue, release: str) -> tuple[str, ...]:
    """Return the releases that are newer than *release*, newest first."""
    return tuple(version for version in catalogue.releases if version > release)


def renew(catalogue: Catalogue, environment: Environment, release: str) -> Renewal:
    """Return what *environment* becomes in the newer *release*.

    Raises
    ------
    InvalidChoiceError
        If the release is not shaped as one.
    """
    best: Renewal | None = None
    for version, generation in catalogue.places:
        if version != release:
            continue
        renewal = _renewed(catalogue, environment, (version, generation))
        if best is None or _rank(renewal) > _rank(best):
            best = renewal
    steps = tuple(Step(name, "", reason="the release has no modules") for name in environment.modules)
    return best or Renewal(release, "", steps, ())


def _rank(renewal: Renewal) -> tuple[bool, int, int]:
    there = sum(bool(step.new) for step in renewal.steps)
    return bool(renewal.modules), there, -sum(len(step.lost) for step in renewal.steps)


def _renewed(catalogue: Catalogue, environment: Environment, place: tuple[str, str]) -> Renewal:
    steps = tuple(_step(catalogue, environment.release, name, place) for name in chosen_modules(environment.modules))
    found = tuple(dict.fromkeys(step.new for step in steps if step.new))
    verdict = review(catalogue, found, place[0])
    if verdict.nearest:
        # Successors are found one by one: those that do not go together are left out.
        kept = set(verdict.nearest.modules)
        steps = tuple(step if step.new in kept or not step.new else _apart(step) for step in steps)
        found = tuple(name for name in found if name in kept)
        verdict = review(catalogue, found, place[0])
    return Renewal(*place, steps, verdict.modules if found and verdict.can else ())


def _step(catalogue: Catalogue, release: str, name: str, place: tuple[str, str]) -> Step:
    if not is_known(catalogue, name):
        return Step(name, "", reason="EESSI's catalogue does not have it any longer")
    rows = catalogue.find(name)
    row = next((row for row in rows if catalogue.release(row) == release), rows[-1])
    if any(catalogue.fits(other, place) for other in rows):
        return Step(name, name)
    successor = find_successor(catalogue, row, place)
    reason = "" if successor.module else "nothing there has its name or its packages"
    return Step(name, successor.module, successor.lost, reason)


def _apart(step: Step) -> Step:
    return Step(step.old, "", step.lost, f"{step.new} does not load together with the others")
