"""HOW /cvmfs GETS INTO A POD. One way a file, each a frozen dataclass of its settings that answers with a PodPatch.

Pure: nothing here talks to a cluster. The ways know nothing of each other; `ways.py` alone lists them.
"""
