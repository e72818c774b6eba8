"""What kernels cost, each beside the plain thing that does the same work in the same run.

A file is one measurement: it returns a table and says which bound is broken, if any. CPU time comes first,
since the machine may be shared; rounds alternate, so that its moods fall on all alike; a figure is the median
of the rounds. Run it by `python -m tests.benchmarks`; the exit code is 1 where a bound is broken.
"""
