"""An environment that configuration names by words instead of by modules: what the spawn form completes by search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.stack.catalogue.complete import KERNEL_SOFTWARE, Completion, complete
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.environments import Environment, make_environment
from eessi_spawner.stack.releases import parse_release

# Begins every refusal; whoever shows the reason beside an environment's name leaves it out.
NOT_COMPLETED = "An environment cannot be completed: "


def environment_from_words(
    catalogue: Catalogue, data: Mapping[str, object], targets: Sequence[CpuTarget] = ()
) -> Environment:
    """Return the environment that *data* asks for, of the newest generation that has all of it on *targets*.

    Parameters
    ----------
    data
        `{"packages", "name"?, "title"?, "release"?, "language"?}`, `packages` a text or a list of texts.
    targets
        CPU targets that it must load on.

    Raises
    ------
    InvalidChoiceError
        If a value is of the wrong type, or nothing has all that is asked for; the message names what is missing.
    """
    packages = data.get("packages")
    words = [packages] if isinstance(packages, str) else packages
    if not isinstance(words, (list, tuple)) or not words or not all(isinstance(word, str) for word in words):
        raise _invalid("its packages must be a list of names, such as ['numpy', 'matplotlib']")
    release, language = data.get("release"), data.get("language", "")
    if language not in ("", *KERNEL_SOFTWARE):
        raise _invalid(f"there is no kernel for language {str(language)[:30]!r}, only for {', '.join(KERNEL_SOFTWARE)}")
    if not (release is None or isinstance(release, str)):
        raise _invalid("its release must be a text")
    answer = complete(
        catalogue,
        words,
        release=None if release is None else parse_release(release),
        targets=targets,
        language=str(language),
    )
    if not answer.complete:
        raise _invalid(explain_incomplete(answer))
    found = answer.environment().to_json()
    return make_environment({**found, **{key: data[key] for key in ("name", "title") if data.get(key)}})


def explain_incomplete(answer: Completion) -> str:
    """Return what keeps *answer* from being complete, to follow a colon."""
    where = f"EESSI {answer.release} {answer.generation}".strip() if answer.generation else "the catalogue"
    parts = []
    if answer.missing:
        parts.append(f"{where} has no {', no '.join(repr(word[:50]) for word in answer.missing)}")
    if not answer.kernel_module:
        parts.append(f"{where} has no {answer.language} kernel")
    return f"no toolchain generation has all of it; the nearest lacks something: {'; '.join(parts)}"


def _invalid(reason: str) -> InvalidChoiceError:
    return InvalidChoiceError(
        f"{NOT_COMPLETED}{reason}.",
        advice="Look for what there is with: eessi-spawner environments complete WORDS",
    )
