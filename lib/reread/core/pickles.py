"""Read pickled dictionaries of plain values from outside; nothing in a file is run."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from reread.core.errors import DataError

MAX_BYTES = 100_000_000


def read_plain(path: Path, *kinds: type) -> dict[str, Any]:
    """Read a pickled dict of plain values and run nothing; DataError for any other, damaged or huge file."""
    path = Path(path)
    if not path.is_file():
        raise DataError(f"There is no file {path}.")
    if path.stat().st_size > MAX_BYTES:
        raise DataError(f"{path} is larger than {MAX_BYTES:,} bytes, the most that is read.")
    try:
        with path.open("rb") as stream:
            found = _Plain(stream).load()
    except DataError as error:
        raise DataError(f"{path} is refused: {error}.\nNothing in it was run.") from None
    except Exception as error:  # a damaged pickle raises nearly anything
        raise DataError(f"{path} is damaged or no pickle ({type(error).__name__}).") from None
    if not isinstance(found, dict):
        raise DataError(f"{path} should hold a dictionary, but holds a {type(found).__name__}.")
    wrong = [pair for pair in found.items() if not isinstance(pair[0], str) or not isinstance(pair[1], kinds)]
    if wrong:
        wanted = " or ".join(kind.__name__ for kind in kinds)
        raise DataError(f"{path} should map names to {wanted}, but holds {wrong[0]}.")
    return found


class _NumberType:
    """Stands for ``numpy.dtype`` in a pickle: the name of a number, little end first."""

    def __init__(self, name: str, *_: Any):
        if name not in ("i2", "i4", "i8", "f4", "f8"):
            raise DataError(f"it names the type {name!r}, and only numbers are read")
        self.name = f"<{name}"

    def __setstate__(self, state: tuple) -> None:
        if state[1] != "<":
            raise DataError("its numbers are not stored little end first")


def _number(kind: _NumberType, raw: bytes) -> float:
    """Stands for ``numpy``'s function that makes a number of its bytes."""
    return np.frombuffer(raw, dtype=kind.name)[0].item()


ALLOWED = {("numpy", "dtype"): _NumberType, ("numpy.core.multiarray", "scalar"): _number}


class _Plain(pickle.Unpickler):
    """Unpickler of plain containers, text and numbers; it refuses every other class and function."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise DataError(f"it names {module}.{name}, and only plain containers are read")
        return ALLOWED[module, name]
