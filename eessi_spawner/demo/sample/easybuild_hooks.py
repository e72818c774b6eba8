"""Given to EasyBuild by `--hooks`: leaves out build dependencies, as nothing is built.

Module files name only what is needed to run, so they stay as they are, and there are three times fewer.
"""

from typing import Any

# FlexiBLAS finds its back ends by their names among its build dependencies, and refuses to go on without.
_KEPT = {"FlexiBLAS": {"AOCL-BLAS", "BLIS", "NVPL"}}


def parse_hook(recipe: Any, *_: Any, **__: Any) -> None:
    """Drop what is needed only to build; EasyBuild calls this for each recipe that it has read."""
    kept = _KEPT.get(recipe.name, set())
    recipe["builddependencies"] = [dependency for dependency in recipe["builddependencies"] if dependency[0] in kept]
