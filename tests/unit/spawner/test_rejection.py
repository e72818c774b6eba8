"""A refusal is HTTP 400 in every JupyterHub, says what to do, and never brings the hub nearer to its exit."""

from __future__ import annotations

from types import SimpleNamespace

import jupyterhub
import pytest
from jupyterhub.utils import format_exception

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.spawner.rejection import refuse, rejection

ERROR = InvalidChoiceError("There is no environment '<b>%s</b>'.", advice="Choose from: a & b.")
COUNTS_EVERY_EXCEPTION = int(jupyterhub.__version__.split(".")[0]) < 6


def test_it_is_http_400_with_the_code_as_its_reason() -> None:
    refused = rejection(ERROR)
    assert refused.status_code == 400
    assert refused.reason == "invalid_choice"


def test_the_user_reads_the_message_and_the_advice() -> None:
    text = "There is no environment '<b>%s</b>'. Choose from: a & b."
    assert vars(rejection(ERROR))["jupyterhub_message"] == text
    assert text in str(rejection(ERROR))


def test_what_jupyterhub_shows_has_nothing_of_it_as_markup() -> None:
    refused = rejection(ERROR)
    # 5.x escapes the text itself, in its templates.
    markup = getattr(refused, "message_html", "")
    assert bool(markup) is not COUNTS_EVERY_EXCEPTION
    assert "<b>" not in markup
    assert format_exception(refused) == ("There is no environment '<b>%s</b>'. Choose from: a & b.", None)


@pytest.mark.parametrize(("before", "after_5"), [({}, -1), ({"failure_count": 0}, -1), ({"failure_count": 4}, 3)])
def test_one_is_taken_off_the_count_before_jupyterhub_adds_it(before: dict[str, int], after_5: int) -> None:
    # A request handler has much that plays no part here.
    spawner = SimpleNamespace(handler=SimpleNamespace(settings=dict(before)))
    refuse(spawner, ERROR)
    assert spawner.handler.settings == ({"failure_count": after_5} if COUNTS_EVERY_EXCEPTION else before)


@pytest.mark.parametrize("times", [1, 20])
def test_however_often_it_is_refused_the_count_ends_where_it_began(times: int) -> None:
    settings = {"failure_count": 2}
    for _ in range(times):
        refuse(SimpleNamespace(handler=SimpleNamespace(settings=settings)), ERROR)
        if COUNTS_EVERY_EXCEPTION:
            settings["failure_count"] = settings.get("failure_count", 0) + 1
    assert settings == {"failure_count": 2}


def test_a_spawn_that_no_request_started_is_not_counted_either() -> None:
    assert refuse(SimpleNamespace(handler=None), ERROR).status_code == 400
