"""Lets a Python import what the modules in EBPYTHONPREFIXES bring, as EasyBuild's own Pythons do.

A copy of this file, and a `.pth` file that imports it, stand in every Python of the sample stack. It is no
`sitecustomize.py`, as EasyBuild's is: where the system's Python has one of its own, that one would hide it.
"""

import os
import site
import sys

SERIES = f"python{sys.version_info[0]}.{sys.version_info[1]}"

for prefix in os.environ.get("EBPYTHONPREFIXES", "").split(os.pathsep):
    if prefix:
        site.addsitedir(os.path.join(prefix, "lib", SERIES, "site-packages"))
