"""Objects that R saved (.rda, .RData), read by rdata without R."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reread.core.errors import need

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def read_objects(path: Path) -> dict[str, Any]:
    """The objects of a file; those of classes that rdata does not know have their slots as attributes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return need("rdata", "depression").read_rda(path)


def transposed(matrix: Any) -> tuple[csr_matrix, list[str]]:
    """A ``dgCMatrix`` as csr matrix with its columns as rows, without copy, and the names of its rows."""
    from scipy.sparse import csr_matrix

    shape = tuple(int(n) for n in matrix.Dim[::-1])
    return csr_matrix((matrix.x, matrix.i, matrix.p), shape=shape), [str(name) for name in matrix.Dimnames[0]]
