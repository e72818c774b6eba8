"""Launches a kernel without a snapshot: asks Lmod, keeps the answer, and explains what went wrong."""

from __future__ import annotations

import errno
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from eessi_spawner.errors import EESSIError, InterpreterMissingError, MountHangingError, SetUpError
from eessi_spawner.kernels import launcher
from eessi_spawner.kernels.lmod import find_lmod, load_modules
from eessi_spawner.kernels.python import kernel_command
from eessi_spawner.kernels.recipe import Recipe
from eessi_spawner.kernels.snapshot import find_revision, write_snapshot
from eessi_spawner.stack.cpu_targets import CpuTarget

FAILURE_VARIABLE = "EESSI_SPAWNER_FAILURE"
# In JSON a letter takes up to 12 bytes, and one variable holds at most 128 KiB.
_MAX_DETAILS = 8_000

# As in the launcher, the package is found by its place: it need not be installed in the server's Python.
_FALLBACK = (
    f"import sys; sys.path[:1] = []; sys.path.append({str(Path(__file__).resolve().parents[2])!r});"
    " from eessi_spawner.kernels.fallback import main; main()"
)


@dataclass(frozen=True)
class Resolved:
    """What a recipe resolves to: the kernel's command, the variables its modules set, the CPU target they are of."""

    command: list[str]
    variables: dict[str, str]
    target: str


def launch(recipe_file: str, key: str, kernel_arguments: list[str], *, mount_errno: int = 0) -> None:
    """Become the kernel of *recipe_file*, or the fallback kernel that says why it cannot start.

    *mount_errno* is what the launcher met when it looked at the stack, 0 if nothing.
    """
    try:
        recipe = read_recipe(recipe_file)
        resolved = resolve(recipe, mount_errno=mount_errno)
        keep(recipe, key, resolved)
        refused = launcher.become(resolved.command + kernel_arguments, resolved.variables)
        failure: EESSIError = _not_executable(resolved.command[0], refused.strerror)
    except EESSIError as error:
        failure = error
    except Exception as error:  # noqa: BLE001  # whatever it is, the notebook must hear of it
        failure = _unexpected(error)
    fall_back(failure, kernel_arguments)


def read_recipe(path: str) -> Recipe:
    """Read the recipe file at *path*.

    Raises
    ------
    SetUpError
        If it cannot be read, or is no recipe.
    """
    try:
        return Recipe.from_json(json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise SetUpError(
            f"The kernel's recipe {path} cannot be read ({error}).",
            advice="Restart the server, which writes it anew.",
        ) from error


def resolve(recipe: Recipe, *, mount_errno: int = 0) -> Resolved:
    """Load the modules of *recipe* and return what starts its kernel.

    Raises
    ------
    EESSIError
        The kind says what is wrong: the mount, the CPU, Lmod, a module, the interpreter.
    """
    machine = os.uname().machine
    check_mount(recipe, mount_errno)
    chain = recipe.chain or detected_chain(machine)
    answer = load_modules(find_lmod(recipe, machine), recipe, chain)
    if not answer.succeeded:
        # It may have died meanwhile, which Lmod's words do not say.
        check_mount(recipe)
        from eessi_spawner.kernels import diagnose

        unknown = diagnose.unknown_modules(answer.words)
        there = {module.partition("/")[0]: versions(recipe, chain, module) for module in unknown}
        raise diagnose.diagnose(answer.words, recipe, chain, there)
    target = answer.variables.get("EESSI_SOFTWARE_SUBDIR", chain[0])
    check_cpu(recipe, target, machine)
    command = kernel_command(answer.variables)
    if not os.access(command[0], os.X_OK):
        raise _not_executable(command[0], "it is missing, or no program")
    return Resolved(command, dict(answer.variables), target)


def detected_chain(machine: str) -> tuple[str, ...]:
    """Detect the CPU of this machine, for a recipe that names no target."""
    from eessi_spawner.stack.host import CPUINFO, read_chain

    return tuple(target.path for target in read_chain(CPUINFO, machine))


def check_cpu(recipe: Recipe, target: str, machine: str) -> None:
    """Make sure that this CPU runs the builds for *target*, which the modules of a pinned *recipe* are.

    Those count, not the pin: pinned to zen5, a release that EESSI builds for no zen5 brings builds for zen4. EESSI's
    variables in the user's environment are of no account, since none of them reaches a kernel.

    Raises
    ------
    CpuMismatchError
        If it does not.
    """
    if not recipe.chain or recipe.chain[0] == recipe.detected:
        return
    # Here and not above: a kernel that is pinned to nothing does not wait for it.
    from eessi_spawner.kernels.promise import is_broken, mismatch, read_seen

    seen = read_seen(machine)
    if is_broken(target, seen):
        raise mismatch(target, seen, os.uname().nodename)


def check_mount(recipe: Recipe, mount_errno: int = 0) -> None:
    """Make sure that the stack answers, in a child that can be killed.

    Raises
    ------
    MountError
        If it does not; the kind says how.
    """
    # Whatever the launcher met is looked at again, but for a hanging mount: the user has waited for it once.
    if mount_errno != errno.ETIMEDOUT:
        answer = launcher.probe(f"stat:{recipe.root}/versions", sys.executable)
        if isinstance(answer, str):
            return
        mount_errno = answer
    if mount_errno == errno.ETIMEDOUT:
        raise MountHangingError(
            f"The file system at {recipe.root} did not answer within {launcher.MOUNT_SECONDS:g} seconds.",
            advice="Restart the kernel in a minute; if it stays so, an administrator must look at the mount.",
        )
    from eessi_spawner.stack.mounted import absent_or_foreign, mount_error

    if mount_errno == errno.ENOENT:
        raise absent_or_foreign(recipe.root)
    raise mount_error(recipe.root, OSError(mount_errno, os.strerror(mount_errno)))


def versions(recipe: Recipe, chain: tuple[str, ...], module: str) -> tuple[str, ...]:
    """Return the versions of *module*'s name that the release has for the first target of *chain* built."""
    name = module.partition("/")[0]
    for target in chain:
        folder = Path(recipe.of_release.target_directory(CpuTarget(target)), "modules", "all")
        if folder.is_dir():
            return tuple(sorted(file.stem for file in (folder / name).glob("*.lua")))
    return ()


def keep(recipe: Recipe, key: str, resolved: Resolved) -> None:
    """Write the snapshot; where that fails the kernel starts all the same, only slower, and the log says so."""
    try:
        source, revision = find_revision(recipe.of_release, CpuTarget(resolved.target))
        write_snapshot(key, source=source, revision=revision, command=resolved.command, variables=resolved.variables)
    except (EESSIError, OSError, ValueError) as error:
        print(f"eessi-spawner: the environment of '{recipe.title}' is not kept: {error}", file=sys.stderr)


def fall_back(error: EESSIError, kernel_arguments: list[str]) -> None:
    """Become the kernel that answers every cell with *error*."""
    print(f"eessi-spawner: {error.code}: {error}\n{error.details}", file=sys.stderr)
    failure = {**error.to_json(), "details": error.details[-_MAX_DETAILS:]}
    launcher.become([sys.executable, "-c", _FALLBACK, *kernel_arguments], {FAILURE_VARIABLE: json.dumps(failure)})


def _not_executable(path: str, reason: str | None) -> InterpreterMissingError:
    return InterpreterMissingError(
        f"The modules loaded, but their interpreter {path} cannot be executed ({reason}).",
        advice="Report it to whoever maintains the stack; meanwhile use another environment.",
    )


def _unexpected(error: Exception) -> EESSIError:
    return EESSIError(
        "Something went wrong that nobody thought of.",
        advice="Restart the kernel; if it stays so, report the details.",
        details=f"{type(error).__name__}: {error}",
    )
