"""THE CATALOGUE: every module EESSI has, with its extensions and targets, and the questions it answers.

Facts come as EESSI's published JSON (`parse.py`), bundled with the package (`bundled.py`), saved on this machine
(`saved.py`) or read from a mounted tree (`tree.py`). They become `Columns`, and a `Catalogue` answers from those:
search, what loads together, what completes an environment, what succeeds a module.

Pure but for five files: `download.py` fetches by `request.py`, `saved.py` stores, `bundled.py` reads the package's
own data file, `tree.py` reads a mounted tree. Standard library only; nothing here knows of kernels, hubs or terminals.
"""
