"""Environments: named sets of modules of one release, for one language. Each becomes a kernel."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.stack.generations import PYTHON_KERNEL_MODULES
from eessi_spawner.stack.modules import ModuleName, parse_module
from eessi_spawner.stack.releases import parse_release

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
# Control characters, line ends and halves of characters; and marks that turn the direction of the text around them.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
MAX_MODULES = 50


@dataclass(frozen=True)
class Environment:
    """A set of modules that makes a kernel.

    Attributes
    ----------
    name
        What configuration, links and the REST API call it; unique at a site.
    title
        What people see.
    release
        The EESSI version that the modules are of.
    modules
        Full names in sorted order, the module that brings the kernel among them.
    language
        The kernel's language.
    """

    name: str
    title: str
    release: str
    modules: tuple[str, ...]
    language: str = "python"

    @property
    def key(self) -> str:
        """A hash of release, language and modules: the same environment has the same one everywhere."""
        text = "\n".join((self.release, self.language, *self.modules))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def generation(self) -> str | None:
        """The toolchain generation of the modules, where they need one."""
        return next((found for found in map(_generation, self.modules) if found), None)

    def to_json(self) -> dict[str, object]:
        """Return the environment as `make_environment` reads it."""
        return {
            "name": self.name,
            "title": self.title,
            "release": self.release,
            "modules": list(self.modules),
            "language": self.language,
        }


def make_environment(data: object) -> Environment:
    """Return the environment that *data* describes, checked and completed.

    Parameters
    ----------
    data
        `{"name", "release", "modules", "title"?, "language"?}`. Where no module brings a kernel, the one of
        the modules' generation is added.

    Raises
    ------
    InvalidChoiceError
        If a value is missing, of the wrong type or out of bounds, if modules of two generations are mixed,
        or if the generation has no kernel.
    """
    if not isinstance(data, Mapping):
        raise _invalid("?", f"a mapping was expected, {type(data).__name__} came")
    name = data.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _invalid(str(name)[:64], "its name must be 1 to 64 of a-z, 0-9, '.', '_' and '-'")
    release = data.get("release")
    if not isinstance(release, str):
        raise _invalid(name, "it names no release")
    language = data.get("language", "python")
    if language != "python":
        raise _invalid(name, f"there is no kernel for language {str(language)[:30]!r}, only for python")
    listed = data.get("modules")
    if not isinstance(listed, (list, tuple)) or not all(isinstance(entry, str) for entry in listed):
        raise _invalid(name, "its modules must be a list of full module names")
    title = data.get("title", name)
    if not isinstance(title, str) or not title.strip() or len(title) > 100 or _CONTROL.search(title):
        raise _invalid(name, "its title must be 1 to 100 characters on one line, without marks that turn text around")
    modules = with_kernel_module(name, [parse_module(entry) for entry in listed])
    if len(modules) > MAX_MODULES:
        raise _invalid(name, f"it has {len(modules)} modules, at most {MAX_MODULES} are taken")
    return Environment(name, title.strip(), parse_release(release), modules, language)


def with_kernel_module(name: str, modules: list[ModuleName]) -> tuple[str, ...]:
    """Return the full names of *modules*, sorted, with the one that brings ipykernel among them.

    Raises
    ------
    InvalidChoiceError
        If generations are mixed or no kernel is known for theirs.
    """
    generations = sorted({module.generation for module in modules if module.generation})
    if len(generations) > 1:
        raise _invalid(
            name,
            "modules of different toolchain generations cannot be loaded together, and it has "
            + " and ".join(generations),
        )
    names = {str(module) for module in modules}
    if not any(module.name == "jupyter-server" for module in modules):
        if not generations:
            raise _invalid(name, "none of its modules says which toolchain generation it is of")
        if generations[0] not in PYTHON_KERNEL_MODULES:
            raise _invalid(name, f"EESSI has no Python kernel for generation {generations[0]}")
        names.add(PYTHON_KERNEL_MODULES[generations[0]])
    return tuple(sorted(names))


def _generation(module: str) -> str | None:
    return parse_module(module).generation


def _invalid(name: str, reason: str) -> InvalidChoiceError:
    return InvalidChoiceError(
        f"Environment {name!r} cannot be used: {reason}.",
        advice="See 'Environments' in the administrator's guide for how one is written.",
    )
