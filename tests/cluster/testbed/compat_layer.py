"""The compatibility layer of the test's stack: Lmod and the Lua that runs it, with their own C library.

EESSI's layer is a Gentoo Prefix; this one is made of Debian's packages, laid out where EESSI has its Lmod
(`<prefix>/usr/share/Lmod`).
"""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath

from tests.cluster.testbed.own_libraries import OwnLibraries, shared_objects
from tests.cluster.testbed.relocation import rewrite_tree

LMOD = Path("/usr/share/lmod/lmod")
_LUA = Path("/usr/bin/lua5.3")
_LUA_SCRIPTS = Path("/usr/share/lua/5.3")


def make_compat_layer(directory: Path, place: PurePosixPath) -> OwnLibraries:
    """Make the layer in *directory*, to be used at *place*, and return its libraries."""
    if directory.exists():
        shutil.rmtree(directory)
    usr = directory / "usr"
    (usr / "bin").mkdir(parents=True)
    lua = Path(shutil.copy2(_LUA, usr / "bin" / _LUA.name))
    shutil.copytree(LMOD.resolve(), usr / "share" / "Lmod")
    shutil.copytree(_LUA_SCRIPTS, usr / "share" / "lua" / "5.3")
    lua_libraries = next(Path("/usr/lib").glob("*/lua/5.3"))
    shutil.copytree(lua_libraries, usr / "lib" / "lua" / "5.3")
    names = {
        str(LMOD): f"{place}/usr/share/Lmod",
        str(LMOD.resolve()): f"{place}/usr/share/Lmod",
        str(_LUA): f"{place}{_LUA}",
        str(_LUA_SCRIPTS): f"{place}{_LUA_SCRIPTS}",
        str(lua_libraries): f"{place}/usr/lib/lua/5.3",
    }
    rewrite_tree(usr / "share" / "Lmod", names)
    libraries = OwnLibraries(directory / "lib64", place / "lib64")
    libraries.add_closure([_LUA, *shared_objects(usr)])
    libraries.adopt(lua)
    return libraries
