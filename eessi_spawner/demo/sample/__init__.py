"""The sample stack: a directory of EESSI's layout, for machines without /cvmfs.

Here lives what builds it: which closures (`closures.py`), what stands where their modules point
(`content.py`), their module files, written by EasyBuild itself (`module_files.py`), what surrounds them
(`layout.py`), and the one door to it all (`build.py`). What does not belong here: anything that uses a
stack. Whoever does must not care whether it is a sample, but for saying so (`SAMPLE.json`).
"""
