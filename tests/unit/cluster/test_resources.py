"""Amounts are read and reckoned as Kubernetes does it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.cluster.resources import Resources, parse_quantity, parse_resources, reported_resources
from eessi_spawner.errors import InvalidChoiceError

QUANTITIES = {
    "0": 0,
    "4": 4,
    "250m": 0.25,
    "1.5": 1.5,
    ".5": 0.5,
    "12e6": 12e6,
    "1E3": 1000,
    "1E": 1e18,
    "64Ki": 65536,
    "16Gi": 2**34,
    "16G": 16e9,
    "128974848": 128974848,
    "100n": 1e-7,
    "-1": -1,
}
GPU = "nvidia.com/gpu"


@pytest.mark.parametrize(("text", "value"), QUANTITIES.items())
def test_a_quantity_is_the_number_that_kubernetes_means(text: str, value: float) -> None:
    assert parse_quantity(text) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("text", ["", "4 cores", "1KiB", "Gi", "1.2.3", "0x10", None, "1" * 60 + "x"])
def test_what_is_no_quantity_is_refused(text: object) -> None:
    with pytest.raises(InvalidChoiceError, match="is not an amount"):
        parse_quantity(text)


def test_of_what_a_node_lists_cpu_memory_and_devices_count() -> None:
    amounts = {
        "cpu": "7910m",
        "memory": "30Gi",
        "pods": "110",
        "ephemeral-storage": "1",
        "hugepages-2Mi": "0",
        GPU: "2",
    }
    assert parse_resources(amounts) == Resources(7.91, 30 * 2**30, {GPU: 2})


def test_reported_amounts_that_are_unknown_count_as_nothing() -> None:
    assert reported_resources({"cpu": "many"}) == Resources()
    assert reported_resources(None) == Resources()
    assert reported_resources({"cpu": "1"}) == Resources(1)


amounts = st.builds(
    Resources,
    st.integers(0, 64).map(float),
    st.integers(0, 2**40).map(float),
    st.dictionaries(st.sampled_from([GPU, "amd.com/gpu"]), st.integers(1, 8).map(float)),
)


@given(amounts, amounts)
def test_the_most_of_two_has_room_for_each_and_is_the_least_that_has(one: Resources, other: Resources) -> None:
    both = one | other
    assert one.fits_in(both)
    assert other.fits_in(both)
    assert both.cpu in {one.cpu, other.cpu}
    assert both.memory in {one.memory, other.memory}
    assert all(count in {one.devices.get(name), other.devices.get(name)} for name, count in both.devices.items())


@given(amounts, amounts)
def test_what_is_added_and_taken_away_again_leaves_what_was(one: Resources, other: Resources) -> None:
    back = one + other - other
    assert back.fits_in(one)
    assert one.fits_in(back)


@given(amounts, amounts)
def test_a_part_fits_into_the_whole_and_not_the_other_way_round(one: Resources, other: Resources) -> None:
    assert one.fits_in(one + other)
    assert (one + other).fits_in(one) == (other == Resources())
