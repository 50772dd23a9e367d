"""Simulate counts of a case-control study whose disease genes are known (our own simulator)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from reread.core.errors import ParameterError
from reread.depression.data.counts import Counts

CELL_TYPES = ("Ex", "Inhib", "Oligos")
MEDIAN_DEPTH = 350.0  # median number of molecules counted in a cell
DISPERSION = 2.0  # size of the negative binomial: variance is mean + mean ** 2 / size
EXPRESSED = 0.6  # disease genes are among this share of the genes, the most expressed ones


@dataclass(frozen=True, eq=False)
class Truth:
    """What was simulated.

    Attributes
    ----------
    genes : DataFrame
        ``gene``, ``log2_fold`` (case over control; 0 where the disease has no effect), ``detected`` (share of
        cells with at least one molecule).
    """

    genes: pd.DataFrame = field(repr=False)

    @property
    def is_disease_gene(self) -> np.ndarray:
        """Bool (gene,)."""
        return self.genes["log2_fold"].to_numpy() != 0


def simulate_cohort(
    n_donors: int = 16,
    cells_per_donor: int = 100,
    n_genes: int = 240,
    n_disease_genes: int = 24,
    log2_fold: float = 1.0,
    donor_sd: float = 0.35,
    seed: int = 0,
) -> tuple[Counts, Truth]:
    """Simulate donors, half of them cases, and the cells of each.

    A donor changes the mean of every gene by a log-normal factor of standard deviation ``donor_sd`` (natural
    logarithm), which is what makes cells of one donor alike. The disease changes ``n_disease_genes`` of the
    more expressed genes by ``log2_fold``, half upwards and half downwards, in all cells of a case. Cell types
    have their own profiles and their shares differ between donors; depth is log-normal; counts are negative
    binomial. Two batches hold as many controls as cases, so that they do not tell the condition.
    ParameterError where donors or genes are too few.
    """
    if n_donors < 4 or n_donors % 2 or not 0 <= n_disease_genes <= EXPRESSED * n_genes:
        raise ParameterError(
            f"A cohort needs an even number of at least 4 donors and at most {EXPRESSED:.0%} disease genes, "
            f"but n_donors={n_donors}, n_disease_genes={n_disease_genes}, n_genes={n_genes}."
        )
    rng = np.random.default_rng(seed)
    base = np.sort(rng.lognormal(0.0, 1.1, n_genes))[::-1]
    fold = np.zeros(n_genes)
    chosen = rng.choice(int(EXPRESSED * n_genes), n_disease_genes, replace=False)
    fold[chosen] = np.where(np.arange(n_disease_genes) % 2, -log2_fold, log2_fold)
    by_type = base * rng.lognormal(0.0, 0.6, (len(CELL_TYPES), n_genes))
    by_donor = rng.lognormal(0.0, donor_sd, (n_donors, n_genes))
    shares = rng.dirichlet(np.full(len(CELL_TYPES), 8.0), n_donors)

    condition = np.arange(n_donors) % 2
    donor = np.repeat(np.arange(n_donors), cells_per_donor)
    kind = np.concatenate([rng.choice(len(CELL_TYPES), cells_per_donor, p=share) for share in shares])
    mean = by_type[kind] * by_donor[donor] * 2.0 ** (fold * condition[donor][:, None])
    depth = MEDIAN_DEPTH * rng.lognormal(0.0, 0.3, len(donor))
    mean *= (depth / mean.sum(axis=1))[:, None]
    drawn = rng.poisson(rng.gamma(DISPERSION, mean / DISPERSION)).astype(np.int32)

    order = rng.permutation(n_genes)  # else the position of a gene would tell how much it is expressed
    genes = np.array([f"ENSG{90_000_000_000 + i:011d}" for i in range(n_genes)])
    drawn, fold = drawn[:, order], fold[order]
    cells = pd.DataFrame(
        {
            "donor": [f"D{i + 1:02d}" for i in donor],
            "condition": condition[donor].astype(np.int8),
            "cell_type": np.array(CELL_TYPES)[kind],
            "batch": [f"B{i // 2 % 2 + 1}" for i in donor],
            "n_counts": drawn.sum(axis=1),
        }
    )
    from scipy.sparse import csr_matrix

    truth = pd.DataFrame({"gene": genes, "log2_fold": fold, "detected": (drawn > 0).mean(axis=0)})
    return Counts(csr_matrix(drawn), genes, cells), Truth(truth)
