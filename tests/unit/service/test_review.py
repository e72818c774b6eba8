"""The verdict on modules before they are saved: it is the one that saving gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.errors import EESSIError
from eessi_spawner.service.chosen import chosen_environment
from eessi_spawner.service.review import review, review_posted
from eessi_spawner.stack.catalogue.bundled import bundled_catalogue
from tests.unit.stack.catalogue.published import small_catalogue, version_entry

CATALOGUE = bundled_catalogue()
MATPLOTLIB = "matplotlib/3.10.5-gfbf-2025b"
KERNEL = "jupyter-server/2.17.0-GCCcore-14.3.0"
NAMES = sorted({module.full_name for module in CATALOGUE})


def test_a_good_set_says_where_it_loads_and_what_comes_along() -> None:
    verdict = review(CATALOGUE, [MATPLOTLIB])
    assert verdict.can
    assert (verdict.release, verdict.modules, verdict.added) == ("2025.06", (KERNEL, MATPLOTLIB), (KERNEL,))
    assert "x86_64/amd/zen3" in verdict.targets
    assert verdict.packages > 10


def test_what_is_loaded_with_them_is_told_where_the_catalogue_knows() -> None:
    needs = version_entry(MATPLOTLIB, required=["Tk/8.6-GCCcore-14.3.0", KERNEL])
    catalogue = small_catalogue(needs, version_entry(KERNEL), version_entry("Tk/8.6-GCCcore-14.3.0"))
    assert review(catalogue, [MATPLOTLIB]).required == ("Tk/8.6-GCCcore-14.3.0",)


@pytest.mark.parametrize(
    ("modules", "release", "reason"),
    [
        ([], None, "no module was chosen"),
        (["nope/1"], None, "EESSI has no module nope/1"),
        ([MATPLOTLIB], "2023.06", f"{MATPLOTLIB} is not in EESSI 2023.06, only in 2025.06"),
        (["EasyBuild/5.1.0"], None, "none of its modules says which toolchain generation it is of"),
        (["R/4.2.2-foss-2022b"], None, "EESSI has no Python kernel for generation 2022b"),
        (NAMES[:51], None, "at most 50 modules are taken"),
    ],
)
def test_a_set_that_makes_no_environment_has_its_reason(modules: list[str], release: str | None, reason: str) -> None:
    verdict = review(CATALOGUE, modules, release)
    assert not verdict.can
    assert reason in verdict.reasons
    assert verdict.targets == ()


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6), st.sampled_from([None, "2023.06", "2025.06"]))
def test_it_is_the_verdict_that_saving_gives(modules: list[str], release: str | None) -> None:
    verdict = review_posted(CATALOGUE, {"modules": modules} | ({"release": release} if release else {}))
    try:
        data = {"name": "x", "modules": modules} | ({"release": release} if release else {})
        environment = chosen_environment(CATALOGUE, data)
    except EESSIError:
        assert not verdict.can
    else:
        assert verdict.reasons == ()
        assert (verdict.release, verdict.modules) == (environment.release, environment.modules)


@given(st.lists(st.sampled_from(NAMES), min_size=2, max_size=5))
def test_the_nearest_set_is_one_that_goes_together_and_every_change_is_named(modules: list[str]) -> None:
    verdict = review(CATALOGUE, modules)
    if verdict.nearest is None:
        return
    nearest = verdict.nearest
    again = review(CATALOGUE, nearest.modules, nearest.release)
    # A kernel may be missing for them; that they load together is promised.
    assert again.can or "kernel" in again.reasons[0] or "generation" in again.reasons[0]
    changed = dict(nearest.changes)
    assert {changed.get(name, name) for name in modules} - {""} == set(nearest.modules)
