"""Which builds an environment gets: EESSI's own directory, an older one, or a reason."""

from __future__ import annotations

import pytest

from eessi_spawner.placement.builds import Build, Builds
from eessi_spawner.placement.pool import NodePool
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.environments import Environment
from eessi_spawner.stack.releases import PUBLISHED_TARGETS

RELEASES = {release: frozenset(targets) for release, targets in PUBLISHED_TARGETS.items()}


def env(release: str = "2023.06") -> Environment:
    return Environment("e", "E", release, ("jupyter-server/2.14.0-GCCcore-13.2.0",))


def amd(*names: str) -> frozenset[str]:
    return frozenset(f"x86_64/amd/{name}" for name in names)


def pool(target: str = "", machine: str = "", *, is_declared: bool = False) -> NodePool:
    return NodePool("p", CpuTarget(target) if target else None, machine, is_declared=is_declared)


def of(path: str, *, is_native: bool = True, is_less: bool = False) -> Build:
    return Build(CpuTarget(path), is_native, is_less)


ZEN4, ZEN5 = "x86_64/amd/zen4", "x86_64/amd/zen5"
TABLE: dict[str, tuple[str, str, frozenset[str] | None, str, Build]] = {
    "all modules are there": ("2023.06", ZEN4, amd("zen3", "zen4"), "", of(ZEN4)),
    "modules that are not known are taken to be there": ("2023.06", ZEN4, None, "", of(ZEN4)),
    "EESSI has nothing newer": ("2023.06", ZEN5, None, "", of(ZEN4, is_less=True)),
    "EESSI has it in the next release": ("2025.06", ZEN5, None, "", of(ZEN5)),
    "an older directory has all": (
        *("2023.06", ZEN4, amd("zen2", "zen3"), ""),
        of("x86_64/amd/zen3", is_native=False, is_less=True),
    ),
    "only generic has all": (
        *("2023.06", ZEN4, frozenset({"x86_64/generic"}), ""),
        of("x86_64/generic", is_native=False, is_less=True),
    ),
    "a directory that the release lacks does not count": (
        *("2023.06", ZEN5, amd("zen5", "zen3"), ""),
        of("x86_64/amd/zen3", is_native=False, is_less=True),
    ),
    "another vendor's builds do not run": (
        *("2023.06", ZEN4, frozenset({"x86_64/intel/haswell"}), ""),
        Build(reason="EESSI 2023.06 lacks some of its modules for x86_64/amd/zen4 or older"),
    ),
    "generic has no older": (
        *("2023.06", "x86_64/generic", amd("zen2"), ""),
        Build(reason="EESSI 2023.06 lacks some of its modules for x86_64/generic"),
    ),
    "EESSI does not build for the machine": (
        *("2023.06", "ppc64le/power9le", None, ""),
        Build(reason="EESSI 2023.06 has no builds for ppc64le/power9le"),
    ),
    "a pin is what the kernel is told": ("2023.06", ZEN5, None, ZEN4, of(ZEN4, is_native=False)),
    "a pin has fallbacks of its own": (
        *("2023.06", ZEN5, amd("zen4", "zen2"), "x86_64/amd/zen3"),
        of("x86_64/amd/zen2", is_native=False, is_less=True),
    ),
    "a release that is not known is taken to be there": ("2030.01", ZEN4, amd(), "", Build()),
    "a CPU that is not known gets the best there is": ("2023.06", "", None, "", Build()),
}


@pytest.mark.parametrize(("release", "target", "modules", "pin", "expected"), TABLE.values(), ids=TABLE)
def test_an_environment_gets(
    release: str, target: str, modules: frozenset[str] | None, pin: str, expected: Build
) -> None:
    builds = Builds(RELEASES, {"e": modules})
    assert builds.build_for(env(release), pool(target), CpuTarget(pin) if pin else None) == expected


@pytest.mark.parametrize(
    ("machine", "modules", "reason"),
    [
        ("riscv64", None, "EESSI 2023.06 has no builds for riscv64"),
        ("aarch64", amd("zen4"), "EESSI 2023.06 lacks some of its modules for aarch64"),
        ("x86_64", amd("zen4"), ""),
        ("", amd(), "EESSI 2023.06 lacks some of its modules for any CPU"),
    ],
)
def test_of_a_cpu_that_is_not_known_the_machine_can_speak_against(
    machine: str, modules: frozenset[str] | None, reason: str
) -> None:
    assert Builds(RELEASES, {"e": modules}).build_for(env(), pool(machine=machine)).reason == reason


def test_a_declared_pool_may_have_better_nodes_whose_directory_lacks_a_module() -> None:
    builds = Builds(RELEASES, {"e": amd("zen2", "zen3")})
    told, itself = of("x86_64/amd/zen3", is_native=False), of("x86_64/amd/zen3")
    assert builds.build_for(env(), pool("x86_64/amd/zen3", is_declared=True)) == told
    assert builds.build_for(env(), pool("x86_64/amd/zen3")) == itself
    complete = Builds(RELEASES, {"e": amd("zen2", "zen3", "zen4")})
    assert complete.build_for(env(), pool("x86_64/amd/zen3", is_declared=True)) == itself
