"""What a module file says of itself: the Lua that EasyBuild writes (`easybuild/tools/module_generator.py`)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WHATIS = re.compile(r"whatis\(\[==\[(Description|Homepage|Extensions): (.*?)\]==\]\)", re.DOTALL)
_EXTENSIONS = re.compile(r'^\s*extensions\("([^"]*)"\)', re.MULTILINE)
_DEPENDS = re.compile(r'^\s*(?:depends_on|load)\("([^"]+)"\)', re.MULTILINE)
_LANGUAGES = {"Python": "python", "R": "r", "Perl": "perl", "Octave": "octave", "Ruby": "ruby"}


@dataclass(frozen=True)
class ModuleFile:
    """What was read: `extensions` are name and version, `language` is theirs (empty where it cannot be told)."""

    description: str = ""
    homepage: str = ""
    extensions: tuple[tuple[str, str], ...] = ()
    depends_on: tuple[str, ...] = ()
    language: str = ""


def parse_module_file(name: str, text: str) -> ModuleFile:
    """Return what the Lua module file *text* of the software *name* says; text that is none says nothing."""
    said = {key: value.strip() for key, value in _WHATIS.findall(text)}
    listed = _EXTENSIONS.search(text)
    if listed:
        pairs = [entry.strip().partition("/") for entry in listed[1].split(",")]
    else:
        # What EasyBuild writes for people has dashes, which names have too: the last one counts.
        pairs = [entry.strip().rpartition("-") for entry in said.get("Extensions", "").split(",")]
    depends_on = tuple(_DEPENDS.findall(text))
    loaded = [name, *(module.partition("/")[0] for module in depends_on)]
    return ModuleFile(
        description=said.get("Description", ""),
        homepage=said.get("Homepage", ""),
        extensions=tuple((name, version) for name, _, version in pairs if name),
        depends_on=depends_on,
        language=next((_LANGUAGES[software] for software in loaded if software in _LANGUAGES), ""),
    )
