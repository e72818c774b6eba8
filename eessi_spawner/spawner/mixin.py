"""What every spawner of this project shares: traits, the form, validation of what comes back, kernel settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import object_session
from traitlets import Float, List, Unicode, default

from eessi_spawner.errors import EESSIError, InvalidChoiceError
from eessi_spawner.kernels.settings import SETTINGS_VARIABLE, KernelSettings
from eessi_spawner.spawner.choice import Choice, offered_fields, options_from_fields, validate_options
from eessi_spawner.spawner.cpus import CpuChoice
from eessi_spawner.spawner.form import render_form
from eessi_spawner.spawner.offering import OfferingSpawner
from eessi_spawner.spawner.offers import Offers
from eessi_spawner.spawner.rejection import refuse, rejection
from eessi_spawner.stack.cpu_targets import parse_cpu_target

# What a choice or a profile sets for one start.
CHOSEN_TRAITS = ("release", "module_environments", "cpu_target", "pool")


class EESSIMixin(OfferingSpawner):
    """Takes a choice of EESSI environments, and tells the server which kernels to make of it."""

    release = Unicode(
        help="""
        The EESSI release that servers get: one of those found, or `all`. Empty: the newest.

        Set by the user's choice; in configuration it is the default of the form and of spawns without options.
        Example: `c.EESSILocalSpawner.release = "2023.06"`.
        """,
    ).tag(config=True)

    module_environments = List(
        Unicode(),
        help="""
        The names of the environments that servers get as kernels, the default kernel first. Empty: all of the release.

        Set by the user's choice; in configuration it is the default of the form and of spawns without options.
        Example: `c.EESSILocalSpawner.module_environments = ["2025.06-python-2025b"]`.
        """,
    ).tag(config=True)

    cpu_target = Unicode(
        help="""
        Pins kernels to the builds for this CPU target and its fallbacks, so that results stay the same across machines.

        Empty: each server uses the best builds for the CPU it runs on. A target above what the CPU runs is refused.
        Example: `c.EESSILocalSpawner.cpu_target = "x86_64/generic"`.
        """,
    ).tag(config=True)

    lmod_command = Unicode(
        help="""
        The Lmod command that kernels load modules with. Empty: the one in EESSI's compatibility layer, else
        `$LMOD_CMD`, else the one that the operating system's package installs.

        Example: `c.EESSILocalSpawner.lmod_command = "/usr/share/lmod/lmod/libexec/lmod"`.
        """,
    ).tag(config=True)

    mount_timeout = Float(
        10.0,
        help="""
        How long to wait for the repository when the form is shown or a server starts, in seconds.

        After that the form says so, and a server can be started without EESSI kernels.
        Example: `c.EESSILocalSpawner.mount_timeout = 30`.
        """,
    ).tag(config=True)

    # JupyterHub's, which has no types.
    user_options: dict[str, Any]

    def __init__(self, **kwargs: Any) -> None:
        self._offers: Offers | None = None
        self._choice: Choice | None = None
        # What was posted last and is not yet taken: a form that comes back keeps it.
        self._posted: dict[str, Any] = {}
        super().__init__(**kwargs)
        self._last_good_options = dict(self.user_options)
        # What the administrator configured: the traits themselves become what a user or a profile chose.
        self.configured = self._chosen_traits()
        self._chosen: dict[str, Any] = {}

    # From the form or a link to a choice

    @default("options_form")
    def _default_options_form(self) -> Callable[..., Any]:
        return self.render_options_form

    async def render_options_form(self, _spawner: Any) -> str:
        """Return the form; what was chosen last time is preselected where it is still offered."""
        offers = await self.offered()
        chosen = self._preselected(offers)
        if chosen.cpu_target is None:
            chosen = replace(chosen, cpu_target=self.configured["cpu_target"])
        return render_form(
            offers,
            chosen,
            root=self.eessi_root,
            cpus=self.cpu_choices(offers, chosen.cpu_target or ""),
            last_target=str(self.user_options.get("cpu_target", "")),
        )

    def cpu_choices(self, _offers: Offers, _wanted: str) -> Sequence[CpuChoice]:
        """Return what of CPUs can be chosen: on one machine, nothing."""
        return ()

    def _preselected(self, offers: Offers) -> Choice:
        # What was chosen may be there still, but not on that CPU.
        anywhere = {key: value for key, value in self.user_options.items() if key not in ("cpu_target", "pool")}
        said = (self._posted, self.user_options, anywhere, self._options_of(self.configured))
        for options in said:
            try:
                if any(options.values()):
                    return validate_options(options, offers)
            except EESSIError:
                continue
        try:
            return validate_options({}, offers)
        except EESSIError:
            return Choice("", ())

    def _chosen_traits(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in CHOSEN_TRAITS if self.has_trait(name)}

    @staticmethod
    def _options_of(traits: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options that say what the traits say; not of a CPU, which is a trait of its own."""
        options = {"release": traits["release"], "environments": list(traits["module_environments"])}
        return {name: value for name, value in options.items() if value}

    def _completed(self, options: Mapping[str, Any], traits: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return *options*; where they say nothing of a release and of environments, with what *traits* say."""
        if not isinstance(options, Mapping):
            return options  # which is refused when it is validated
        says = options.get("release") or options.get("environments")
        return options if says else {**options, **self._options_of(traits)}

    @default("options_from_form")
    def _default_options_from_form(self) -> Callable[..., Any]:
        return self.read_form

    async def read_form(self, form_data: Mapping[str, list[Any]]) -> dict[str, Any]:
        """Return the options of a posted form or a link; raised here, the form comes back with the message."""
        offers = await self.offered()
        self._posted = offered_fields(form_data, offers)
        try:
            options = options_from_fields(form_data, offers)
            self._posted = validate_options(self._completed(options, self.configured), offers).to_options()
        except EESSIError as error:
            raise rejection(error) from error
        return dict(self._posted)

    @default("apply_user_options")
    def _default_apply_user_options(self) -> Callable[..., Any]:
        return type(self).apply_choice

    async def apply_choice(self, user_options: Mapping[str, Any]) -> None:
        """Turn options into traits; they may come from the REST API, or be stale, and are validated again."""
        self.begin()
        self.reset_choice()
        try:
            await self.take_choice(user_options)
        finally:
            self.end_choice()

    def reset_choice(self) -> None:
        """Forget what was chosen for an earlier start; what a hook or a group's overrides have set since then stays.

        JupyterHub calls those before (`user.py`, `spawn`); what they set counts as configured.
        """
        self._choice = None
        for name, value in self._chosen.items():
            if getattr(self, name) == value:
                setattr(self, name, self.configured[name])
        self.configured, self._chosen = self._chosen_traits(), {}

    def end_choice(self) -> None:
        """Keep what this start has set, to be reset by the next one."""
        self._chosen = self._chosen_traits()

    async def take_choice(self, user_options: Mapping[str, Any]) -> None:
        """Take what *user_options* choose and, of what they do not say, what the traits say."""
        offers = await self.offered()
        try:
            choice = validate_options(self._completed(user_options, self._chosen_traits()), offers)
        except EESSIError as error:
            # What was chosen before a repository died may be chosen again when it is back.
            if offers.problem is None:
                self.forget_refused_options()
            raise refuse(self, error) from error
        self._offers, self._choice = offers, choice
        try:
            self.settle_choice(offers, choice)
        except EESSIError as error:
            self.forget_refused_options()
            raise refuse(self, error) from error
        self._last_good_options = dict(self.user_options)
        self._posted = {}

    def settle_choice(self, _offers: Offers, choice: Choice) -> None:
        """Turn a choice that is offered into traits.

        Raises
        ------
        EESSIError
            If it cannot be served now.
        """
        self.release = choice.release
        self.module_environments = [environment.name for environment in choice.environments]
        if choice.cpu_target is not None:
            self.cpu_target = choice.cpu_target

    def forget_refused_options(self) -> None:
        """Put back what was chosen before: JupyterHub has saved the refused options, and would use them again."""
        refused = self.user_options == self._last_good_options
        self.user_options = {} if refused else self._last_good_options
        if self.orm_spawner is not None:
            self.orm_spawner.user_options = self.user_options
            if session := object_session(self.orm_spawner):
                session.commit()

    # From a choice to a server

    async def ensure_choice(self) -> None:
        """Where an admin's own `apply_user_options` replaced ours, take the traits for the choice."""
        if self._choice is None:
            await self.take_choice({})

    def tell_choice(self) -> None:
        """Show what the server is started with."""
        offers, choice = self._offers, self._choice
        if offers is None or choice is None:
            return
        if offers.problem is not None:
            self.tell(f"EESSI is not available: {offers.problem.message}", "Starting a server without EESSI kernels")
            return
        if offers.own_unknown:
            self.tell("The EESSI service does not answer: starting without what you saved there")
        kind = "Sample of EESSI" if offers.sample else "EESSI"
        for release in sorted({environment.release for environment in choice.environments}, reverse=True):
            names = [environment.title for environment in choice.environments if environment.release == release]
            target = offers.targets.get(release, offers.target)
            builds = f", builds for {target}" if target else ""
            self.tell(f"{kind} {release}{builds}: {', '.join(names)}")

    def get_env(self) -> dict[str, str]:
        """Return the server's environment, with what its kernels are to be in one variable."""
        environ: dict[str, str] = super().get_env()
        environ[SETTINGS_VARIABLE] = self.kernel_settings().to_variable()
        return environ

    def what_was_chosen(self) -> dict[str, Any]:
        """Return the release and the environments of the spawn, for its report, as far as they are known."""
        choice = self._choice
        if choice is None:
            return {}
        return {"release": choice.release, "environments": tuple(found.key for found in choice.environments)}

    def site_prefix(self) -> str:
        """Return where the site's own builds are in servers, if not where EESSI looks for them by itself."""
        return ""

    def kernel_settings(self) -> KernelSettings:
        """Return what the server is told about kernels."""
        return KernelSettings(
            root=self.eessi_root,
            environments=self._choice.environments if self._choice else (),
            cpu_target=self.cpu_target,
            lmod=self.lmod_command,
            site_prefix=self.site_prefix(),
            sample=self._offers.sample if self._offers else {},
            service=self.address_for_servers(),
            service_period=self.eessi_service_period,
            own=self._offers.own_names if self._offers else (),
        )

    def check_pin(self, runnable: tuple[str, ...]) -> None:
        """Refuse a pinned CPU target that is not among *runnable*: its builds would end in 'Illegal instruction'.

        Raises
        ------
        InvalidChoiceError
            If so.
        """
        if self.cpu_target and parse_cpu_target(self.cpu_target).path not in runnable:
            raise InvalidChoiceError(
                f"This CPU does not run builds for {self.cpu_target}.",
                advice=f"Set cpu_target to one of: {', '.join(runnable)}.",
            )
