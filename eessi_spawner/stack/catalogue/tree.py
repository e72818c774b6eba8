"""Reads the catalogue of a mounted tree that publishes none: dev.eessi.io, or a site's own stack.

Which module files a target has is listed; what a module says of itself is read once, from the first target that
has it. Like every reading of a mount it can hang: `ask_tree` does it in a child process that can be killed.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterator

from eessi_spawner.errors import EESSIError, NotAnEESSIStackError
from eessi_spawner.stack.catalogue.builder import Builder, Skip
from eessi_spawner.stack.catalogue.columns import Columns
from eessi_spawner.stack.catalogue.entry import Provenance
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.module_file import ModuleFile, parse_module_file
from eessi_spawner.stack.mount import ask_reader
from eessi_spawner.stack.mounted import absent_or_foreign, mount_error

DEFAULT_SECONDS = 600.0

_TOOLCHAIN = re.compile(r"-((?:GCC(?:core)?|llvm-compilers|l?(?:foss|gfbf|gompi|lfbf|lompi|golf))-[0-9][0-9a-z.]*)")
_MAX_FILE = 1024 * 1024

# Release, module -> target -> the directory of module files, and the accelerators of it.
_Found = dict[tuple[str, str], dict[str, str]]


def ask_tree(root: str, *, seconds: float = DEFAULT_SECONDS) -> Catalogue:
    """Read the tree at *root*, but never wait longer than *seconds*.

    Raises
    ------
    MountError
        As `read_tree` raises; `MountHangingError` where no answer came in time.
    """
    answer = ask_reader("eessi_spawner.stack.catalogue.tree", {"root": root}, root=root, seconds=seconds)
    return Catalogue(Columns.from_json(answer["columns"]), Provenance(root), tuple(answer["warnings"]))


def read_tree(root: str) -> Catalogue:
    """Read the tree at *root*, whose releases lie under `versions`.

    Raises
    ------
    MountError
        If it cannot be read, is no stack of EESSI's shape, or holds no modules.
    """
    builder = Builder()
    found: _Found = defaultdict(dict)
    accelerators: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(dict)
    try:
        try:
            versions = sorted(os.listdir(f"{root}/versions"), reverse=True)
        except FileNotFoundError:
            raise absent_or_foreign(root) from None
        for version in versions:
            for target, accelerator, directory in _module_directories(f"{root}/versions/{version}/software/linux"):
                for module in _modules(directory):
                    found[version, module].setdefault(target, directory)
                    if accelerator:
                        accelerators[version, module].setdefault(target, []).append(accelerator)
        files = {
            key: parse_module_file(key[1].partition("/")[0], _read(f"{next(iter(places.values()))}/{key[1]}.lua"))
            for key, places in found.items()
        }
    except OSError as error:
        raise mount_error(root, error) from error
    for (version, module), places in found.items():
        try:
            _add(builder, version, module, sorted(places), accelerators.get((version, module)), files)
        except Skip as reason:
            builder.warn(f"passed over a module: {reason}")
    if not len(builder.columns):
        raise NotAnEESSIStackError(
            f"{root} holds no modules where EESSI has them (versions/VERSION/software/linux/TARGET/modules/all).",
            advice="Set the directory above 'versions', such as /cvmfs/dev.eessi.io/PROJECT.",
        )
    return Catalogue(builder.columns, Provenance(root), builder.warnings)


def _add(  # noqa: PLR0913, PLR0917  (one fact each)
    builder: Builder,
    version: str,
    module: str,
    targets: list[str],
    accelerators: dict[str, list[str]] | None,
    files: dict[tuple[str, str], ModuleFile],
) -> None:
    file = files[version, module]
    toolchain = _TOOLCHAIN.search(module)
    builder.add(
        module=module,
        release=version,
        toolchain=toolchain[1] if toolchain else "SYSTEM",
        targets=targets,
        accelerators=accelerators,
        packages=builder.packages((file.language, name, number) for name, number in file.extensions),
        required=_load_order(version, module, files)[:-1],
    )
    builder.software(module.partition("/")[0], file.description, file.homepage)


def _load_order(version: str, module: str, files: dict[tuple[str, str], ModuleFile]) -> list[str]:
    """Return what loading *module* loads, dependencies first, itself last."""
    order: dict[str, None] = {}
    entered = {module}
    stack: list[tuple[str, Iterator[str]]] = [(module, iter(files[version, module].depends_on))]
    while stack:
        name, rest = stack[-1]
        for needed in rest:
            if needed not in entered:
                entered.add(needed)
                stack.append((needed, iter(files.get((version, needed), ModuleFile()).depends_on)))
                break
        else:
            order[name] = None
            stack.pop()
    return list(order)


def _module_directories(top: str) -> Iterator[tuple[str, str, str]]:
    """Yield target, accelerator (or '') and the directory of module files, for all below *top*."""
    for machine in _listed(top):
        for first in _listed(f"{top}/{machine}"):
            candidates = [f"{machine}/{first}"]
            if first != "generic":
                candidates += [f"{machine}/{first}/{name}" for name in _listed(f"{top}/{machine}/{first}")]
            for target in candidates:
                if os.path.isdir(f"{top}/{target}/modules/all"):
                    yield target, "", f"{top}/{target}/modules/all"
                for vendor in _listed(f"{top}/{target}/accel"):
                    for name in _listed(f"{top}/{target}/accel/{vendor}"):
                        yield target, f"{vendor}/{name}", f"{top}/{target}/accel/{vendor}/{name}/modules/all"


def _modules(directory: str) -> Iterator[str]:
    for name in _listed(directory):
        for file in _listed(f"{directory}/{name}"):
            if file.endswith(".lua") and not file.startswith("."):
                yield f"{name}/{file.removesuffix('.lua')}"


def _listed(directory: str) -> list[str]:
    """Return what *directory* holds, sorted; nothing where it is none."""
    try:
        return sorted(name for name in os.listdir(directory) if not name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read(_MAX_FILE)


def main() -> None:
    """Answer one question, read as JSON from standard input, as JSON on standard output."""
    try:
        catalogue = read_tree(json.load(sys.stdin)["root"])
        answer = {"columns": catalogue.columns.to_json(), "warnings": list(catalogue.warnings)}
    except EESSIError as error:
        answer = {"error": error.to_json()}
    json.dump(answer, sys.stdout)
