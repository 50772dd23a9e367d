"""Keep off a page what a library writes to standard error past Python."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stderr() -> Iterator[None]:
    """Send file descriptor 2 to nowhere meanwhile.

    TensorFlow's C++ part logs there with times and process numbers, which no setting silences and which
    would make two equal runs differ. An exception still passes, with its traceback.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)
