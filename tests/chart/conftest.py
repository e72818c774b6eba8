"""Helm for the tests of the chart."""

from __future__ import annotations

import pytest

from tests.chart.helm import Helm, find_helm


@pytest.fixture(scope="session")
def helm(pytestconfig: pytest.Config) -> Helm:
    program = find_helm()
    if program is None:
        reason = "the chart is rendered by Helm, which is built by Go: install Go"
        if pytestconfig.getoption("--no-skips"):
            pytest.fail(reason)
        pytest.skip(reason)
    return Helm(program)
