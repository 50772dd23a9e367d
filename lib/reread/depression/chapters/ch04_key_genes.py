"""Chapter 04: genes that move cells, beside rankings without perturbation and the truth of the simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core import charts
from reread.core.metrics import auroc
from reread.depression.methods import shift_statistics as statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reread.core.figures import Drawn
    from reread.depression.data.simulate import Truth
    from reread.depression.data.vocabulary import Vocabulary

# how each ranking is named, and its sign: deleting what is raised in cases moves a cell towards control
RANKINGS = {
    "delete": "deletion",
    "overexpress": "overexpression",
    "coefficient": "logistic regression, per cell",
    "pseudobulk_t": "t test of donor means",
}
SIGNS = {"delete": -1.0, "overexpress": 1.0, "coefficient": 1.0, "pseudobulk_t": 1.0}
LOW_POWER = 0.5


def gene_table(
    tests: dict[str, pd.DataFrame], baselines: pd.DataFrame, names: pd.Series, truth: Truth | None
) -> pd.DataFrame:
    """Join everything that is known of a gene, one row each.

    Parameters
    ----------
    tests : dict of DataFrame
        ``against_refits`` for each change.
    baselines : DataFrame
        From ``gene_baselines.rank_genes``.
    names : Series
        Ensembl id of each token.

    Returns
    -------
    DataFrame
        gene, the columns of ``baselines``, for each change its z (``delete``), ``delete_fdr`` and
        ``delete_called``; log2_fold, NaN without truth. Only genes that every change tested.
    """
    table = baselines.set_index("gene")
    for change, test in tests.items():
        test = test.set_index(names.loc[test["gene"]].to_numpy())
        table[change], table[f"{change}_fdr"] = test["z"], test["fdr"]
        table[f"{change}_called"] = test["is_called"]
    table["log2_fold"] = np.nan if truth is None else truth.genes.set_index("gene")["log2_fold"]
    table = table.dropna(subset=list(tests))
    called = {f"{change}_called": table[f"{change}_called"].astype(bool) for change in tests}
    return table.assign(**called).rename_axis("gene").reset_index()


def recovery(table: pd.DataFrame) -> pd.DataFrame:
    """AUROC of the disease genes by each ranking: ranking, auroc (by size), sign_auroc; empty without truth.

    ``sign_auroc`` is that of raised against lowered genes by the signed ranking: 1 where each has its sign.
    """
    fold = table["log2_fold"]
    if fold.isna().any() or not (fold != 0).any():
        return pd.DataFrame({"ranking": [], "auroc": [], "sign_auroc": []})
    disease = table[fold != 0]
    rows = [
        (
            name,
            auroc(fold != 0, table[name].abs()),
            auroc(disease["log2_fold"] > 0, SIGNS[name] * disease[name]),
        )
        for name in RANKINGS
        if name in table
    ]
    return pd.DataFrame(rows, columns=["ranking", "auroc", "sign_auroc"])


def agreement(table: pd.DataFrame) -> pd.DataFrame:
    """Spearman correlation of every two signed rankings: left, right, correlation."""
    names = [name for name in RANKINGS if name in table]
    signed = table[names] * pd.Series(SIGNS)[names]
    matrix = signed.corr(method="spearman")
    return matrix.rename_axis("left").reset_index().melt("left", var_name="right", value_name="correlation")


def calls(
    table: pd.DataFrame, shifts: pd.DataFrame, changes: Sequence[str], names: pd.Series
) -> pd.DataFrame:
    """What the published test and ours call, with power and false share where the truth is known.

    The published test is made for each start state; its row counts genes that it calls in either.
    """
    fold = table.set_index("gene")["log2_fold"]
    observed = shifts[shifts["model"] == 0]
    found = []
    for change in changes:
        published: set = set()
        for _, rows in observed[observed["change"] == change].groupby("start"):
            test = statistics.published(rows)
            published |= set(names.loc[test.loc[test["is_called"], "gene"]])
        ours = set(table.loc[table[f"{change}_called"], "gene"])
        for name, called in (("published", published), ("refits", ours)):
            counted = statistics.calibrate(fold.index.isin(called), fold.fillna(0) != 0)
            if fold.isna().any():
                counted |= dict.fromkeys(("power", "false_share", "type_1"), np.nan)
            found.append({"change": change, "test": name, "n_tested": len(fold), **counted})
    return pd.DataFrame(found)


def top_genes(tests: dict[str, pd.DataFrame], names: pd.Series, n: int = 12) -> pd.DataFrame:
    """The ``n`` genes with the largest size of z by any change, in every change, as the test gives them."""
    table = pd.concat([test.assign(change=RANKINGS[change]) for change, test in tests.items()])
    largest = table["z"].abs().groupby(table["gene"]).max().nlargest(n, keep="first")
    shown = table[table["gene"].isin(largest.index)]
    shown = shown.assign(name=names.loc[shown["gene"]].to_numpy())
    columns = ["change", "name", "toward_case", "low", "high", "n_cells", "z", "p", "fdr", "is_called"]
    order = np.argsort(-shown["gene"].map(largest).to_numpy(), kind="stable")
    return shown[columns].iloc[order].reset_index(drop=True)


def draw_top(table: pd.DataFrame) -> Drawn:
    """Draw the shift of the first genes over the range of the refits with permuted donor labels."""
    labels = {"toward_case": "shift towards the case state (cosine)", "name": "gene",
              "band": "95 % of refits on permuted labels"}  # fmt: skip
    return charts.dots(
        table, x="toward_case", y="name", panel="change", band=("low", "high"), labels=labels,
        reference={"no shift": 0.0}, columns=2, shared=False,
    )  # fmt: skip


def draw_recovery(table: pd.DataFrame) -> Drawn:
    """Draw the AUROC of the disease genes by each ranking."""
    labels = {**RANKINGS, "auroc": "AUROC of the disease genes", "ranking": "ranking of genes"}
    return charts.dots(
        table, x="auroc", y="ranking", labels=labels, reference={"chance": 0.5}, limits=(0, 1.02)
    )


def draw_agreement(table: pd.DataFrame) -> Drawn:
    """Draw the rank correlation of every two rankings."""
    labels = {**RANKINGS, "correlation": "Spearman correlation", "left": "ranking", "right": "ranking"}
    return charts.heatmap(table, "right", "left", "correlation", labels=labels, limits=(-1, 1))


def draw_scatter(table: pd.DataFrame, changes: Sequence[str]) -> Drawn:
    """Draw deletion against overexpression for each gene, in robust standard deviations."""
    left, right = changes[0], changes[-1]
    kind = np.select(
        [table["log2_fold"] > 0, table["log2_fold"] < 0], ["raised in cases", "lowered in cases"], "gene"
    )
    labels = {left: f"z of {RANKINGS[left]}", right: f"z of {RANKINGS[right]}", "kind": "gene"}
    return charts.scatter(table.assign(kind=kind)[["gene", left, right, "kind"]], x=left, y=right, hue="kind",
                          labels=labels)  # fmt: skip


def gene_names(vocabulary: Vocabulary) -> pd.Series:
    """Ensembl id of each token."""
    return pd.Series({token: gene for gene, token in vocabulary.tokens.items()})


def tests(shifts: pd.DataFrame, changes: Sequence[str], *, level: float) -> dict[str, pd.DataFrame]:
    """``against_refits`` for each change."""
    return {change: statistics.against_refits(shifts, change, level=level) for change in changes}


def total_calls(calls: pd.DataFrame) -> dict[str, int]:
    """Mean number of calls of each test over the changes: ``n_called.refits``, ``n_called.published``."""
    return calls.groupby("test")["n_called"].mean().add_prefix("n_called.").to_dict()


def call_table(calls: pd.DataFrame) -> pd.DataFrame:
    """The calls in words, without columns that are not known."""
    words = {"published": "published rank-sum", "refits": "against refits"}
    named = calls.assign(test=calls["test"].map(words), change=calls["change"].map(RANKINGS))
    return named.dropna(axis=1, how="all")


def control_table(
    shifts: pd.DataFrame, table: pd.DataFrame, changes: Sequence[str], names: pd.Series
) -> pd.DataFrame:
    """Each gene beside its matched controls, the largest excess first."""
    rows = [statistics.against_controls(shifts, change).assign(change=RANKINGS[change]) for change in changes]
    found = pd.concat(rows, ignore_index=True)
    found["gene"] = names.loc[found["gene"]].to_numpy()
    found = found[found["gene"].isin(table["gene"])]
    return found.sort_values("excess", key=lambda excess: -excess.abs(), ignore_index=True)


def answers(
    recovery: pd.DataFrame, calls: pd.DataFrame, models: pd.DataFrame, baseline_auroc: float
) -> dict[str, str]:
    """Sentences of the page that depend on the data: truth, limitation, interpretation, rankings."""
    network, n_refits = float(models["auroc"].iloc[0]), len(models) - 1
    against = statistics.interpretation(network, baseline_auroc, n_refits)
    interpretation = (
        f"They may not: {against}. The genes above are shown as a test of the method, not as a result."
        if against
        else f"They may: AUROC {network:.3f} on held-out donors, logistic regression {baseline_auroc:.3f}."
    )
    found = {"interpretation": interpretation}
    if not len(recovery):
        return found | {
            "truth": "No ground truth is known for these cells.",
            "limitation": f"The genes may not be interpreted: {against}." if against else
            "Without a ground truth, the share of false calls is that of the simulation.",
            "rankings": "Without a ground truth, only their agreement can be measured.",
        }  # fmt: skip
    by_test = calls.groupby("test")[["power", "false_share"]].mean()
    truth = (
        f"In the simulation, {by_test.loc['published', 'false_share']:.0%} of the published calls are no "
        f"disease genes, and {by_test.loc['refits', 'false_share']:.0%} of ours, with a power of "
        f"{by_test.loc['refits', 'power']:.2f}."
    )
    by_ranking = recovery.set_index("ranking")["auroc"]
    shifted = by_ranking[[name for name in by_ranking.index if name in ("delete", "overexpress")]]
    simple = by_ranking.drop(shifted.index)
    word = "exceeds" if shifted.max() > simple.max() else "does not exceed"
    rankings = (
        f"The better perturbation ({RANKINGS[shifted.idxmax()]}, AUROC {shifted.max():.2f}) {word} "
        f"the better simple ranking ({RANKINGS[simple.idxmax()]}, {simple.max():.2f})."
    )
    power = by_test.loc["refits", "power"]
    limitation = (
        f"The power of the test is {'low' if power < LOW_POWER else 'fair'} ({power:.2f}) with "
        f"networks of this size" + (f", and {against}." if against else ".")
    )
    return found | {"truth": truth, "limitation": limitation, "rankings": rankings}
