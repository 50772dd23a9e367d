"""Simulate counts of a case-control study whose disease genes are known (our own simulator)."""

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from reread.core.errors import ParameterError
from reread.depression.data.counts import Counts

CELL_TYPES = ("Ex", "Inhib", "Oligos")
MEDIAN_DEPTH = 350.0  # median number of molecules counted in a cell
DISPERSION = 2.0  # size of the negative binomial: variance is mean + mean ** 2 / size
EXPRESSED = 0.6  # disease genes are among this share of the genes, the most expressed ones
DONOR_SD = 0.35  # of the natural logarithm of a donor's factor of each gene


def simulate_cohort(
    n_donors: int = 24, cells_per_donor: int = 60, n_genes: int = 120, n_disease_genes: int = 24,
    log2_fold: float = 1.0, seed: int = 0,
) -> tuple[Counts, pd.DataFrame]:  # fmt: skip
    """Simulate donors, half of them cases, and the cells of each: counts, and ``log2_fold`` of each gene.

    A donor changes the mean of every gene by a log-normal factor; the disease changes ``n_disease_genes`` of
    the more expressed genes by ``log2_fold``, half of them downwards, in all cells of a case. Cell types have
    profiles, and shares that differ between donors; both batches hold as many controls as cases.
    """
    if n_donors < 4 or n_donors % 2 or not 0 <= n_disease_genes <= EXPRESSED * n_genes:
        raise ParameterError(
            f"A cohort needs an even number of donors, at least 4, and at most {100 * EXPRESSED:.0f} % "
            f"disease genes, but n_donors={n_donors}, n_disease_genes={n_disease_genes}, n_genes={n_genes}."
        )
    rng = np.random.default_rng(seed)
    base = np.sort(rng.lognormal(0.0, 1.1, n_genes))[::-1]
    fold = np.zeros(n_genes)
    chosen = rng.choice(int(EXPRESSED * n_genes), n_disease_genes, replace=False)
    fold[chosen] = np.where(np.arange(n_disease_genes) % 2, -log2_fold, log2_fold)
    by_type = base * rng.lognormal(0.0, 0.6, (len(CELL_TYPES), n_genes))
    by_donor = rng.lognormal(0.0, DONOR_SD, (n_donors, n_genes))
    shares = rng.dirichlet(np.full(len(CELL_TYPES), 8.0), n_donors)

    condition = np.arange(n_donors) % 2
    donor = np.repeat(np.arange(n_donors), cells_per_donor)
    kind = np.concatenate([rng.choice(len(CELL_TYPES), cells_per_donor, p=share) for share in shares])
    mean = by_type[kind] * by_donor[donor] * 2.0 ** (fold * condition[donor][:, None])
    depth = MEDIAN_DEPTH * rng.lognormal(0.0, 0.3, len(donor))
    mean *= (depth / mean.sum(axis=1))[:, None]
    drawn = rng.poisson(rng.gamma(DISPERSION, mean / DISPERSION)).astype(np.int32)

    order = rng.permutation(n_genes)  # else the position of a gene would tell how much it is expressed
    drawn, fold = drawn[:, order], fold[order]
    genes = np.array([f"ENSG{90_000_000_000 + i:011d}" for i in range(n_genes)])
    columns = {
        "donor": [f"D{i + 1:02d}" for i in donor], "condition": condition[donor].astype(np.int8),
        "cell_type": np.array(CELL_TYPES)[kind], "batch": [f"B{i // 2 % 2 + 1}" for i in donor],
        "n_counts": drawn.sum(axis=1),
    }  # fmt: skip
    counts = Counts(csr_matrix(drawn), genes, pd.DataFrame(columns))
    return counts, pd.DataFrame({"gene": genes, "log2_fold": fold})
