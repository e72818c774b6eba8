"""How a loaded module environment starts a Python kernel."""

from __future__ import annotations

import pytest

from eessi_spawner.errors import InterpreterMissingError
from eessi_spawner.kernels.python import kernel_command


def test_the_kernel_is_the_python_of_the_loaded_module_by_its_absolute_path() -> None:
    variables = {"EBROOTPYTHON": "/stack/Python/3.13.5", "PATH": "/elsewhere"}
    assert kernel_command(variables) == ["/stack/Python/3.13.5/bin/python", "-m", "ipykernel_launcher"]


@pytest.mark.parametrize("variables", [{}, {"EBROOTPYTHON": ""}, {"PATH": "/usr/bin", "EBROOTR": "/stack/R/4.5"}])
def test_without_a_python_module_the_error_says_what_to_add(variables: dict[str, str]) -> None:
    with pytest.raises(InterpreterMissingError) as raised:
        kernel_command(variables)
    assert "EBROOTPYTHON" in raised.value.message
    assert "jupyter-server" in raised.value.advice
