"""What Lmod's words mean: from its messages to an error that says what to do. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from eessi_spawner.errors import EESSIError, ModuleLoadError, UnknownModuleError
from eessi_spawner.kernels.recipe import Recipe

_UNKNOWN = re.compile(
    r"following module\(s\) (?:are unknown|exist but cannot be loaded as requested):(.*?)\n\s*\n", re.DOTALL
)
_CONFLICT = re.compile(
    r'Cannot load module "([^"]+)" (?:without these module\(s\) loaded|because these module\(s\) are loaded):\s*(\S+)'
)
_SYNTAX = re.compile(r"(?:Unable to load module(?: because of error when evaluating modulefile)?|Error in):?")
_FILE = re.compile(r"^\s*(/\S+\.lua)\b", re.MULTILINE)


def unknown_modules(words: str) -> tuple[str, ...]:
    """Return the modules that Lmod says it does not know."""
    found = _UNKNOWN.search(words + "\n\n")
    if found is None:
        return ()
    return tuple(name.strip(' ",') for name in re.split(r"[\s,]+", found[1]) if name.strip(' ",'))


def diagnose(words: str, recipe: Recipe, chain: tuple[str, ...], versions: Mapping[str, tuple[str, ...]]) -> EESSIError:
    """Return the error that *words*, written by Lmod when it failed, stand for.

    Parameters
    ----------
    words
        Lmod's output to the user.
    recipe, chain
        What was to be loaded, for which CPU targets.
    versions
        Module name to the versions that the release has, for modules that Lmod did not know.
    """
    unknown = unknown_modules(words)
    if recipe.of_release.eessi_module in unknown:
        return UnknownModuleError(
            f"There is no EESSI release {recipe.release} under {recipe.root}.",
            advice="Choose another release when you start your server; ask the administrators if it was there before.",
            details=words,
        )
    if unknown:
        near = "; ".join(_near(name, versions) for name in unknown)
        return UnknownModuleError(
            f"EESSI {recipe.release} has no module {' and no '.join(unknown)} for {chain[0]}.",
            advice=f"Correct the environment '{recipe.title}': {near}.",
            details=words,
        )
    if "Software directory check" in words:
        return ModuleLoadError(
            f"EESSI {recipe.release} has no builds for this CPU ({', '.join(chain)}).",
            advice="Choose another release or another CPU target when you start your server.",
            details=words,
        )
    if conflict := _CONFLICT.search(words):
        return ModuleLoadError(
            f"The modules of '{recipe.title}' cannot be loaded together: {conflict[1]} does not go with {conflict[2]}.",
            advice="Use modules of one toolchain generation.",
            details=words,
        )
    if _SYNTAX.search(words) and (file := _FILE.search(words)):
        return ModuleLoadError(
            f"The module file {file[1]} has an error and cannot be loaded.",
            advice="Report it to whoever maintains that module; meanwhile use an environment without it.",
            details=words,
        )
    return ModuleLoadError(
        f"Lmod could not load the modules of '{recipe.title}'.",
        advice="See the details for Lmod's own words.",
        details=words,
    )


def _near(module: str, versions: Mapping[str, tuple[str, ...]]) -> str:
    name = module.partition("/")[0]
    if not versions.get(name):
        return f"no version of {name} is there"
    return f"{name} is there as {', '.join(versions[name])}"
