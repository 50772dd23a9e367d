"""Rank value encoding: a cell becomes the list of its genes, from the most to the least expressed."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.data.ragged import open_ragged, write_ragged
from reread.core.errors import DataError, ParameterError
from reread.depression.data.counts import Counts
from reread.depression.data.vocabulary import Vocabulary

TIES = {"numpy": "quicksort", "stable": "stable"}


@dataclass(frozen=True, eq=False, repr=False)
class Cells:
    """Token sequences of cells, one after the other: cell ``i`` has ``tokens[starts[i] : starts[i + 1]]``.

    ``tokens`` may be memory-mapped; ``cells`` has one row a cell, as in :class:`Counts`.
    """

    tokens: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    cells: pd.DataFrame

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, cell: int) -> npt.NDArray[np.int32]:
        cell = range(len(self))[cell]
        return np.asarray(self.tokens[self.starts[cell] : self.starts[cell + 1]])

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each cell (cell,)."""
        return np.diff(self.starts)

    def take(self, rows: npt.ArrayLike) -> Self:
        """Some of the cells, by row numbers or by a mask (cell,)."""
        rows = np.arange(len(self))[np.asarray(rows)]
        return _joined([self[int(row)] for row in rows], self.cells.iloc[rows].reset_index(drop=True))

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a stored folder without reading its tokens; DataError if files are missing or do not fit."""
        return cls(*open_ragged(folder, dict.fromkeys(("donor", "cell_type", "batch"), str)))


def encode(
    counts: Counts, vocabulary: Vocabulary, max_len: int, *, special: bool | None = None, ties: str = "numpy"
) -> Cells:
    """Encode cells as Geneformer does (4bddd45, ``tokenizer.py``).

    Counts in 10,000 are divided by the median of their gene, in double precision; at most ``max_len`` genes
    of the vocabulary with a count are listed, the largest first. ``special`` puts ``<cls>`` first and
    ``<eos>`` last, by default where the vocabulary has them. ``ties`` orders equal values: ``numpy`` is the
    reference's ``np.argsort``, whose ties depend on the processor; ``stable`` keeps the order of the genes.
    ParameterError for another word, and for ``special`` without such tokens.
    """
    special = vocabulary.has_special if special is None else special
    if ties not in TIES:
        raise ParameterError(f"ties must be numpy or stable, but is {ties!r}.")
    if special and not vocabulary.has_special:
        raise ParameterError("This vocabulary has no <cls> and no <eos>: encode with special=False.")
    token, median = gene_table(counts.genes, vocabulary)
    known = np.flatnonzero(token >= 0)
    part = counts.matrix[:, known]
    part.sort_indices()
    n_counts = np.repeat(counts.cells["n_counts"].to_numpy(), np.diff(part.indptr))
    values = part.data / n_counts * 1e4 / median[known][part.indices]
    names, room = token[known][part.indices], max_len - 2 * special
    ends = [np.int32([vocabulary.tokens[word]]) for word in ("<cls>", "<eos>") if special]
    lists = []
    for cell in map(slice, part.indptr[:-1], part.indptr[1:]):
        order = np.argsort(-values[cell], kind=TIES[ties])[:room]
        lists.append(np.concatenate([*ends[:1], names[cell][order], *ends[1:]]))
    return _joined(lists, counts.cells)


def gene_table(
    genes: npt.NDArray[np.str_], vocabulary: Vocabulary
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    """Token (gene,), -1 for a gene outside the vocabulary, and median (gene,). DataError if none is known."""
    token = np.array([vocabulary.tokens.get(gene, -1) for gene in genes.tolist()], dtype=np.int32)
    median = np.array([vocabulary.medians.get(gene, np.nan) for gene in genes.tolist()])
    token[np.isnan(median)] = -1
    if not (token >= 0).any():
        raise DataError(
            f"None of the {len(genes)} genes is in the vocabulary, for instance {', '.join(genes[:3])}.\n"
            f"Use Ensembl ids of human genes."
        )
    return token, median


def store(parts: Iterable[Cells], folder: Path) -> Path:
    """Write sequences part by part into ``folder``, whole or not at all, and return it.

    Only one part is in memory. DataError if the folder exists already.
    """
    return write_ragged(((part.tokens, part.starts, part.cells) for part in parts), folder)


def _joined(lists: list[npt.NDArray[np.int32]], cells: pd.DataFrame) -> Cells:
    starts = np.cumsum([0, *map(len, lists)], dtype=np.int64)
    return Cells(np.concatenate([np.empty(0, np.int32), *lists], dtype=np.int32), starts, cells)
