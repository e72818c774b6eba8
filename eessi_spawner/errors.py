"""Every error this project raises on purpose.

The tree:

* EESSIError
  x InvalidChoiceError       a posted or configured value is not one that can be used
  x UnknownModuleError       a module is not in the release
  x MountError               the repository cannot be read
    + MountAbsentError         nothing is mounted there
    + MountDeadError           something was mounted there and has died
    + MountHangingError        it does not answer in time
    + NotAnEESSIStackError     it answers, but it is not laid out as EESSI is
  x ModuleLoadError          Lmod could not load the modules
  x LmodMissingError         there is no Lmod to load them with
  x InterpreterMissingError  the modules loaded, but brought no interpreter that can start a kernel
  x CpuMismatchError         the CPU does not run the builds that a kernel was promised
  x UnsafePathError          a folder that others can write to would have to be trusted
  x SetUpError               a part of the demonstration hub could not be set up
  x CheckFailedError         a hub that was checked did not answer as it should
  x CatalogueError           the catalogue of EESSI's modules cannot be read or updated
    + CatalogueUnreachableError  it could not be downloaded
    + CatalogueRefusedError      what came is no catalogue, or not a good one
    + CatalogueBusyError         another process is updating it
  x ClusterError             Kubernetes does not start a server
    + ClaimError               a volume claim is missing, or cannot be made
    + AddressError             an NFS server's name cannot be resolved
    + PodRefusedError          the pod was refused: Pod Security, a quota, a missing right
    + StartFailedError         the pod does not start, and waiting longer is of no use
  x ServiceError             the hub service does not do what it was asked for
    + LoginRequiredError       nobody is logged in, or the token is unknown
    + AccessDeniedError        who is logged in may not do this
    + HubUnreachableError      JupyterHub does not say who is logged in
    + ModulesApartError        modules cannot be loaded together
    + UnknownEnvironmentError  the user has no such environment
    + EnvironmentExistsError   the user has another environment of that name
    + StoreError               saved environments cannot be read or written now

Each carries a stable `code` (for logs, APIs and tests), a message that says what was expected and what
came, and an `advice` that says what to do. None of them ever shows a traceback to a user.
"""

from __future__ import annotations

from typing import ClassVar


class EESSIError(Exception):
    """Something that a user or an admin can act on.

    Parameters
    ----------
    message
        One sentence: what was expected, and what came.
    advice
        One sentence: what to do now.
    details
        Longer output of another program (Lmod's own words, say), shown folded. May be empty.
    """

    code: ClassVar[str] = "eessi_error"

    def __init__(self, message: str, *, advice: str, details: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.details = details

    def __str__(self) -> str:
        return f"{self.message} {self.advice}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.advice, self.details))

    def to_json(self) -> dict[str, str]:
        """Return the error as `{code, message, advice, details}`."""
        return {
            "code": self.code,
            "message": self.message,
            "advice": self.advice,
            "details": self.details,
        }


def _rebuild(kind: type[EESSIError], message: str, advice: str, details: str) -> EESSIError:
    return kind(message, advice=advice, details=details)


class InvalidChoiceError(EESSIError):
    """A posted or configured value is not one that can be used."""

    code = "invalid_choice"


class UnknownModuleError(EESSIError):
    """A module is not in the release."""

    code = "unknown_module"


class MountError(EESSIError):
    """The repository cannot be read."""

    code = "mount_error"


class MountAbsentError(MountError):
    """Nothing is mounted where the repository should be."""

    code = "mount_absent"


class MountDeadError(MountError):
    """The repository was mounted, and its file system has died (ENOTCONN, EIO, ESTALE)."""

    code = "mount_dead"


class MountHangingError(MountError):
    """The repository's file system does not answer in time."""

    code = "mount_hanging"


class NotAnEESSIStackError(MountError):
    """The directory answers, but it holds no EESSI release."""

    code = "not_an_eessi_stack"


class ModuleLoadError(EESSIError):
    """Lmod could not load the modules."""

    code = "module_load_failed"


class LmodMissingError(EESSIError):
    """There is no Lmod to load modules with."""

    code = "lmod_missing"


class InterpreterMissingError(EESSIError):
    """The modules loaded, but brought no interpreter that can start a kernel."""

    code = "interpreter_missing"


class CpuMismatchError(EESSIError):
    """The CPU does not run the builds that a kernel was promised: they would end in 'Illegal instruction'."""

    code = "cpu_mismatch"


class UnsafePathError(EESSIError):
    """A folder that others can write to would have to be trusted."""

    code = "unsafe_path"


class SetUpError(EESSIError):
    """A part of the demonstration hub could not be set up."""

    code = "set_up_failed"


class CheckFailedError(EESSIError):
    """A hub that was checked did not answer as it should."""

    code = "check_failed"


class CatalogueError(EESSIError):
    """The catalogue of EESSI's modules cannot be read or updated; the last good one stays."""

    code = "catalogue_error"


class CatalogueUnreachableError(CatalogueError):
    """The catalogue could not be downloaded."""

    code = "catalogue_unreachable"


class CatalogueRefusedError(CatalogueError):
    """What came is no catalogue, or not one that should replace the one in use."""

    code = "catalogue_refused"


class CatalogueBusyError(CatalogueError):
    """Another process is updating the catalogue, and does not end."""

    code = "catalogue_busy"


class ClusterError(EESSIError):
    """Kubernetes does not start a server."""

    code = "cluster_error"


class ClaimError(ClusterError):
    """A volume claim is missing, or cannot be made."""

    code = "claim_error"


class AddressError(ClusterError):
    """An NFS server's name cannot be resolved."""

    code = "address_unknown"


class PodRefusedError(ClusterError):
    """The API server refused the pod."""

    code = "pod_refused"


class StartFailedError(ClusterError):
    """The pod does not start, and waiting longer is of no use."""

    code = "start_failed"


class ServiceError(EESSIError):
    """The hub service does not do what it was asked for."""

    code = "service_error"


class LoginRequiredError(ServiceError):
    """Nobody is logged in, or the token is unknown."""

    code = "login_required"


class AccessDeniedError(ServiceError):
    """Who is logged in may not do this."""

    code = "access_denied"


class HubUnreachableError(ServiceError):
    """JupyterHub does not say who is logged in."""

    code = "hub_unreachable"


class ModulesApartError(ServiceError):
    """Modules cannot be loaded together."""

    code = "modules_apart"


class UnknownEnvironmentError(ServiceError):
    """The user has no such environment."""

    code = "unknown_environment"


class EnvironmentExistsError(ServiceError):
    """The user has another environment of that name."""

    code = "environment_exists"


class StoreError(ServiceError):
    """Saved environments cannot be read or written now; those that were saved are kept."""

    code = "store_unavailable"


def error_from_json(data: dict[str, str]) -> EESSIError:
    """Rebuild an error from `to_json`; an unknown code gives a plain `EESSIError`."""
    kinds = {kind.code: kind for kind in _all_kinds(EESSIError)}
    kind = kinds.get(data.get("code", ""), EESSIError)
    return kind(
        data.get("message", "Unknown error."),
        advice=data.get("advice", ""),
        details=data.get("details", ""),
    )


def _all_kinds(kind: type[EESSIError]) -> list[type[EESSIError]]:
    return [kind] + [deeper for child in kind.__subclasses__() for deeper in _all_kinds(child)]
