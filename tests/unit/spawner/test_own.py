"""A user's own environments beside the site's: which are offered, under which names, and how they are chosen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eessi_spawner.errors import InvalidChoiceError, MountDeadError
from eessi_spawner.spawner.choice import validate_options
from eessi_spawner.spawner.offers import EnvironmentOffer, Offers
from eessi_spawner.spawner.own import other_names, own_to_offer, with_own
from eessi_spawner.stack.environments import Environment

KERNEL = "jupyter-server/2.17.0-GCCcore-14.3.0"


def environment(name: str, *modules: str, release: str = "2025.06") -> Environment:
    return Environment(name, name.title(), release, tuple(sorted((KERNEL, *modules))))


SITE = environment("site", "A/1")
OLD_SITE = environment("old", "A/1", release="2023.06")
OFFERS = Offers("x86_64/generic", (EnvironmentOffer(SITE), EnvironmentOffer(OLD_SITE)))
PLOTS, OLD = environment("plots", "B/1"), environment("gone", "B/1", release="2023.06")


@pytest.mark.parametrize(
    ("saved", "names"),
    [
        ([], []),
        ([PLOTS], ["plots"]),
        ([OLD, PLOTS], ["plots", "gone"]),
        ([environment("other", "B/1", release="2022.06")], []),
        ([replace(SITE, name="mine")], []),
        ([PLOTS, replace(PLOTS, name="again")], ["plots"]),
        ([replace(PLOTS, name="site")], ["own-site"]),
        ([replace(PLOTS, name="site"), environment("own-site", "C/1")], ["own-site", "own-own-site"]),
    ],
    ids=str,
)
def test_own_ones_of_offered_releases_stand_beside_the_site_s_each_kernel_once_each_name_once(
    saved: list[Environment], names: list[str]
) -> None:
    assert [found.name for found in own_to_offer(OFFERS, saved)] == names


def test_names_stay_within_their_length_and_unique() -> None:
    long = "x" * 64
    there = replace(OFFERS, environments=(EnvironmentOffer(environment(long, "A/1")),))
    first, second = own_to_offer(there, [environment(long, "B/1"), environment(long, "C/1")])
    assert (first.name, second.name) == (f"own-{long}"[:64], f"own-{second.key}")


def test_where_the_stack_cannot_be_read_nothing_is_offered() -> None:
    assert own_to_offer(Offers("", problem=MountDeadError("Dead.", advice="Wait.")), [PLOTS]) == ()


def test_own_ones_come_last_and_are_chosen_like_others() -> None:
    offers = with_own(OFFERS, [PLOTS], lambda _found: "")
    assert offers.own_names == ("plots",)
    assert validate_options({"environments": ["plots"]}, offers).environments == (PLOTS,)
    assert validate_options({"release": "2025.06"}, offers).environments == (SITE, PLOTS)


def test_one_that_cannot_run_is_refused_with_its_reason() -> None:
    offers = with_own(OFFERS, [PLOTS], lambda _found: "there is no B/1")
    with pytest.raises(InvalidChoiceError) as raised:
        validate_options({"environments": ["plots"]}, offers)
    assert "there is no B/1" in raised.value.message


def test_what_the_site_has_too_is_chosen_by_either_name() -> None:
    saved = [replace(SITE, name="mine"), PLOTS, replace(PLOTS, name="again"), replace(PLOTS, name="old")]
    offers = with_own(OFFERS, [PLOTS], lambda _found: "")
    aliases = other_names(offers, saved)
    assert aliases == {"mine": "site", "again": "plots"}
    options = {"environments": ["mine", "site", "again"]}
    assert validate_options(options, replace(offers, aliases=aliases)).environments == (SITE, PLOTS)


@pytest.mark.parametrize(
    ("names", "chosen"), [(["plots"], (SITE,)), (["plots", "old"], (OLD_SITE,)), (["site", "plots"], (SITE,))]
)
def test_while_nobody_knows_the_own_ones_a_choice_goes_on_without_them(
    names: list[str], chosen: tuple[Environment, ...]
) -> None:
    with pytest.raises(InvalidChoiceError):
        validate_options({"environments": names}, OFFERS)
    assert validate_options({"environments": names}, replace(OFFERS, own_unknown=True)).environments == chosen
