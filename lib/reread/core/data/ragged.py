"""Rows of different lengths on disk, with a table beside them: written part by part, read by memory map."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import numpy.typing as npt

from reread.core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    # values of all rows, where each row starts (row + 1,), and a table (row,)
    Ragged = tuple[npt.NDArray[np.int32], npt.NDArray[np.int64], pd.DataFrame]


def write_ragged(parts: Iterable[Ragged], folder: Path) -> Path:
    """Write int32 rows part by part into ``folder``, whole or not at all; only one part is in memory."""
    folder = Path(folder)
    if folder.exists():
        raise DataError(f"{folder} exists already. Name another folder, or remove this one.")
    new = folder.with_name(f".{folder.name}.{uuid4().hex[:8]}.part")
    new.mkdir(parents=True)
    ends = [np.zeros(1, np.int64)]
    try:
        with (new / "values.i4").open("wb") as stream:
            for values, starts, table in parts:
                stream.write(np.ascontiguousarray(values, dtype="<i4").tobytes())
                table.to_csv(new / "table.csv", mode="a", header=len(ends) == 1, index=False)
                ends.append(starts[1:] + ends[-1][-1])
        np.save(new / "starts.npy", np.concatenate(ends))
        new.replace(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return folder


def open_ragged(folder: Path, types: Mapping[str, type]) -> Ragged:
    """Open a stored folder without its values; ``types`` of its columns. DataError if files do not fit."""
    import pandas as pd

    try:
        starts = np.load(folder / "starts.npy", allow_pickle=False)
        table = pd.read_csv(folder / "table.csv", dtype=dict(types))
        n = int(starts[-1])
        values = np.memmap(folder / "values.i4", dtype="<i4", mode="r") if n else np.empty(0, np.int32)
    except (OSError, ValueError, IndexError) as error:
        raise DataError(f"{folder} cannot be opened as stored rows ({error}).\nMake it again.") from None
    if len(values) != n or len(table) != len(starts) - 1:
        raise DataError(f"{folder} should hold {n:,} values, but has {len(values):,}.\nMake it again.")
    return values, starts, table
