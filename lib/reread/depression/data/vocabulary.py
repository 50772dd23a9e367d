"""Vocabularies of Geneformer: the token of each gene, and the median that its counts are divided by."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from reread.core.errors import DataError
from reread.depression.data.counts import Counts

SPECIAL = ("<pad>", "<mask>", "<cls>", "<eos>")
MAX_BYTES = 100_000_000


@dataclass(frozen=True, eq=False, repr=False)
class Vocabulary:
    """Token and median of each gene, by Ensembl id.

    ``<pad>`` is token 0 and ``<mask>`` 1, in V2 also ``<cls>`` 2 and ``<eos>`` 3. A median is that of the
    non-zero counts (in 10,000) over the cells of the pretraining.
    """

    tokens: Mapping[str, int]
    medians: Mapping[str, float]

    @property
    def n_tokens(self) -> int:
        """Number of rows that the embedding of a network needs."""
        return max(self.tokens.values()) + 1

    @property
    def has_special(self) -> bool:
        """Whether sequences begin with ``<cls>`` and end with ``<eos>``, as in V2."""
        return "<cls>" in self.tokens


def from_counts(counts: Counts, *, special: bool = False) -> Vocabulary:
    """Make a vocabulary of the genes of ``counts``, with their medians over its cells.

    The median of a gene is that of its non-zero values, in counts in 10,000 (Geneformer's definition). A gene
    without any count has the median 1.
    """
    depth = np.maximum(counts.cells["n_counts"].to_numpy(), 1)
    scaled = counts.matrix.multiply(1e4 / depth[:, None]).tocsc()
    columns = np.split(scaled.data, scaled.indptr[1:-1])
    medians = [float(np.median(one)) if len(one) else 1.0 for one in columns]
    genes = counts.genes.tolist()
    tokens = {name: i for i, name in enumerate([*SPECIAL[: 4 if special else 2], *genes])}
    return Vocabulary(tokens, dict(zip(genes, medians, strict=True)))


def read(token_file: Path, median_file: Path) -> Vocabulary:
    """Read the two dictionaries that Geneformer publishes; a gene without a median is never encoded."""
    tokens, medians = (read_plain(path, int, float) for path in (token_file, median_file))
    if not tokens.keys() & medians.keys() or tokens.get("<pad>") != 0:
        raise DataError(f"{token_file} and {median_file} have no gene in common, or <pad> is not token 0.")
    return Vocabulary({gene: int(token) for gene, token in tokens.items()}, medians)


def read_plain(path: Path, *kinds: type) -> dict[str, Any]:
    """Read a pickled dict from names to plain values of these kinds; nothing in the file is run.

    DataError if the file is missing, damaged, over 100 MB, no such dict, or names any class or function.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"There is no file {path}.")
    if path.stat().st_size > MAX_BYTES:
        raise DataError(f"{path} is larger than {MAX_BYTES:,} bytes: no dictionary of genes is.")
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
        raise DataError(f"{path} should map names of genes to {wanted}, but holds {wrong[0]}.")
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
