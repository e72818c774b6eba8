"""What Lmod's words mean: from its messages to an error that says what to do. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from eessi_spawner.errors import EESSIError, ModuleLoadError, UnknownModuleError
from eessi_spawner.kernels.recipe import Recipe


def _words(pattern: str) -> re.Pattern[str]:
    """Compile *pattern*; Lmod fills its messages into lines, so that any blank of them may be a line's end."""
    return re.compile(pattern.replace(" ", r"\s+"), re.DOTALL)


_UNKNOWN = _words(r"following module\(s\) (?:are unknown|exist but cannot be loaded as requested):(.*?)\n\s*\n")
_CONFLICT = _words(r'Cannot load module "([^"]+)" because these module\(s\) are loaded:\s*(\S+)')
_SWAP = _words(r"\$ module swap (\S+) (\S+)")
_PREREQUISITE = _words(r'Cannot load module "([^"]+)" without these module\(s\) loaded:\s*(\S+)')
_SYNTAX = _words(r"(?:Unable to load module(?: because of error when evaluating modulefile)?|Error in):?")
_FILE = re.compile(r"^\s*(/\S+\.lua)\b", re.MULTILINE)


def unknown_modules(words: str) -> tuple[str, ...]:
    """Return the modules that Lmod says it does not know, sorted: Lmod's own order is by chance."""
    found = _UNKNOWN.search(words + "\n\n")
    if found is None:
        return ()
    return tuple(sorted(name.strip('"') for name in re.split(r"[\s,]+", found[1]) if name.strip('"')))


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
            advice=f"Use another kernel, and tell those who maintain '{recipe.title}': {near}.",
            details=words,
        )
    message, advice = _why_not_loaded(words, recipe, chain)
    return ModuleLoadError(message, advice=advice, details=words)


def _why_not_loaded(words: str, recipe: Recipe, chain: tuple[str, ...]) -> tuple[str, str]:
    """Return what went wrong with modules that are there, and what to do."""
    if "Software directory check" in words:
        return (
            f"EESSI {recipe.release} has no builds for this CPU ({', '.join(chain)}).",
            "Choose another release or another CPU target when you start your server.",
        )
    if conflict := _CONFLICT.search(words) or _SWAP.search(words):
        return (
            f"The modules of '{recipe.title}' cannot be loaded together: {conflict[1]} does not go with {conflict[2]}.",
            "Use modules of one toolchain generation.",
        )
    if needed := _PREREQUISITE.search(words):
        return (
            f"The modules of '{recipe.title}' cannot be loaded: {needed[1]} needs {needed[2]}, which is missing.",
            f"Add {needed[2]} to the environment.",
        )
    if _SYNTAX.search(words) and (file := _FILE.search(words)):
        return (
            f"The module file {file[1]} has an error and cannot be loaded.",
            "Report it to whoever maintains that module; meanwhile use an environment without it.",
        )
    return f"Lmod could not load the modules of '{recipe.title}'.", "See the details for Lmod's own words."


def _near(module: str, versions: Mapping[str, tuple[str, ...]]) -> str:
    name = module.partition("/")[0]
    if not versions.get(name):
        return f"no version of {name} is there"
    return f"{name} is there as {', '.join(versions[name])}"
