"""An EESSI kernel answers Jupyter's protocol as the same ipykernel does when nothing stands in front of it."""

from __future__ import annotations

import json
import unittest
from pathlib import Path

import jupyter_kernel_test
import pytest

from eessi_spawner.kernels.resolve import resolve
from tests.kernels.conftest import Generation

pytestmark = pytest.mark.sample_stack

SAMPLES = {
    "language_name": "python",
    "file_extension": ".py",
    "code_hello_world": "print('hello, world')",
    "code_stderr": "import sys; print('test', file=sys.stderr)",
    "completion_samples": [{"text": "zi", "matches": {"zip"}}],
    "complete_code_samples": ["1", "print('hello, world')", "def f(x):\n  return x*2\n\n\n"],
    "incomplete_code_samples": ["print('''hello", "def f(x):\n  x*2"],
    "invalid_code_samples": ["import = 7q"],
    "code_page_something": "zip?",
    "code_generate_error": "raise ValueError('no')",
    "code_execute_result": [{"code": "1+2+3", "result": "6"}, {"code": "[n*n for n in range(1, 4)]"}],
    "code_display_data": [
        {"code": "from IPython.display import HTML, display; display(HTML('<b>test</b>'))", "mime": "text/html"}
    ],
    # By range or search the suite asks for what a thread of IPython may not have written yet, and fails on any kernel.
    "supported_history_operations": ("tail",),
    "code_inspect_sample": "zip",
    "code_clear_output": "from IPython.display import clear_output; clear_output()",
}


def outcomes(kernel: str) -> dict[str, str]:
    """Run Jupyter's own tests of kernels on *kernel*: test to how it went."""
    suite_class = type("Suite", (jupyter_kernel_test.KernelTests,), {"kernel_name": kernel, **SAMPLES})
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(suite_class)
    names = [test.id().rpartition(".")[2] for test in suite if isinstance(test, unittest.TestCase)]
    result = unittest.TestResult()
    suite.run(result)
    found = dict.fromkeys(names, "passed")
    for how, cases in (("skipped", result.skipped), ("failed", result.failures), ("error", result.errors)):
        found |= {
            test.id().partition(" ")[0].rpartition(".")[2]: f"{how}: {why.splitlines()[-1]}" for test, why in cases
        }
    return found


def write_bare_spec(kernels: Path, generation: Generation) -> None:
    """Write a spec that starts the same interpreter in the same module environment, with nothing in front of it."""
    resolved = resolve(generation.spec.recipe)
    (kernels / "bare").mkdir()
    spec = {
        "argv": [*resolved.command, "-f", "{connection_file}"],
        "display_name": "bare",
        "language": "python",
        # Jupyter takes a dollar for the start of a variable's name.
        "env": {name: value.replace("$", "$$") for name, value in resolved.variables.items()},
    }
    (kernels / "bare" / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")


@pytest.mark.parametrize("generation", ["2025b"])
def test_the_suite_of_jupyter_gives_the_same_result_as_on_the_bare_ipykernel(
    monkeypatch: pytest.MonkeyPatch, data: Path, generations: dict[str, Generation], generation: str
) -> None:
    write_bare_spec(data / "kernels", generations[generation])
    monkeypatch.setenv("JUPYTER_PATH", str(data))
    ours = outcomes(generations[generation].spec.name)
    assert ours == outcomes("bare")
    assert not [how for how in ours.values() if how.startswith(("failed", "error"))]
    assert [test for test, how in ours.items() if how != "passed"] == ["test_history"]
    assert len(ours) >= 12
