"""Vocabularies of Geneformer: the token of each gene, and the median that its counts are divided by."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.depression.data.counts import Counts

SPECIAL = ("<pad>", "<mask>", "<cls>", "<eos>")
VERSIONS = {"v1": 2048, "v2": 4096}
MAX_BYTES = 100_000_000


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Token and median of each gene.

    Attributes
    ----------
    tokens : dict
        Ensembl id to token; ``<pad>`` is 0 and ``<mask>`` 1, in V2 also ``<cls>`` 2 and ``<eos>`` 3.
    medians : dict
        Ensembl id to the median of its non-zero counts (in 10,000) over the cells of the pretraining.
    """

    tokens: Mapping[str, int] = field(repr=False)
    medians: Mapping[str, float] = field(repr=False)

    @property
    def n_tokens(self) -> int:
        """Number of rows that the embedding of a network needs."""
        return max(self.tokens.values()) + 1

    @property
    def has_special(self) -> bool:
        """Whether sequences begin with ``<cls>`` and end with ``<eos>``, as in V2."""
        return "<cls>" in self.tokens

    def genes_of(self, tokens: npt.ArrayLike) -> npt.NDArray[np.str_]:
        """Ensembl id of each token, in the shape of ``tokens``."""
        names = np.full(self.n_tokens, "", dtype="U20")
        names[list(self.tokens.values())] = list(self.tokens)
        return names[np.asarray(tokens)]


def from_counts(counts: Counts, rows: npt.ArrayLike | None = None, *, special: bool = False) -> Vocabulary:
    """Make a vocabulary of the genes of ``counts``; medians are those of the cells ``rows``, as a mask.

    The median of a gene is that of its non-zero values, in counts in 10,000 (Geneformer's definition). A gene
    without any count in these cells has the median 1.
    """
    part = counts.matrix if rows is None else counts.take(rows).matrix
    depth = counts.cells["n_counts"].to_numpy() if rows is None else counts.take(rows).cells["n_counts"]
    scaled = part.multiply(1e4 / np.maximum(np.asarray(depth), 1)[:, None]).tocsc()
    columns = np.split(scaled.data, scaled.indptr[1:-1])
    medians = [float(np.median(one)) if len(one) else 1.0 for one in columns]
    words = SPECIAL if special else SPECIAL[:2]
    tokens = {name: i for i, name in enumerate([*words, *counts.genes.tolist()])}
    return Vocabulary(tokens, dict(zip(counts.genes.tolist(), medians, strict=True)))


def read(token_file: Path, median_file: Path) -> Vocabulary:
    """Read the two dictionaries that Geneformer publishes; a gene without a median is never encoded."""
    tokens, medians = _numbers(token_file), _numbers(median_file)
    if not tokens.keys() & medians.keys() or tokens.get("<pad>") != 0:
        raise DataError(f"{token_file} and {median_file} have no gene in common, or <pad> is not token 0.")
    return Vocabulary({gene: int(token) for gene, token in tokens.items()}, medians)


def read_symbols(path: Path) -> dict[str, str]:
    """Read Geneformer's dictionary of gene symbols to Ensembl ids."""
    found = read_plain(path)
    if not all(isinstance(word, str) for pair in found.items() for word in pair):
        raise DataError(f"{path} should map gene symbols to Ensembl ids.")
    return found


def _numbers(path: Path) -> dict[str, float]:
    found = read_plain(path)
    if not all(isinstance(k, str) and isinstance(v, (int, float)) for k, v in found.items()):
        raise DataError(f"{path} should map names of genes to numbers.")
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
    (value,) = np.frombuffer(raw, dtype=kind.name)
    return value.item()


ALLOWED = {("numpy", "dtype"): _NumberType, ("numpy.core.multiarray", "scalar"): _number}


class _Plain(pickle.Unpickler):
    """Unpickler of plain containers, text and numbers; it refuses every other class and function."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise DataError(f"it names {module}.{name}, and only plain containers are read")
        return ALLOWED[module, name]


def read_plain(path: Path) -> dict:
    """Read a pickled dict of plain values; nothing in the file is run.

    Raises
    ------
    DataError
        If the file is missing, damaged, larger than 100 MB, no dict, or names any class or function.
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
    return found


def max_len(version: str) -> int:
    """Longest sequence of a published model: 2,048 tokens (V1) or 4,096 (V2)."""
    if version not in VERSIONS:
        raise ParameterError(f"There is no vocabulary {version!r}. {did_you_mean(version, VERSIONS)}")
    return VERSIONS[version]
