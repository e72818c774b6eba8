"""Lets a Jupyter server find the package beside this file's folder, wherever the volume is mounted.

Only the server's process: a PYTHONPATH would be seen by every kernel and terminal that it starts.
"""

import sys
from pathlib import Path

# Last, so that a package that the image brings itself is not hidden.
sys.path.append(str(Path(__file__).resolve().parents[2] / "lib"))
