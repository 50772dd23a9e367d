"""Figures, tables and answer of the chapter on imputation."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from reread.core import charts, diagrams
from reread.core.figures import Drawn
from reread.networks.methods.imputation import MEAN, METHODS, NONE

WORDS = {
    "none": "no imputation", "gene-mean": "gene mean", "knn": "kNN smoothing", "diffusion": "diffusion",
    "autoencoder": "small autoencoder", "deeptgi-encoder": "DeepTGI's encoder",
}  # fmt: skip
WITH_ARTICLE = ("gene-mean", "autoencoder")  # in a sentence
INFERENCES = {
    "pearson": "Pearson correlation", "spearman": "Spearman correlation", "genie3": "GENIE3",
    "grnboost2": "GRNBoost2",
}  # fmt: skip
MEASURES = {
    "rmse": "error on masked values", "correlation": "correlation within genes", "auprc": "AUPRC",
    "auprc_ratio": "AUPRC ratio", "false_edges": "permuted TFs among top edges",
    "false_correlations": "false correlations", "pair_auroc": "AUROC of pairs",
}  # fmt: skip
UNITS = {"rmse": " (RMSE, log scale)", "false_correlations": " (share of pairs)"}


def measure_name(measure: str) -> str:
    """Words of a measure and of the inference it belongs to."""
    name, _, inference = measure.partition(".")
    return MEASURES[name] + (f", {INFERENCES[inference]}" if inference else "")


def keyed(summary: pd.DataFrame) -> dict[str, float]:
    """Values of ``imputation.summary`` by key: ``auprc_ratio.pearson.knn``, and ``auprc_ratio_gain`` alike.

    A gain is the difference from no imputation, with the ends ``_low`` and ``_high``; NaN has no key.
    ``rmse_below_mean`` is the error of the gene mean minus that of the method.
    """
    found = {}
    for row in summary.to_dict("records"):
        name, dot, inference = row["measure"].partition(".")
        for suffix, column in (
            ("", "value"),
            ("_gain", "gain"),
            ("_gain_low", "low"),
            ("_gain_high", "high"),
        ):
            if not np.isnan(row[column]):
                found[f"{name}{suffix}{dot}{inference}.{row['method']}"] = row[column]
    error = summary[summary["measure"] == "rmse"].set_index("method")["value"]
    return found | {f"rmse_below_mean.{method}": error[MEAN] - error[method] for method in error.index}


def answer(summary: pd.DataFrame, inference: str) -> dict[str, float | str]:
    """Find the method with the smallest masked error, and what it does to the network of ``inference``.

    ``summary`` comes from ``imputation.summary``. Keys: best (in words), rmse and mean_rmse (log scale), gain
    with low and high (AUPRC ratio against no imputation), word, false and false_none (false correlations),
    n_imputing (methods), and rank_agreement (Spearman's correlation of error and AUPRC ratio over methods).
    """
    by = summary.set_index(["measure", "method"])
    imputing = [method for method in METHODS if method != NONE]
    error = by.loc["rmse", "value"]
    best = error[imputing].idxmin()
    gain, low, high = by.loc[(f"auprc_ratio.{inference}", best), ["gain", "low", "high"]]
    ratio, false = (by.loc[name, "value"] for name in (f"auprc_ratio.{inference}", "false_correlations"))
    rank = spearmanr(error[imputing], ratio[imputing])[0]
    word = "is higher than" if low > 0 else "is lower than" if high < 0 else "does not differ from"
    return {
        "best": f"the {WORDS[best]}" if best in WITH_ARTICLE else WORDS[best],
        "rmse": error[best],
        "mean_rmse": error[MEAN],
        "inference": INFERENCES[inference],
        "word": "cannot be compared with" if np.isnan(low) else word,
        "gain": gain,
        "low": low,
        "high": high,
        "false": false[best],
        "false_none": false[NONE],
        "n_imputing": len(imputing),
        "rank_agreement": rank,
    }


def raised(summary: pd.DataFrame, inferences: list[str]) -> str:
    """Say how many imputations raise the AUPRC ratio of each inference (95 % interval above 0)."""
    is_raised = summary.assign(raised=summary["low"] > 0).groupby("measure")["raised"].sum()
    n = len(METHODS) - 1
    counts = [f"{is_raised[f'auprc_ratio.{one}']} of {n} with {INFERENCES[one]}" for one in inferences]
    return f"The number of imputations that raise the AUPRC ratio is {' and '.join(counts)}"


def effects(compared: pd.DataFrame, inferences: list[str]) -> Drawn:
    """Draw masked error, false correlations and AUPRC ratio of each method and seed.

    ``compared`` comes from ``imputation.compare``. The dashed line is no imputation, mean over seeds. Its
    error would hide the others, so that the line of the error is the gene mean.
    """
    shown = ["rmse", "false_correlations", *(f"auprc_ratio.{one}" for one in inferences)]
    table = compared.loc[compared["measure"].isin(shown), ["seed", "method", "measure", "value"]]
    is_error = table["measure"] == "rmse"
    means = table.groupby(["measure", "method"])["value"].mean()
    table = table.assign(base=[means[one, MEAN if one == "rmse" else NONE] for one in table["measure"]])
    titles = {one: measure_name(one) + UNITS.get(one, " (chance: 1)") for one in shown}
    labels = WORDS | titles | {"value": ""}
    labels["base"] = "no imputation (panel a: gene mean)"
    return charts.dots(
        table[~(is_error & (table["method"] == NONE))], x="value", y="method", panel="measure", shared=False,
        reference="base", columns=2, labels=labels, order={"measure": shown, "method": list(METHODS)},
    )  # fmt: skip


def joint_table(summary: pd.DataFrame) -> pd.DataFrame:
    """Reshape ``imputation.summary``: a row a method, a column a measure (mean over seeds), in words."""
    wide = summary.pivot(index="method", columns="measure", values="value")
    order = [one for one in summary["measure"].unique() if not one.startswith("auprc.")]
    wide = wide.loc[[method for method in METHODS if method in wide.index], order].dropna(axis=1, how="all")
    return wide.rename(index=WORDS, columns=measure_name).rename_axis(columns=None).reset_index()


def architecture() -> Drawn:
    """Draw both autoencoders as boxes: the same inputs and loss, another network."""
    cell, hidden = "expression of a cell", "a fifth of its values set to 0"
    small, small_latent = "hidden layer", "latent vector"
    released, latent = (
        "linear layer, then attention over the 32 cells of the batch",
        "latent vector of DeepTGI",
    )
    rebuilt, loss = "all values rebuilt", "mean squared error"
    arrows = [(cell, hidden), (hidden, small), (small, small_latent), (small_latent, rebuilt)]
    arrows += [(hidden, released), (released, latent), (latent, rebuilt), (rebuilt, loss)]
    return diagrams.flow(
        [[cell], [hidden], [small, released], [small_latent, latent], [rebuilt, loss]], arrows,
        marked={released: "joins the heads along the wrong axes: each output mixes all cells"},
    )  # fmt: skip
