"""Which GPU directories a GPU can use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.stack.accelerators import (
    PUBLISHED_ACCELERATORS,
    accelerator_build,
    accelerator_chain,
    accelerator_from_compute_capability,
    parse_accelerator,
)
from eessi_spawner.stack.cpu_targets import CpuTarget


@pytest.mark.parametrize(
    ("accelerator", "chain"),
    [
        ("nvidia/cc70", ("nvidia/cc70",)),
        ("nvidia/cc75", ("nvidia/cc75", "nvidia/cc70")),
        ("nvidia/cc80", ("nvidia/cc80",)),
        ("nvidia/cc86", ("nvidia/cc86", "nvidia/cc80")),
        ("nvidia/cc89", ("nvidia/cc89", "nvidia/cc80")),
        ("nvidia/cc90", ("nvidia/cc90",)),
        ("nvidia/cc103", ("nvidia/cc103", "nvidia/cc100")),
        ("nvidia/cc121", ("nvidia/cc121", "nvidia/cc120")),
        ("amd/gfx90a", ("amd/gfx90a",)),
        ("amd/gfx942", ("amd/gfx942",)),
        ("amd/gfx1101", ("amd/gfx1101",)),
    ],
)
def test_only_the_last_digit_of_an_nvidia_target_falls_back(accelerator: str, chain: tuple[str, ...]) -> None:
    assert accelerator_chain(accelerator) == chain


@pytest.mark.parametrize("name", ["nvidia/cc80", "nvidia/cc120", "amd/gfx90a", "amd/gfx942", "amd/gfx1201"])
def test_a_target_is_taken_with_and_without_eessis_prefix(name: str) -> None:
    assert parse_accelerator(name) == name
    assert parse_accelerator(f"accel/{name}") == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "none",
        "nvidia",
        "nvidia/",
        "nvidia/80",
        "nvidia/cc",
        "nvidia/cc8",
        "nvidia/cc80000",
        "nvidia/cc8.0",
        "nvidia/CC80",
        "NVIDIA/cc80",
        "nvidia/cc80/",
        "nvidia/cc80\n",
        " nvidia/cc80",
        "nvidia/cc80:nvidia/cc90",
        "nvidia/cc\u0668\u0660",
        "/nvidia/cc80",
        "accel/accel/nvidia/cc80",
        "accel/",
        "../nvidia/cc80",
        "nvidia/../cc80",
        "amd/gfx",
        "amd/gfx90g",
        "amd/gfx90A",
        "intel/pvc",
        "nvidia/cc80$(id)",
    ],
)
def test_what_is_not_a_target_is_refused(text: str) -> None:
    with pytest.raises(InvalidChoiceError):
        parse_accelerator(text)


@given(st.text(max_size=150))
def test_any_text_is_a_target_or_an_invalid_choice(text: str) -> None:
    try:
        name = parse_accelerator(text)
    except InvalidChoiceError:
        return
    assert accelerator_chain(name)[0] == name


@pytest.mark.parametrize(
    ("printed", "target"),
    [
        ("8.0", "nvidia/cc80"),
        ("8.6", "nvidia/cc86"),
        ("9.0\n", "nvidia/cc90"),
        (" 12.1 ", "nvidia/cc121"),
        ("0.1", "nvidia/cc01"),
        ("", None),
        ("[N/A]", None),
        ("No devices were found", None),
        ("8", None),
        ("-8.6", None),
        ("8.6; 8.6", None),
        ("8,6", None),
    ],
)
def test_a_compute_capability_becomes_a_target_without_its_dot(printed: str, target: str | None) -> None:
    assert accelerator_from_compute_capability(printed) == target


@given(st.text(max_size=20))
def test_whatever_nvidia_smi_prints_gives_a_target_that_can_be_parsed_or_none(printed: str) -> None:
    target = accelerator_from_compute_capability(printed)
    assert target is None or parse_accelerator(target) == target


@pytest.mark.parametrize(
    ("release", "accelerators", "cpu", "expected"),
    [
        ("2023.06", ["nvidia/cc80"], "x86_64/amd/zen4", "nvidia/cc80"),
        ("2023.06", ["nvidia/cc89"], "", "nvidia/cc80"),
        ("2023.06", ["nvidia/cc75"], "", "nvidia/cc70"),
        ("2023.06", ["nvidia/cc120"], "", ""),
        ("2025.06", ["nvidia/cc120"], "", "nvidia/cc120"),
        ("2025.06", ["nvidia/cc121"], "aarch64/nvidia/grace", "nvidia/cc120"),
        ("2025.06", ["nvidia/cc60"], "", ""),
        ("2025.06", ["amd/gfx90a"], "", ""),
        ("2025.06", ["amd/gfx90a", "nvidia/cc90"], "", "nvidia/cc90"),
        ("2025.06", ["nvidia/cc80"], "aarch64/a64fx", ""),
        ("2025.06", [], "", ""),
    ],
)
def test_a_gpu_gets_the_published_builds_that_it_can_use(
    release: str, accelerators: list[str], cpu: str, expected: str
) -> None:
    target = CpuTarget(cpu) if cpu else None
    assert accelerator_build(accelerators, PUBLISHED_ACCELERATORS[release], target) == expected


def test_what_is_published_is_named_as_eessi_names_it() -> None:
    published = [name for names in PUBLISHED_ACCELERATORS.values() for name in names]
    assert [parse_accelerator(name) for name in published] == published
