"""Chapter 04: genes that move cells, beside rankings without perturbation and the truth of the simulation."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reread.core import charts
from reread.core.figures import Drawn
from reread.core.metrics import auroc
from reread.depression.data.vocabulary import Vocabulary
from reread.depression.methods import shift_statistics as statistics
from reread.depression.methods.perturbation import CHANGES

RANKINGS = {
    "delete": "deletion", "overexpress": "overexpression", "coefficient": "logistic regression, per cell",
    "pseudobulk_t": "t test of donor means",
}  # fmt: skip
# the sign of each ranking: deleting what is raised in cases moves a cell towards control
SIGNS = {"delete": -1.0, "overexpress": 1.0, "coefficient": 1.0, "pseudobulk_t": 1.0}


def gene_table(
    tests: dict[str, pd.DataFrame], simple: pd.DataFrame, names: pd.Series, truth: pd.DataFrame | None
) -> pd.DataFrame:
    """Join what is known of each gene that every change tested.

    ``tests`` has ``against_refits`` by change, ``simple`` is of ``baselines.rank_genes``, ``names`` has the
    Ensembl id of each token. A change gives z (``delete``) and ``delete_called``; unknown folds are NaN.
    """
    table = simple.assign(log2_fold=np.nan) if truth is None else simple.merge(truth, "left", "gene")
    for change, test in tests.items():
        columns = {"z": change, "is_called": f"{change}_called"}
        found = test[["gene", *columns]].rename(columns=columns)
        table = table.merge(found.assign(gene=found["gene"].map(names)), on="gene")
    return table


def recovery(table: pd.DataFrame) -> pd.DataFrame:
    """AUROC of the disease genes by the size of each ranking, and of raised against lowered genes.

    The latter, ``sign_auroc``, is by the signed ranking: 1 where each gene has its sign. Empty without truth.
    """
    fold, rows = table["log2_fold"], []
    disease = table[fold != 0]
    for name in RANKINGS if fold.notna().all() and len(disease) else ():
        if name in table:
            sign_auroc = auroc(disease["log2_fold"] > 0, SIGNS[name] * disease[name])
            rows.append((name, auroc(fold != 0, table[name].abs()), sign_auroc))
    found = pd.DataFrame(rows, columns=["ranking", "auroc", "sign_auroc"])
    return found.astype({"auroc": float, "sign_auroc": float})


def agreement(table: pd.DataFrame) -> pd.DataFrame:
    """Spearman's correlation (-1 to 1) of every two signed rankings: left, right, correlation."""
    names = [name for name in RANKINGS if name in table]
    matrix = (table[names] * pd.Series(SIGNS)[names]).corr(method="spearman")
    return matrix.rename_axis("left").reset_index().melt("left", var_name="right", value_name="correlation")


def calls(
    table: pd.DataFrame, shifts: pd.DataFrame, changes: Sequence[str], names: pd.Series
) -> pd.DataFrame:
    """What the published test (from either state) and ours call, with power and false share if known."""
    fold = table.set_index("gene")["log2_fold"]
    observed = shifts[shifts["model"] == 0]
    found = []
    for change in changes:
        by_start = observed[observed["change"] == change].groupby("start")
        runs = pd.concat([statistics.published(rows) for _, rows in by_start])
        published = runs.loc[runs["is_called"], "gene"].map(names)
        ours = table.loc[table[f"{change}_called"], "gene"]
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
    shown = table[table["gene"].isin(largest.index)].assign(name=lambda rows: rows["gene"].map(names))
    columns = ["change", "name", "toward_case", "low", "high", "n_cells", "z", "p", "fdr", "is_called"]
    order = np.argsort(-shown["gene"].map(largest).to_numpy(), kind="stable")
    return shown[columns].iloc[order].reset_index(drop=True)


def draw_top(table: pd.DataFrame) -> Drawn:
    """Draw the shift (standard deviations of a cell) of the first genes over 95 % of the refits."""
    labels = {"toward_case": "shift towards the case state (SD of a cell)", "name": "gene",
              "band": "95 % of refits on permuted labels"}  # fmt: skip
    return charts.dots(
        table, x="toward_case", y="name", panel="change", band=("low", "high"), labels=labels,
        reference={"no shift": 0.0}, columns=2, shared=False,
    )  # fmt: skip


def draw_recovery(table: pd.DataFrame) -> Drawn:
    """Draw the AUROC (0 to 1) of the disease genes by each ranking, from :func:`recovery`."""
    labels = {**RANKINGS, "auroc": "AUROC of the disease genes", "ranking": "ranking of genes"}
    return charts.dots(table, "auroc", "ranking", labels=labels, reference={"chance": 0.5}, limits=(0, 1.02))


def draw_agreement(table: pd.DataFrame) -> Drawn:
    """Draw Spearman's correlation (-1 to 1) of every two rankings, from :func:`agreement`."""
    labels = {**RANKINGS, "correlation": "Spearman correlation", "left": "ranking", "right": "ranking"}
    return charts.heatmap(table, "right", "left", "correlation", labels=labels, limits=(-1, 1))


def draw_scatter(table: pd.DataFrame, changes: Sequence[str]) -> Drawn:
    """Draw the z of both changes for each gene; a single change against the logistic coefficient."""
    left, right = [*changes, "coefficient"][:2]
    signs = {1.0: "raised in cases", -1.0: "lowered in cases"}
    kind = np.sign(table["log2_fold"]).map(signs).fillna("gene")
    said = RANKINGS | {change: f"z of {RANKINGS[change]}" for change in CHANGES}
    labels = {left: said[left], right: said[right], "kind": "gene"}
    shown = table.assign(kind=kind)[["gene", left, right, "kind"]]
    return charts.scatter(shown, x=left, y=right, hue="kind", labels=labels)


def gene_names(vocabulary: Vocabulary) -> pd.Series:
    """Ensembl id (token,) of each gene of the vocabulary."""
    return pd.Series({token: gene for gene, token in vocabulary.tokens.items()})


def call_table(calls: pd.DataFrame) -> pd.DataFrame:
    """Format :func:`calls` in words, without columns that are not known."""
    words = {"published": "published rank-sum", "refits": "against refits"}
    named = calls.assign(test=calls["test"].map(words), change=calls["change"].map(RANKINGS))
    return named.dropna(axis=1, how="all")


def control_table(
    shifts: pd.DataFrame, table: pd.DataFrame, changes: Sequence[str], names: pd.Series
) -> pd.DataFrame:
    """Each gene beside its matched controls (``against_controls``), largest excess first."""
    rows = [statistics.against_controls(shifts, change).assign(change=RANKINGS[change]) for change in changes]
    found = pd.concat(rows).assign(gene=lambda rows: rows["gene"].map(names)).query("gene in @table.gene")
    return found.sort_values("excess", key=lambda excess: -excess.abs(), ignore_index=True)


def answers(
    recovery: pd.DataFrame, calls: pd.DataFrame, models: pd.DataFrame, baseline_auroc: float
) -> dict[str, str]:
    """Sentences of the page that depend on the data: truth, limitation, interpretation, rankings."""
    network = float(models["auroc"].iloc[0])
    against = statistics.interpretation(network, baseline_auroc, len(models) - 1)
    may = f"They may: AUROC {network:.3f} on held-out donors, logistic regression {baseline_auroc:.3f}."
    may_not = f"They may not: {against}. The genes above test the method; they are no result."
    found = {
        "interpretation": may_not if against else may,
        "truth": "No ground truth is known for these cells.",
        "limitation": f"The genes may not be interpreted: {against}." if against else
        "Without a ground truth, the share of false calls is that of the simulation.",
        "rankings": "Without a ground truth, only their agreement can be measured.",
    }  # fmt: skip
    if not len(recovery):
        return found
    change = recovery["ranking"].iloc[0]
    of_test = calls[calls["change"] == change].set_index("test")
    power = of_test.loc["refits", "power"]
    shares = (100 * of_test["false_share"]).map("has {:.0f} % false calls".format)
    false = shares.where(of_test["n_called"] > 0, "calls no gene")
    found["truth"] = (
        f"In the simulation, the published test of {RANKINGS[change]} {false['published']}; ours "
        f"{false['refits']}, with a power of {power:.2f}."
    )
    by_ranking = recovery.set_index("ranking")
    is_change = by_ranking.index.isin(CHANGES)
    shifted, simple = by_ranking.loc[is_change, "auroc"], by_ranking.loc[~is_change, "auroc"]
    word = "exceeds" if shifted.max() > simple.max() else "does not exceed"
    found["rankings"] = (
        f"The better perturbation ({RANKINGS[shifted.idxmax()]}, AUROC {shifted.max():.2f}) {word} "
        f"the better simple ranking ({RANKINGS[simple.idxmax()]}, {simple.max():.2f})."
    )
    signs = by_ranking.loc[is_change, "sign_auroc"]
    for name, value in signs[signs < 0.5].items():
        found["rankings"] += (
            f" The direction is wrong for {RANKINGS[name]}: genes that the disease raises come after those "
            f"that it lowers (AUROC {value:.2f}), so it does not show which way a gene acts."
        )
    size, end = "low" if power < 0.5 else "fair", f", and {against}." if against else "."
    found["limitation"] = f"The power of the test is {size} ({power:.2f}) with networks of this size{end}"
    return found
