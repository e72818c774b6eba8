"""Becomes a kernel: reads the snapshot of a module environment and executes the interpreter in it.

This file is started as `python -IS launcher.py RECIPE KEY -f CONNECTION_FILE`. While the snapshot fits it imports
nothing but what stands below, and touches the stack twice (its revision, the interpreter), in a child that
can be killed, since a file system that does not answer must not hang the notebook. Where it does not fit,
`resolve.py` asks Lmod. Where nothing helps, the fallback kernel says why.

A snapshot is fields separated by NUL, as in /proc/PID/environ:
format, where the revision is read, the revision, number of arguments, the arguments, NAME=VALUE ..., an empty one.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = "eessi-spawner snapshot 1"
MAX_SNAPSHOT = 1 << 20
FIRST_ARGUMENT = 4
MOUNT_SECONDS = 20.0
REVISION_ATTRIBUTE = "user.revision"

# What belongs to the software environment of whoever started the Jupyter server. A kernel gets its own.
FOREIGN_PREFIXES = tuple(
    (
        "EESSI_ EBROOT EBVERSION EBDEVEL EBEXTSLIST EB_ENV_ EBPYTHONPREFIXES LMOD_ __LMOD _ModuleTable LD_ PYTHON"
        " CONDA MAMBA_ PIXI_ PYENV_ VIRTUAL_ENV _CE_ PIP_PREFIX PIP_TARGET JUPYTERLAB_ JUPYTER_PATH JUPYTER_CONFIG"
        " JUPYTER_PREFER R_ PERL JULIA_ OCTAVE_ CMAKE_ PKG_CONFIG"
    ).split()
)
FOREIGN_NAMES = frozenset(
    (
        "PATH MODULEPATH LOADEDMODULES _LMFILES_ MODULESHOME BASH_ENV ENV EPREFIX MANPATH INFOPATH CPATH"
        " LIBRARY_PATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH ACLOCAL_PATH XDG_DATA_DIRS GI_TYPELIB_PATH TCLLIBPATH"
    ).split()
)
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"


def inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what of *environ* a kernel may see: all but other software environments."""
    kept = {
        name: value
        for name, value in environ.items()
        if name not in FOREIGN_NAMES and not name.startswith(FOREIGN_PREFIXES)
    }
    kept["PATH"] = SYSTEM_PATH
    return kept


def runtime_directory() -> str:
    """Return where this user's short-lived files go on this machine: never the home, which may be shared."""
    for variable in ("EESSI_SPAWNER_RUNTIME_DIR", "XDG_RUNTIME_DIR"):
        directory = os.environ.get(variable)
        if directory and os.access(directory, os.W_OK):
            return directory
    return "/tmp"  # noqa: S108 (what is made in it is private, and asked for that before it is trusted)


def snapshot_directory() -> str:
    """Return where this user's snapshots lie on this machine."""
    return f"{runtime_directory()}/eessi-spawner-snapshots-{os.getuid()}"


def is_private(status: os.stat_result) -> bool:
    """Say whether only this user (or root) can have written what *status* describes."""
    return status.st_uid in (os.getuid(), 0) and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def read_snapshot(key: str) -> list[str] | None:
    """Return the fields of the snapshot *key*; None where there is none that may be trusted."""
    directory = snapshot_directory()
    try:
        folder = os.lstat(directory)
        if not stat.S_ISDIR(folder.st_mode) or not is_private(folder):
            return None
        handle = os.open(f"{directory}/{key}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or not is_private(status) or status.st_size > MAX_SNAPSHOT:
            return None
        fields = os.read(handle, MAX_SNAPSHOT).decode("utf-8", "surrogateescape").split("\0")
    except OSError:
        return None
    finally:
        os.close(handle)
    # Two are empty (one stands after the last NUL) only where the snapshot was written to its end.
    if len(fields) <= FIRST_ARGUMENT + 2 or fields[0] != FORMAT or fields[-2:] != ["", ""]:
        return None
    del fields[-2:]
    arguments, following = fields[3], fields[FIRST_ARGUMENT:]
    if len(arguments) > 3 or not arguments.isdecimal() or not 0 < int(arguments) <= len(following):
        return None
    return fields if all("=" in field[1:] for field in following[int(arguments) :]) else None


def read_revision(source: str) -> str:
    """Return the state of the stack that *source* tells: `xattr:PATH` or `stat:PATH`.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    how, _, path = source.partition(":")
    if how == "xattr":
        return os.getxattr(path, REVISION_ATTRIBUTE).decode("ascii", "replace")
    status = os.stat(path)
    return f"{status.st_mtime_ns}.{status.st_size}"


def probe(source: str, interpreter: str) -> str | int:
    """Return the stack's revision, or the error number met on the way; `ETIMEDOUT` if nothing answers."""
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        # Whatever happens, the child must not go on as if it were the kernel.
        try:
            os.write(sender, _look(source, interpreter).encode()[:4096])
        finally:
            os._exit(0)
    os.close(sender)
    ready = select.select([receiver], [], [], MOUNT_SECONDS)[0]
    answer = os.read(receiver, 4096).decode() if ready else ""
    os.close(receiver)
    if ready:
        os.waitpid(child, 0)
    else:
        # Not waited for: a process that hangs in a dead mount may not even die.
        os.kill(child, 9)
    if answer.startswith("+"):
        return answer[1:]
    return int(answer[1:]) if answer else errno.EIO if ready else errno.ETIMEDOUT


def _look(source: str, interpreter: str) -> str:
    try:
        revision = read_revision(source)
    except OSError as error:
        return f"-{error.errno}"
    return f"+{revision}" if os.access(interpreter, os.X_OK) else f"-{errno.ENOEXEC}"


def main(arguments: list[str]) -> None:
    """Become the kernel of the recipe file `arguments[0]`, whose snapshot is called `arguments[1]`."""
    recipe, key, *kernel_arguments = arguments
    # Whether the CPU runs the builds was checked on the miss, and is not again: KEY tells the CPU that the server saw
    # when it started. A migrated machine shows its guests the same CPU until it boots, and then a server starts anew.
    # Specs that `kernels install` wrote tell none; theirs is the name's machine.
    key = f"{key}@{os.uname().nodename}"
    answer: str | int = ""
    if (fields := read_snapshot(key)) is not None:
        end = FIRST_ARGUMENT + int(fields[3])
        command = fields[FIRST_ARGUMENT:end]
        answer = probe(fields[1], command[0])
        if answer == fields[2]:
            become(command + kernel_arguments, dict(field.split("=", 1) for field in fields[end:]))
    # With -IS the package is not on sys.path, and it is needed only from here on.
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    import gc

    # A process that lives until Lmod has answered leaves nothing worth collecting.
    gc.disable()
    from eessi_spawner.kernels.resolve import launch

    launch(recipe, key, kernel_arguments, mount_errno=answer if isinstance(answer, int) else 0)


def become(command: list[str], variables: Mapping[str, str]) -> OSError:
    """Replace this process by *command*; where that fails, return why."""
    environ = inherited(os.environ)
    environ.update(variables)
    try:
        os.execve(command[0], command, environ)  # noqa: S606
    except OSError as error:
        return error
    raise AssertionError  # execve returns only by an error


if __name__ == "__main__":
    main(sys.argv[1:])
