"""How much is free in a pool, whether it grows, and who may use it."""

from __future__ import annotations

import pytest

from eessi_spawner.cluster.resources import Resources
from eessi_spawner.placement.pool import NodePool, PoolState, allowed

SMALL, LARGE = Resources(2, 4), Resources(8, 16)


def test_room_is_counted_by_nodes_and_only_where_somebody_counts() -> None:
    state = PoolState(NodePool("a"), rooms=(SMALL, LARGE, LARGE))
    assert [state.free_for(Resources(cpu)) for cpu in (1, 4, 9)] == [3, 2, 0]
    assert PoolState(NodePool("a")).free_for(SMALL) is None


@pytest.mark.parametrize(
    ("max_nodes", "rooms", "closed", "expected"),
    [(None, (), 0, False), (0, (), 0, False), (1, (), 0, True), (2, (SMALL,), 1, False), (3, (SMALL,), 1, True)],
)
def test_a_pool_grows_to_its_bound(
    max_nodes: int | None, rooms: tuple[Resources, ...], closed: int, *, expected: bool
) -> None:
    assert PoolState(NodePool("a", max_nodes=max_nodes), rooms, closed).can_grow is expected


def test_nodes_that_are_there_say_what_fits_rather_than_the_declaration() -> None:
    pool = NodePool("a", node=LARGE)
    assert PoolState(pool, sizes=(SMALL,)).largest == (SMALL,)
    assert PoolState(pool).largest == (LARGE,)
    assert PoolState(NodePool("a")).largest == ()


def test_a_pool_with_groups_is_for_their_members() -> None:
    everybody, physics = PoolState(NodePool("a")), PoolState(NodePool("b", allowed_groups=frozenset({"p", "q"})))
    assert allowed([everybody, physics], ["q", "r"]) == (everybody, physics)
    assert allowed([everybody, physics], ["r"]) == (everybody,)
    assert allowed([physics], []) == ()
