"""What the cluster says: nodes and pods, read as plain data and kept as small values.

A file for each kind of object, and the one watch that reads them. Only the watch talks to the API server, and for the
command line what `access.py` connects; nothing here decides.
"""
