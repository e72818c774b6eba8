"""IS A VALUES FILE RIGHT? Those of the charts of cvmfs-csi, of Zero to JupyterHub and of this project.

Pure: texts come in, answers with the line of each key come out. What another chart takes is a table of its keys, a file
for each (`*.keys`); our own chart's schema is put here by `make chart`.
"""
