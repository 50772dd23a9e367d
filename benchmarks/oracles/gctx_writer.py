"""Write GCTX files, for tests and races of the reader."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from reread.lincs.io.gctx import COL, MATRIX, ROW


def write(
    path: Path, values: np.ndarray, row_ids: Sequence[str], column_ids: Sequence[str],
    rows: pd.DataFrame | None = None, columns: pd.DataFrame | None = None, *, chunk: int = 21,
) -> Path:  # fmt: skip
    """Write values (signature, gene) with ids and further fields as an uncompressed GCTX."""
    with h5py.File(path, "w") as file:
        file.attrs["version"] = np.bytes_("GCTX1.0")
        chunks = (min(chunk, len(column_ids)), len(row_ids))
        file.create_dataset(MATRIX, data=np.asarray(values, dtype=np.float32), chunks=chunks)
        for group, ids, frame in ((ROW, row_ids, rows), (COL, column_ids, columns)):
            fields = {"id": pd.Series(ids)} | ({} if frame is None else dict(frame.items()))
            for name, column in fields.items():
                is_number = column.dtype.kind in "fiub"
                text = None if is_number else [str(one).encode("utf-8") for one in column]
                file[f"{group}/{name}"] = column.to_numpy() if is_number else np.array(text, dtype=bytes)
    return path
