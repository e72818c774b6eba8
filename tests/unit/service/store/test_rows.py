"""Values to rows and back."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.service.store.rows import from_row, removed_row, to_row
from eessi_spawner.service.store.saved import SavedEnvironment
from eessi_spawner.stack.environments import Environment

zones = st.timedeltas(timedelta(hours=-14), timedelta(hours=14)).map(timezone)
moments = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=zones)  # noqa: DTZ001  # bounds have none
names = st.sampled_from(["matplotlib/3.10.5-gfbf-2025b", "EasyBuild/5.1.0", "R/4.4.2-gfbf-2024a"])
environments = st.builds(Environment, modules=st.lists(names).map(tuple))
saved = st.builds(SavedEnvironment, environment=environments, created=moments, changed=moments)


@given(saved)
def test_a_value_comes_back_as_it_was(value: SavedEnvironment) -> None:
    assert from_row(to_row(value)) == value
    assert from_row(removed_row(value, value.changed)) == value


@given(saved)
def test_times_are_kept_and_given_out_in_utc(value: SavedEnvironment) -> None:
    row = to_row(value)
    assert row.created == value.created.astimezone(timezone.utc).replace(tzinfo=None)
    assert datetime.fromisoformat(str(from_row(row).to_json()["created"]).replace("Z", "+00:00")) == value.created
