"""What can be chosen of what was read of a stack, and why something cannot."""

from __future__ import annotations

import pytest

from eessi_spawner.errors import MountAbsentError
from eessi_spawner.spawner.offers import make_offers, no_offers, wanted_modules
from eessi_spawner.stack.defaults import default_modules
from eessi_spawner.stack.environments import Environment, make_environment
from eessi_spawner.stack.mounted import ReleaseReading, StackReading

KERNEL_2025B = "jupyter-server/2.17.0-GCCcore-14.3.0"
KERNEL_2023A = "jupyter-server/2.7.2-GCCcore-12.3.0"
SCIPY = "SciPy-bundle/2025.07-gfbf-2025b"
TARGET = "x86_64/amd/zen4"
READING = StackReading(
    "/stack",
    (
        ReleaseReading("2025.06", "x86_64/amd/zen3", (KERNEL_2025B, SCIPY)),
        ReleaseReading("2023.06", "x86_64/generic", (KERNEL_2023A,)),
    ),
    {"interpreter": "3.11.7"},
)


def environment(name: str, release: str, *modules: str) -> Environment:
    return make_environment({"name": name, "title": name, "release": release, "modules": list(modules)})


def test_without_a_list_of_the_site_the_defaults_are_offered() -> None:
    offers = make_offers(READING, (), target=TARGET)
    assert [found.name for found in offers.runnable] == ["2025.06-python-2025b", "2023.06-python-2023a"]
    assert offers.releases == ("2025.06", "2023.06")
    assert offers.targets == {"2025.06": "x86_64/amd/zen3", "2023.06": "x86_64/generic"}
    assert (offers.target, offers.problem, offers.sample) == (TARGET, None, READING.sample)


@pytest.mark.parametrize(
    ("release", "modules", "reason"),
    [
        ("2025.06", [SCIPY], ""),
        (
            "2025.06",
            ["matplotlib/3.10.5-gfbf-2025b"],
            "EESSI 2025.06 has no matplotlib/3.10.5-gfbf-2025b for x86_64/amd/zen3",
        ),
        ("2024.01", [SCIPY], "EESSI 2024.01 is not here, or has no builds for x86_64/amd/zen4"),
        (
            "2025.06",
            ["A/1-gfbf-2025a", "B/1"],
            "EESSI 2025.06 has no A/1-gfbf-2025a, B/1, jupyter-server/2.16.0-GCCcore-14.2.0 for x86_64/amd/zen3",
        ),
    ],
)
def test_what_cannot_run_is_offered_with_the_reason(release: str, modules: list[str], reason: str) -> None:
    (offer,) = make_offers(READING, [environment("mine", release, *modules)], target=TARGET).environments
    assert offer.reason == reason


def test_the_newest_release_comes_first_and_within_it_the_sites_order_stays() -> None:
    listed = [
        environment("old", "2023.06", KERNEL_2023A),
        environment("z", "2025.06", SCIPY),
        environment("a", "2025.06", KERNEL_2025B),
    ]
    offers = make_offers(READING, listed, target=TARGET)
    assert [offer.environment.name for offer in offers.environments] == ["z", "a", "old"]


def test_a_release_without_a_runnable_environment_cannot_be_chosen() -> None:
    listed = [environment("old", "2023.06", "SciPy-bundle/2023.07-gfbf-2023a"), environment("new", "2025.06", SCIPY)]
    assert make_offers(READING, listed, target=TARGET).releases == ("2025.06",)


def test_a_stack_without_anything_offers_nothing_and_is_no_problem() -> None:
    offers = make_offers(StackReading("/stack", ()), (), target=TARGET)
    assert (offers.environments, offers.releases, offers.problem) == ((), (), None)


def test_a_stack_that_cannot_be_read_is_a_problem_and_offers_nothing() -> None:
    problem = MountAbsentError("Absent.", advice="Mount it.")
    offers = no_offers(problem, target=TARGET)
    assert offers.problem is problem
    assert (offers.runnable, offers.releases) == ((), ())


def test_all_modules_of_all_environments_are_looked_for_each_in_its_release() -> None:
    listed = [environment("a", "2025.06", SCIPY), environment("b", "2025.06", KERNEL_2025B, "X/1")]
    assert wanted_modules([*listed, environment("c", "2023.06", KERNEL_2023A)]) == {
        "2025.06": (SCIPY, KERNEL_2025B, "X/1", KERNEL_2025B),
        "2023.06": (KERNEL_2023A,),
    }
    assert wanted_modules(()) == default_modules()
