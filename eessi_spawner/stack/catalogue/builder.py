"""Builds columns a module at a time; whatever reads a catalogue, JSON or tree, hands its modules to this.

Every name is checked once, when it is met first: what comes from the network ends in terminals and pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.stack.catalogue.columns import Columns, Interner
from eessi_spawner.stack.catalogue.untruths import are_initials, without_untruths
from eessi_spawner.stack.cpu_targets import parse_cpu_target
from eessi_spawner.stack.modules import ModuleName, is_module
from eessi_spawner.stack.releases import parse_release

# Control characters, line and paragraph separators, marks that turn the direction of text, and lone surrogates.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_FAMILY = re.compile(r"([0-9]{4}(?:[ab]|\.[0-9]+))_[a-z]+")
_ACCELERATOR = re.compile(r"[a-z0-9]+/[a-z0-9_-]+")
_PLAIN = re.compile(r"[A-Za-z0-9_.:+/-]{1,200}\Z")
_KIND = re.compile(r"[a-z][a-z0-9_+-]{0,30}")


# Kind, name and version of an extension.
Package = tuple[str, str, str]


class Skip(Exception):  # noqa: N818  (it is no error: a warning is kept, and reading goes on)
    """The entry at hand cannot be used; the text says why."""


def clean_text(text: object, limit: int = 20_000) -> str:
    """Return *text* on one line, without characters that a terminal or a page would act on; no text gives ''."""
    if not isinstance(text, str):
        return ""
    text = text[:limit]
    return " ".join((text if text.isprintable() else _UNPRINTABLE.sub(" ", text)).split())


def clean_name(text: str) -> str:
    """Return *text* as it may stand in a table: most names are plain, and pass unchanged."""
    return text if _PLAIN.match(text) else clean_text(text, 200)


class Builder:
    """Takes modules and holds the columns; `warnings` says what was passed over, each kind once with a count."""

    def __init__(self) -> None:
        self.columns = Columns()
        self._warnings: dict[str, int] = {}
        self._place_of_toolchain = Interner(self.columns.toolchains, clean_name).__getitem__
        self._place_of_generation = Interner(self.columns.generations, clean_name).__getitem__
        self._place_of_target = Interner(self.columns.targets, clean_name).__getitem__
        self._place_of_kind = Interner(self.columns.kinds, _clean_kind).__getitem__
        self._place_of_extension = Interner(self.columns.extensions, clean_name).__getitem__
        self._place_of_required = Interner(self.columns.required_names, clean_name).__getitem__
        self._releases: dict[str, int] = {}
        self._packages: dict[Package, int] = {}
        self._versions: dict[str, str] = {}
        self._target_sets: dict[tuple[str, str | None, tuple[str, ...]], int] = {}
        self._generations: dict[str, str | None] = {}
        self._software: dict[str, int] = {}
        self._clean_sets: dict[tuple[int, ...], int] = {}
        self._accelerators: dict[str, int] = {"{}": 0}
        self._seen: set[tuple[str, int]] = set()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was passed over, and how often."""
        return tuple(f"{text} ({count} times)" if count > 1 else text for text, count in self._warnings.items())

    def warn(self, text: str) -> None:
        """Keep a warning."""
        text = clean_text(text, 300)
        if len(self._warnings) >= 100 and text not in self._warnings:
            text = "further warnings"
        self._warnings[text] = self._warnings.get(text, 0) + 1

    def software(self, name: str, description: object = "", homepage: object = "") -> int:
        """Return the position of a software's name; its texts are taken where they come first."""
        place = self._software.get(name)
        if place is None:
            place = self._software[name] = len(self.columns.software)
            self.columns.software.append(name)
            self.columns.descriptions.append("")
            self.columns.homepages.append("")
        if description and not self.columns.descriptions[place]:
            self.columns.descriptions[place] = clean_text(description)
        if homepage and not self.columns.homepages[place]:
            self.columns.homepages[place] = clean_text(homepage, 500)
        return place

    def packages(self, packages: Iterable[Package]) -> list[int]:
        """Return the positions of *packages*; those that are none are left out.

        Raises
        ------
        TypeError
            If a part of one is no text.
        """
        known = self._packages
        places = []
        for package in packages:
            place = known.get(package)
            if place is None:
                place = known[package] = self._new_package(package)
            if place >= 0:
                places.append(place)
        return places

    def add(  # noqa: PLR0913  (one fact each)
        self,
        *,
        module: str,
        release: str,
        toolchain: str,
        targets: Sequence[str],
        families: Sequence[str] = (),
        accelerators: Mapping[str, Any] | None = None,
        packages: Sequence[int] = (),
        required: Iterable[str] = (),
        software: int | None = None,
    ) -> None:
        """Add a module.

        Raises
        ------
        Skip
            If its name or its release is none, or it is there already.
        """
        place = self._releases.get(release)
        if place is None:
            place = self._releases[release] = self._new_release(release)
        if not is_module(module):
            raise Skip(f"{module[:200]!r} is not a full module name")
        columns = self.columns
        name, _, version = module.partition("/")
        if software is None or columns.software[software] != name:
            software = self.software(name)
        if (module, place) in self._seen:
            raise Skip(f"{module} of {release} is listed twice")
        generation = self._generation(name, version, toolchain, families)
        target_set = self._target_set(release, generation, tuple(targets))
        accelerator_set = self._accelerator_set(accelerators) if accelerators else 0
        required_list = list(map(self._place_of_required, required))
        self._seen.add((module, place))
        columns.software_of.append(software)
        columns.version_of.append(version)
        columns.release_of.append(place)
        columns.toolchain_of.append(self._place_of_toolchain(toolchain))
        columns.generation_of.append(self._place_of_generation(generation or ""))
        columns.targets_of.append(target_set)
        columns.accelerators_of.append(accelerator_set)
        columns.packages_of.append(list(packages))
        columns.required_of.append(required_list)

    def _new_release(self, release: str) -> int:
        try:
            self.columns.releases.append(parse_release(release))
        except InvalidChoiceError as error:
            raise Skip(error.message) from None
        return len(self.columns.releases) - 1

    def _generation(self, name: str, version: str, toolchain: str, families: Sequence[str]) -> str | None:
        """Return a module's generation: where the version holds the toolchain, it is that of the toolchain."""
        if toolchain in self._generations and f"-{toolchain}" in version:
            return self._generations[toolchain]
        generation = ModuleName(name, version).generation or _generation_of_families(families)
        if toolchain and f"-{toolchain}" in version:
            self._generations[toolchain] = generation
        return generation

    def _target_set(self, release: str, generation: str | None, targets: tuple[str, ...]) -> int:
        key = (release, generation, targets)
        if key not in self._target_sets:
            kept = []
            for target in targets:
                try:
                    kept.append(parse_cpu_target(target).path)
                except (InvalidChoiceError, TypeError):
                    self.warn(f"passed over a target: {target!r} is not a CPU target")
            places = tuple(map(self._place_of_target, without_untruths(release, generation, kept)))
            if places not in self._clean_sets:
                self._clean_sets[places] = len(self.columns.target_sets)
                self.columns.target_sets.append(list(places))
            self._target_sets[key] = self._clean_sets[places]
        return self._target_sets[key]

    def _accelerator_set(self, accelerators: Mapping[str, Any]) -> int:
        key = repr(accelerators)
        if key not in self._accelerators:
            kept: dict[str, list[str]] = {}
            for target, names in accelerators.items():
                good = [name for name in map(_accelerator, names) if name] if isinstance(names, list) else []
                if good and isinstance(target, str):
                    kept[clean_text(target, 100)] = sorted(set(good))
                else:
                    self.warn(f"passed over accelerators of {target!r}")
            self._accelerators[key] = len(self.columns.accelerators)
            self.columns.accelerators.append(kept)
        return self._accelerators[key]

    def _new_package(self, package: Package) -> int:
        """Return the position of a package that is met first; -1 if it is none."""
        kind, name, version = package
        if are_initials(name, version):
            return -1
        columns = self.columns
        places = self._place_of_kind(kind), self._place_of_extension(name)
        if not columns.extensions[places[1]]:
            self.warn(f"passed over an extension without a name: {name[:100]!r}")
            return -1
        if version not in self._versions:
            self._versions[version] = clean_name(version)
        columns.package_kinds.append(places[0])
        columns.package_names.append(places[1])
        columns.package_versions.append(self._versions[version])
        return len(columns.package_names) - 1


def _clean_kind(kind: str) -> str:
    return kind if _KIND.fullmatch(kind) else ""


def _accelerator(name: object) -> str:
    text = name.removeprefix("accel/") if isinstance(name, str) else ""
    return text if len(text) <= 100 and _ACCELERATOR.fullmatch(text) else ""


def _generation_of_families(families: Sequence[str]) -> str | None:
    """Return the generation that EESSI's own list names; modules without toolchain list all, which says nothing."""
    if len(families) == 1 and isinstance(families[0], str) and (match := _FAMILY.fullmatch(families[0])):
        return match[1]
    return None
