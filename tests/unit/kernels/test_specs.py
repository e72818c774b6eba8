"""An environment as a kernel spec: its name, its command, and what people see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.kernels.settings import KernelSettings
from eessi_spawner.kernels.specs import LAUNCHER, KernelSpec, display_name, make_spec, side_by_side
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.environments import Environment, make_environment
from eessi_spawner.stack.host import Host

SCIENCE = ["SciPy-bundle/2025.07-gfbf-2025b", "matplotlib/3.10.5-gfbf-2025b"]
ZEN3 = Host(CpuTarget("x86_64/amd/zen3").fallback_chain, "nvidia/cc80")


def environment(**changes: Any) -> Environment:
    return make_environment({"name": "scipy", "title": "SciPy", "release": "2025.06", "modules": SCIENCE, **changes})


def spec(settings: KernelSettings | None = None, host: Host | None = ZEN3, **changes: Any) -> KernelSpec:
    return make_spec(environment(**changes), settings or KernelSettings(), host)


@pytest.mark.parametrize(
    "same",
    [
        spec(name="other", title="Other"),
        spec(modules=SCIENCE[::-1]),
        spec(KernelSettings(root="/elsewhere", lmod="/opt/lmod", cpu_target="x86_64/generic")),
        spec(host=None),
    ],
    ids=["name and title", "order of modules", "root, Lmod and pin", "machine"],
)
def test_the_same_modules_have_the_same_name_everywhere(same: KernelSpec) -> None:
    assert same.name == spec().name == "eessi-a0cb6cacbac3"


@pytest.mark.parametrize("changes", [{"modules": SCIENCE[:1]}, {"release": "2023.06"}])
def test_other_modules_or_another_release_have_another_name(changes: dict[str, Any]) -> None:
    assert spec(**changes).name != spec().name


@settings(max_examples=30)
@given(st.permutations(["A/1-foss-2025b", "B/2", "C/3-GCCcore-14.3.0"]), st.text(max_size=20))
def test_a_name_is_one_that_jupyter_takes_whatever_the_title(modules: list[str], title: str) -> None:
    made = Environment("x", title, "2025.06", tuple(sorted(modules)))
    assert make_spec(made, KernelSettings(), None).name == "eessi-0ac7bbf8ce55"


def test_the_command_is_absolute_and_ends_with_the_connection_file() -> None:
    made = spec()
    kernel = made.kernel_json(python="/opt/python", recipe_file=Path("/k/recipe.json"))
    key = made.recipe.key
    assert kernel["argv"] == ["/opt/python", "-IS", str(LAUNCHER), "/k/recipe.json", key, "-f", "{connection_file}"]
    assert LAUNCHER.is_absolute()
    assert LAUNCHER.is_file()


def test_a_spec_tells_tools_what_it_is_made_of() -> None:
    kernel = spec().kernel_json(python="/p", recipe_file=Path("/r"))
    assert json.loads(json.dumps(kernel)) == kernel
    assert kernel["language"] == "python"
    assert kernel["metadata"]["eessi"] == {
        "environment": "scipy",
        "release": "2025.06",
        "modules": [*SCIENCE[:1], "jupyter-server/2.17.0-GCCcore-14.3.0", *SCIENCE[1:]],
        "cpu_target": "x86_64/amd/zen3",
    }


@pytest.mark.parametrize(
    ("pin", "host", "chain"),
    [
        ("", ZEN3, ("x86_64/amd/zen3", "x86_64/amd/zen2", "x86_64/generic")),
        ("x86_64/amd/zen2", ZEN3, ("x86_64/amd/zen2", "x86_64/generic")),
        ("x86_64/amd/zen2", None, ("x86_64/amd/zen2", "x86_64/generic")),
        ("", None, ()),
    ],
    ids=["this machine's", "pinned", "pinned, machine not known", "machine not known"],
)
def test_a_recipe_names_the_pinned_targets_else_those_of_the_machine(
    pin: str, host: Host | None, chain: tuple[str, ...]
) -> None:
    made = spec(KernelSettings(cpu_target=pin), host)
    assert made.recipe.chain == chain
    assert made.recipe.accelerator == ("nvidia/cc80" if host else "")
    kernel = made.kernel_json(python="/p", recipe_file=Path("/r"))
    assert kernel["metadata"]["eessi"]["cpu_target"] == (chain[0] if chain else "")


@pytest.mark.parametrize(
    "pinned", [KernelSettings(cpu_target="zen3; rm -rf /"), KernelSettings(targets={"scipy": "zen3"})]
)
def test_a_pin_that_is_no_target_is_refused(pinned: KernelSettings) -> None:
    with pytest.raises(InvalidChoiceError):
        spec(pinned)


@pytest.mark.parametrize("pin", ["", "x86_64/amd/zen3"])
def test_an_environments_own_target_wins_over_the_pin_of_all(pin: str) -> None:
    pinned = KernelSettings(cpu_target=pin, targets={"scipy": "x86_64/amd/zen2", "other": "x86_64/generic"})
    assert spec(pinned).recipe.chain == ("x86_64/amd/zen2", "x86_64/generic")
    assert spec(pinned, name="mine").recipe.chain == spec(KernelSettings(cpu_target=pin)).recipe.chain


@pytest.mark.parametrize(
    ("promised", "release", "host", "shown"),
    [
        ("x86_64/amd/zen3", "2025.06", ZEN3, ""),
        ("x86_64/amd/zen2", "2025.06", ZEN3, ""),
        ("x86_64/amd/zen4", "2025.06", ZEN3, " (zen3 builds)"),
        ("x86_64/amd/zen4", "2099.01", ZEN3, " (zen3 builds)"),
        ("x86_64/intel/haswell", "2023.06", Host(CpuTarget("x86_64/amd/zen5").fallback_chain), " (zen4 builds)"),
        # Builds for zen5 are not in this release, and the promise of those for zen4 is kept.
        ("x86_64/amd/zen5", "2023.06", Host(CpuTarget("x86_64/amd/zen4").fallback_chain), ""),
        ("x86_64/amd/zen4", "2025.06", Host((CpuTarget("x86_64/generic"),)), " (generic builds)"),
        ("x86_64/amd/zen4", "2025.06", None, ""),
    ],
)
def test_where_the_pools_promise_is_broken_people_see_which_builds_they_get(
    promised: str, release: str, host: Host | None, shown: str
) -> None:
    made = spec(KernelSettings(promised=promised), host, release=release)
    assert made.display_name == f"SciPy · EESSI {release}{shown}"
    assert made.broken == bool(shown)
    assert made.promised == promised
    assert made.recipe.chain == spec(host=host, release=release).recipe.chain, "it pins nothing"


def test_a_sample_tells_its_builds_first() -> None:
    made = spec(KernelSettings(promised="x86_64/amd/zen4", sample={"note": "any"}))
    assert made.display_name == "SciPy · EESSI 2025.06 (zen3 builds, sample)"


def test_a_pin_is_a_promise_too_and_its_builds_are_never_others() -> None:
    made = spec(KernelSettings(cpu_target="x86_64/amd/zen4", promised="x86_64/amd/zen2"))
    assert (made.promised, made.broken) == ("x86_64/amd/zen4", True)
    assert made.display_name == "SciPy · EESSI 2025.06"


def test_what_is_kept_of_a_pinned_kernel_on_one_cpu_is_not_used_on_another() -> None:
    pinned = KernelSettings(cpu_target="x86_64/amd/zen2")
    older = Host(CpuTarget("x86_64/generic").fallback_chain, ZEN3.accelerator)
    assert spec(pinned).recipe.key != spec(pinned, older).recipe.key


SAME = {"python": "3.11.7", "numpy": "2.3.2", "numpy_of_module": "2.3.2"}


@pytest.mark.parametrize(
    ("title", "sample", "shown"),
    [
        ("SciPy", {}, "SciPy · EESSI 2025.06"),
        ("SciPy", {"interpreter": "3.11.7"}, "SciPy · EESSI 2025.06 (sample, Python 3.11.7)"),
        ("SciPy", {"generations": {"2025b": SAME}}, "SciPy · EESSI 2025.06 (sample, Python 3.11.7)"),
        ("Python 3.11.7", {"generations": {"2025b": SAME}}, "Python 3.11.7 · EESSI 2025.06 (sample)"),
        (
            "SciPy",
            {"generations": {"2025b": {**SAME, "numpy": "2.4.0"}}},
            "SciPy · EESSI 2025.06 (sample, Python 3.11.7, numpy 2.4.0 for 2.3.2)",
        ),
        # Of another generation nothing is known but the interpreter.
        (
            "SciPy",
            {"interpreter": "3.12.3", "generations": {"2025a": SAME}},
            "SciPy · EESSI 2025.06 (sample, Python 3.12.3)",
        ),
        ("SciPy", {"note": "nothing said"}, "SciPy · EESSI 2025.06 (sample)"),
        ("SciPy", {"generations": "garbage"}, "SciPy · EESSI 2025.06 (sample)"),
    ],
)
def test_people_see_title_and_release_and_of_a_sample_what_is_true(
    title: str, sample: dict[str, Any], shown: str
) -> None:
    assert display_name(environment(title=title), sample) == shown


# Beside those that the user saves


def own(name: str, *modules: str, title: str = "Mine", target: str = "") -> KernelSpec:
    kernel = "jupyter-server/2.17.0-GCCcore-14.3.0"
    data = {"name": name, "title": title, "release": "2025.06", "modules": [kernel, *modules]}
    return make_spec(make_environment(data), KernelSettings(targets={name: target} if target else {}), None)


SITE, GIVEN, PINNED = own("site"), own("given", "A/1"), own("pinned", "B/1", target="x86_64/amd/zen2")


@pytest.mark.parametrize(
    ("runs", "saved", "shown"),
    [
        ([GIVEN], [GIVEN, PINNED], [SITE, GIVEN, PINNED]),
        ([GIVEN], [GIVEN], [SITE, GIVEN]),
        ([], [], [SITE]),
        ([own("new", "C/1")], [own("new", "C/1")], [SITE, own("new", "C/1")]),
        # Saved by another name, it is the site's kernel all the same.
        ([own("mine")], [own("mine")], [SITE]),
        # Its builds are the ones that the hub has chosen.
        ([own("pinned", "B/1")], [PINNED], [SITE, PINNED]),
        ([own("given", "A/1", title="New")], [GIVEN], [SITE, own("given", "A/1", title="New")]),
    ],
    ids=["as at the start", "one is saved no longer", "none is", "a new one", "the site's", "pinned", "a new title"],
)
def test_a_server_has_the_site_s_kernels_and_those_that_are_saved_now(
    runs: list[KernelSpec], saved: list[KernelSpec], shown: list[KernelSpec]
) -> None:
    keys = {spec.environment.key for spec in saved}
    kernels = side_by_side([SITE, GIVEN, PINNED], runs, saved=keys, were_own=("given", "pinned"))
    assert kernels == shown
