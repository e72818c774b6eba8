"""Standard output for a command's answer alone, whatever a hub's configuration prints when it is read."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout


@contextmanager
def standard_output_kept() -> Iterator[None]:
    """Send all that is printed, here and by programs that are started, to standard error; warnings too, each a line."""
    if sys.stdout is None:
        yield
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)
    # What raised is told by the error that the command ends with.
    handler.addFilter(lambda record: not record.exc_info)
    logging.getLogger().addHandler(handler)
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        logging.getLogger().removeHandler(handler)
