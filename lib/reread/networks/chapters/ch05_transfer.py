"""Figures and sentences of the chapter on transfer."""

from __future__ import annotations

import pandas as pd

from reread.core import charts
from reread.core.figures import Drawn
from reread.networks.methods.comparison import CHANCE, LABELS, verb
from reread.networks.methods.gene_names import PUBLISHED
from reread.networks.methods.transfer import EXCLUDE, supervised_over_spearman

EXCLUDED = {
    "nothing": "shared cells removed",
    "pairs": "shared pairs removed",
    "tfs-and-genes": "shared TFs and genes removed",
}


def answer(moved: pd.DataFrame) -> dict[str, float | str]:
    """Compare pair statistics with Spearman on new TFs and genes, and count the fewest test pairs.

    ``moved`` comes from ``transfer.transfer_matrix``. Keys: word (how the mean AUROC differs) and
    fewest_pairs, a number of pairs that are left where neither TF nor gene is in the source.
    """
    left = moved.loc[moved["excluded"] == EXCLUDE[-1], "n_pairs"]
    return {"word": verb(supervised_over_spearman(moved)), "fewest_pairs": int(left.min())}


def transfer(moved: pd.DataFrame) -> Drawn:
    """Draw the AUROC of each method from source to target, a panel for each exclusion that removes pairs."""
    pairs_left = moved.groupby("excluded", sort=False)["n_pairs"].sum()
    shown = pairs_left.index[pairs_left.diff() != 0]
    rows = moved.loc[moved["excluded"].isin(shown), ["source", "target", "excluded", "method", "auroc"]]
    rows = rows.assign(pair=rows["source"] + " to " + rows["target"])
    labels = {**LABELS, **EXCLUDED, "pair": "transfer"}
    return charts.dots(
        rows, x="auroc", y="pair", hue="method", panel="excluded", labels=labels, columns=2, connect=True,
        reference={"chance": 0.5},
    )  # fmt: skip


def label_split(by_names: pd.DataFrame) -> Drawn:
    """Draw AUROC and AUPRC ratio (1 is chance) of gene names and of the published predictions."""
    rows = by_names.melt("method", ["auroc", "auprc_ratio"], "measure", "value")
    rows["chance"] = rows["measure"].map(CHANCE)
    rows["kind"] = rows["method"].map({PUBLISHED: "published model"}).fillna("gene names, no expression")
    labels = {**LABELS, "auprc_ratio": "AUPRC ratio", "value": ""}
    return charts.dots(
        rows, x="value", y="method", hue="kind", panel="measure", shared=False, reference="chance",
        labels=labels, columns=2,
    )  # fmt: skip


def transfer_table(moved: pd.DataFrame) -> pd.DataFrame:
    """Reshape transfer results to one row for source, target and method.

    ``moved`` comes from ``transfer.transfer_matrix``. Columns: source, target, method, the AUROC for each
    exclusion (NaN where one class is left), and the number of pairs left by the last one.
    """
    keys = ["source", "target", "method"]
    wide = moved.pivot_table(index=keys, columns="excluded", values="auroc", sort=False, dropna=False)
    left = moved[moved["excluded"] == EXCLUDE[-1]].set_index(keys)["n_pairs"].rename("pairs left")
    return wide[list(EXCLUDE)].join(left).dropna(how="all").reset_index()
