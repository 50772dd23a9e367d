"""Vocabularies of Geneformer: the token of each gene, and the median that its counts are divided by."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reread.core.errors import DataError
from reread.core.pickles import read_plain
from reread.depression.data.counts import Counts

SPECIAL = ("<pad>", "<mask>", "<cls>", "<eos>")


@dataclass(frozen=True, eq=False, repr=False)
class Vocabulary:
    """Token, and median of the non-zero counts in 10,000, of each gene, by Ensembl id.

    ``<pad>`` is token 0 and ``<mask>`` 1, in V2 also ``<cls>`` 2 and ``<eos>`` 3.
    """

    tokens: Mapping[str, int]
    medians: Mapping[str, float]

    @property
    def n_tokens(self) -> int:
        """Number of rows that the embedding of a network needs: the largest token, and one."""
        return max(self.tokens.values()) + 1

    @property
    def has_special(self) -> bool:
        """Whether sequences begin with ``<cls>`` and end with ``<eos>``, as in V2."""
        return "<cls>" in self.tokens


def from_counts(counts: Counts, *, special: bool = False) -> Vocabulary:
    """Make a vocabulary of the genes of ``counts``, with the medians of their non-zero counts in 10,000.

    A gene without any count has the median 1.
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
