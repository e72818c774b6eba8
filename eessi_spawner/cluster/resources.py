"""Amounts of CPU, memory and devices, as Kubernetes counts them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from eessi_spawner.errors import InvalidChoiceError

_QUANTITY = re.compile(r"([+-]?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|)")
_SCALE = {
    "": 1.0,
    **{letter: 1000.0**power for letter, power in zip("num", (-3, -2, -1), strict=True)},
    **{letter: 1000.0**power for power, letter in enumerate("kMGTPE", start=1)},
    **{f"{letter}i": 1024.0**power for power, letter in enumerate("KMGTPE", start=1)},
}


@dataclass(frozen=True)
class Resources:
    """An amount: cores of CPU, bytes of memory, and devices by the name of their extended resource."""

    cpu: float = 0.0
    memory: float = 0.0
    devices: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def __add__(self, other: Resources) -> Resources:
        return self._with(other, 1)

    def __sub__(self, other: Resources) -> Resources:
        return self._with(other, -1)

    def _with(self, other: Resources, sign: int) -> Resources:
        devices = self.devices
        if other.devices:
            names = {**self.devices, **other.devices}
            devices = MappingProxyType(
                {name: self.devices.get(name, 0) + sign * other.devices.get(name, 0) for name in names}
            )
        return Resources(self.cpu + sign * other.cpu, self.memory + sign * other.memory, devices)

    def __or__(self, other: Resources) -> Resources:
        """Return the least that has room for either of both."""
        names = {**self.devices, **other.devices}
        devices = {name: max(self.devices.get(name, 0), other.devices.get(name, 0)) for name in names}
        return Resources(max(self.cpu, other.cpu), max(self.memory, other.memory), MappingProxyType(devices))

    def fits_in(self, room: Resources) -> bool:
        """Say whether *room* is at least as much of everything."""
        # Sums of many thousandths of a core come out a hair above the whole.
        return (
            self.cpu <= room.cpu + 1e-6
            and self.memory <= room.memory
            and all(count <= room.devices.get(name, 0) for name, count in self.devices.items())
        )


def parse_quantity(text: object) -> float:
    """Return a Kubernetes quantity (`250m`, `16Gi`, 4) as a number.

    Raises
    ------
    InvalidChoiceError
        If it is none (apimachinery `pkg/api/resource/quantity.go`).
    """
    match = _QUANTITY.fullmatch(str(text)) if len(str(text)) <= 50 else None
    if match is None:
        raise InvalidChoiceError(
            f"{str(text)[:50]!r} is not an amount that Kubernetes knows.", advice="Write it as 4, 500m, 64Gi or 64G."
        )
    return float(match[1]) * _SCALE[match[2]]


def parse_resources(amounts: Mapping[str, Any]) -> Resources:
    """Return amounts as Kubernetes lists them (`{"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"}`).

    Of extended resources only those with a domain in their name count, as devices have; `pods`, `ephemeral-storage`
    and `hugepages-2Mi` are left out.

    Raises
    ------
    InvalidChoiceError
        If one of them is no amount.
    """
    devices = {name: parse_quantity(amount) for name, amount in amounts.items() if "/" in name}
    return Resources(
        parse_quantity(amounts.get("cpu", 0)), parse_quantity(amounts.get("memory", 0)), MappingProxyType(devices)
    )


def reported_resources(amounts: Mapping[str, Any] | None) -> Resources:
    """Return amounts that the API server has checked; if one is none to us nevertheless, all count as nothing."""
    try:
        return parse_resources(amounts) if amounts else Resources()
    except InvalidChoiceError:
        return Resources()
