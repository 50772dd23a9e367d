"""What sets of genes share, beside what random sets of their sizes would share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from reread.core.errors import DataError


def overlaps(sets: Mapping[str, np.ndarray], n_genes: int) -> pd.DataFrame:
    """Compare every two sets.

    Parameters
    ----------
    sets : mapping of str to int array, (member,)
        Genes of each method.
    n_genes : int
        Genes that could have been chosen.

    Returns
    -------
    DataFrame
        left, right, n_left, n_right, shared, expected (by chance), ratio, jaccard, p (hypergeometric, one
        sided).

    Raises
    ------
    DataError
        If a set is empty, or names a gene that does not exist.
    """
    sets = {name: _checked(name, genes, n_genes) for name, genes in sets.items()}
    rows = []
    for (left, a), (right, b) in combinations(sets.items(), 2):
        shared, expected = len(np.intersect1d(a, b)), len(a) * len(b) / n_genes
        rows.append(
            {
                "left": left, "right": right, "n_left": len(a), "n_right": len(b), "shared": shared,
                "expected": expected, "ratio": shared / expected,
                "jaccard": shared / (len(a) + len(b) - shared),
                "p": float(np.clip(hypergeom.sf(shared - 1, n_genes, len(a), len(b)), 0, 1)),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def core(sets: Sequence[np.ndarray], n_genes: int) -> dict[str, float]:
    """Genes that all sets hold, beside what chance gives.

    Parameters
    ----------
    sets : list of int array, (member,)
    n_genes : int

    Returns
    -------
    dict
        ``n``, ``expected``, ``ratio``, ``p`` (one-sided: random sets share at least as many).

    Raises
    ------
    DataError
        As :func:`overlaps`, or if there is no set.

    Notes
    -----
    Of random sets the number shared by the first two is hypergeometric, and given that number so is the
    number shared with the next: the distribution is exact.
    """
    if not sets:
        raise DataError("A core needs at least one set of genes.")
    sets = [_checked(str(i), genes, n_genes) for i, genes in enumerate(sets)]
    shared = sets[0]
    for genes in sets[1:]:
        shared = np.intersect1d(shared, genes)
    expected = n_genes * float(np.prod([len(genes) / n_genes for genes in sets]))
    chance = shared_by_chance([len(genes) for genes in sets], n_genes)
    p = float(np.clip(chance[len(shared) :].sum(), 0, 1))
    return {"n": len(shared), "expected": expected, "ratio": len(shared) / expected, "p": p}


def shared_by_chance(sizes: Sequence[int], n_genes: int) -> np.ndarray:
    """Probability that random sets of these sizes share 0, 1, 2, ... genes, float (count,)."""
    chance = np.zeros(min(sizes) + 1)
    support = np.arange(len(chance))
    first, *rest = sorted(sizes)
    chance[first] = 1.0
    for size in rest:
        from_n = np.flatnonzero(chance > 0)
        step = hypergeom.pmf(support[None, :], n_genes, from_n[:, None], size)
        chance = chance[from_n] @ step
    return chance


def _checked(name: str, genes: np.ndarray, n_genes: int) -> np.ndarray:
    genes = np.unique(genes)
    if len(genes) == 0 or genes[0] < 0 or genes[-1] >= n_genes:
        raise DataError(f"Set {name} must hold genes 0 to {n_genes - 1}, and at least one.")
    return genes
