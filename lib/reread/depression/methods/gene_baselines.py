"""Rankings of genes that need no perturbation: logistic regression on cells, and a t test of donors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.errors import DataError
from reread.core.metrics import auroc
from reread.depression.data.counts import Counts
from reread.depression.methods.baselines import log_counts

INVERSE_PENALTY = 0.01  # of the standardised logistic regression


def rank_genes(counts: Counts, is_train: npt.NDArray[np.bool_]) -> tuple[pd.DataFrame, float]:
    """Rank genes on the training cells by two simple means, and test the first on the other cells.

    Parameters
    ----------
    counts : Counts
        Raw counts; dense once, so at most some thousand genes.
    is_train : bool array, (cell,)
        Cells of the training donors.

    Returns
    -------
    table : DataFrame
        gene, coefficient (logistic regression on standardised log counts, per cell), pseudobulk_t (Welch t of
        donor means). Positive where the gene is higher in cases.
    auroc : float
        Of the logistic regression on the held-out cells.

    Raises
    ------
    DataError
        If a condition has fewer than two training donors.
    """
    from scipy.stats import ttest_ind
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    values, labels = log_counts(counts), counts.cells["condition"].to_numpy()
    scaler = StandardScaler().fit(values[is_train])
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=2000)
    model.fit(scaler.transform(values[is_train]), labels[is_train])
    score = model.decision_function(scaler.transform(values[~is_train]))

    train = counts.cells[is_train]
    means = (
        pd.DataFrame(values[is_train])
        .groupby([train["condition"].to_numpy(), train["donor"].to_numpy()])
        .mean()
    )
    control, case = (means.xs(condition).to_numpy() for condition in (0, 1))
    if min(len(control), len(case)) < 2:
        raise DataError(f"A t test needs 2 donors a condition, but there are {len(control)} and {len(case)}.")
    with np.errstate(divide="ignore", invalid="ignore"):
        t = ttest_ind(case, control, equal_var=False).statistic
    table = pd.DataFrame(
        {"gene": counts.genes, "coefficient": model.coef_[0], "pseudobulk_t": np.nan_to_num(t)}
    )
    return table, float(auroc(labels[~is_train], score))
