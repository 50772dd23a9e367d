"""Figures and sentences of the chapter on transfer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reread.core import charts
from reread.networks.methods.transfer import EXCLUDE, MODEL, UNSUPERVISED, unseen

if TYPE_CHECKING:
    import pandas as pd

    from reread.core.figures import Drawn

EXCLUDED = {
    "nothing": "nothing removed",
    "pairs": "pairs removed",
    "tfs-and-genes": "TFs, genes removed",
    "simulated": "sim 1",
    "simulated 2": "sim 2",
}


def transfer(moved: pd.DataFrame) -> Drawn:
    """Draw the AUROC of pair statistics from each source to each target, one panel for each exclusion."""
    rows = moved.loc[moved["method"] == MODEL, ["source", "target", "excluded", "auroc"]]
    labels = {**EXCLUDED, "auroc": "AUROC", "source": "trained on", "target": "tested on"}
    return charts.heatmap(
        rows, x="target", y="source", value="auroc", panel="excluded", labels=labels, columns=3,
        middle=0.5, limits=(0.2, 0.8),
    )  # fmt: skip


def unseen_sentence(moved: pd.DataFrame) -> str:
    """State the mean AUROC of pair statistics and of Spearman where TFs and genes are both new."""
    mean = unseen(moved).set_index("method")["unseen_auroc"]
    if mean[[MODEL, UNSUPERVISED]].isna().any():
        return "These data sets share so many TFs or genes that no test pairs with both labels are left."
    difference = mean[MODEL] - mean[UNSUPERVISED]
    order = "above" if difference > 0 else "below"
    return (
        f"On pairs whose TF and gene are both new, pair statistics trained on the source reach a mean AUROC "
        f"of {mean[MODEL]:.3f}. This is {abs(difference):.3f} {order} absolute Spearman correlation, which "
        f"is computed in the target without training ({mean[UNSUPERVISED]:.3f}; chance is 0.5)."
    )


def transfer_table(moved: pd.DataFrame) -> pd.DataFrame:
    """AUROC, a row for source, target and method, a column for each exclusion; then the pairs left."""
    keys = ["source", "target", "method"]
    wide = moved.pivot_table(index=keys, columns="excluded", values="auroc", sort=False, dropna=False)
    left = moved[moved["excluded"] == EXCLUDE[-1]].set_index(keys)["n_pairs"].rename("pairs left")
    return wide[list(EXCLUDE)].join(left).dropna(how="all").reset_index()
