"""How progress is counted, and shown on a terminal and in a log."""

from __future__ import annotations

import io

from eessi_spawner.demo.sample.progress import Progress, format_elapsed, make_terminal_progress
from eessi_spawner.demo.sample.tally import Tally


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_one_line_that_is_redrawn_and_ends_when_all_is_done() -> None:
    stream = Terminal()
    times = iter([0.0, 5.0, 65.0])
    show = make_terminal_progress(stream, clock=lambda: next(times))
    show(Progress(0.5, "halfway"))
    show(Progress(1.0, "done"))
    drawn = stream.getvalue().split("\r")[1:]
    assert drawn[0] == "\x1b[2K[############------------]  50% 0:05 halfway"
    assert drawn[1] == "\x1b[2K[########################] 100% 1:05 done\n"


def test_a_log_gets_a_line_for_each_tenth_only() -> None:
    stream = io.StringIO()
    show = make_terminal_progress(stream, clock=lambda: 0.0)
    for hundredth in range(101):
        show(Progress(hundredth / 100, "working"))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 11
    assert lines[0] == "[  0% 0:00] working"
    assert lines[-1] == "[100% 0:00] working"


def test_a_log_hears_that_the_work_waits() -> None:
    stream = io.StringIO()
    show = make_terminal_progress(stream, clock=lambda: 0.0)
    show(Progress(0.0, "waiting"))
    show(Progress(0.0, "waiting"))
    show(Progress(0.0, "begun"))
    assert stream.getvalue() == "[  0% 0:00] waiting\n[  0% 0:00] begun\n"


def test_elapsed_time_is_minutes_and_seconds() -> None:
    assert [format_elapsed(seconds) for seconds in (0, 59.9, 60, 3600)] == ["0:00", "0:59", "1:00", "60:00"]


def test_a_tally_never_falls_and_never_says_all_before_the_end() -> None:
    seen: list[float] = []
    tally = Tally(4, lambda progress: seen.append(progress.fraction))
    for _ in range(6):
        tally.add(1, "one more")
    assert seen == sorted(seen)
    assert seen[0] == 0.25
    assert seen[-1] == 0.99
