"""Figures of the chapter on predicted against measured expression."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core import charts
from reread.core.diagrams import flow
from reread.core.figures import Drawn
from reread.genomes.data.cohort import Cohort
from reread.genomes.data.panel import Panel, varying
from reread.genomes.methods.evaluation import across_people, sign_null
from reread.genomes.methods.genotype_models import cross_validate, row_correlations

METHODS = {
    "enformer": "Enformer, corrected",
    "enformer-published": "Enformer, as published",
    "elastic-net": "elastic net",
}
ACROSS_GENES, ACROSS_PEOPLE = "across genes, one person each", "across people, one gene each"
LABELS = METHODS | {"r": "correlation", "method": "model", "kind": "correlation", "group": "population"}


def collect(cohort: Cohort, predictions: Path, *, n_folds: int, seed: int) -> dict[str, npt.NDArray]:
    """Predictions of every model for every person.

    ``predictions`` is what chapter 03 left. Returns log expression (gene, person) of ``enformer`` and
    ``enformer-published``, and differences between people of ``elastic-net``, for which each person was held
    out.
    """
    kept = np.load(predictions)
    genes = range(len(cohort.expression.genes))
    dosage = [varying(cohort.variants_of(gene).dosage.T) for gene in genes]
    nothing = np.empty((len(cohort.expression.people), 0))
    panel = Panel(cohort.expression, dosage, nothing, cohort.group, cohort.heritability)
    net = cross_validate(panel, ["elastic-net"], n_folds=n_folds, seed=seed)[1]["elastic-net"]
    return {"enformer": kept["corrected"], "enformer-published": kept["published"], "elastic-net": net}


def both_correlations(predicted: dict[str, npt.NDArray], measured: npt.NDArray) -> pd.DataFrame:
    """Correlations across genes (one for each person) and across people (one for each gene).

    Columns ``method``, ``kind`` (across genes, across people) and ``r``. The elastic net predicts differences
    between people only, so that it has no correlation across genes.
    """
    parts = []
    for name, values in predicted.items():
        over_people = row_correlations(values, measured)
        parts.append(pd.DataFrame({"method": name, "kind": ACROSS_PEOPLE, "r": over_people}))
        if name != "elastic-net":
            over_genes = row_correlations(values.T, measured.T)
            parts.append(pd.DataFrame({"method": name, "kind": ACROSS_GENES, "r": over_genes}))
    return pd.concat(parts, ignore_index=True)


def both(table: pd.DataFrame) -> Drawn:
    """Draw both kinds of correlation by model, one panel each, from ``both_correlations``."""
    return charts.distributions(
        table, "r", by="method", panel="kind", labels=LABELS, reference={"no prediction": 0.0}, columns=1,
        order={"method": list(METHODS), "kind": [ACROSS_GENES, ACROSS_PEOPLE]},
    )  # fmt: skip


def sign_table(
    predicted: dict[str, npt.NDArray], measured: npt.NDArray, *, n: int, seed: int
) -> pd.DataFrame:
    """One row a model: method, and the columns of ``evaluation.sign_null`` (``n`` permutations)."""
    rows = [
        {"method": name, **sign_null(values, measured, n=n, seed=seed)} for name, values in predicted.items()
    ]
    return pd.DataFrame(rows)


def signs(table: pd.DataFrame) -> Drawn:
    """Draw the share of genes with a negative correlation beside that under permuted people."""
    labels = LABELS | {"negative": "genes with a negative correlation", "band": "95 % of permutations"}
    return charts.dots(
        table,
        "negative",
        "method",
        band=("null_low", "null_high"),
        labels=labels,
        order={"method": list(METHODS)},
    )


def by_group(predicted: dict[str, npt.NDArray], cohort: Cohort) -> pd.DataFrame:
    """Mean over genes of the correlation inside each population.

    ``predicted`` is log expression (gene, person) by model. Columns: method, group, r, and low and high, the
    ends of the 95 % bootstrap interval over genes.
    """
    rows, rng = [], np.random.default_rng(0)
    for name, values in predicted.items():
        for group in sorted(set(cohort.group)):
            inside = cohort.group == group
            r = row_correlations(values[:, inside], cohort.expression.values[:, inside])
            low, high = np.percentile(r[rng.integers(0, len(r), (500, len(r)))].mean(axis=1), (2.5, 97.5))
            rows.append((name, group, r.mean(), low, high))
    return pd.DataFrame(rows, columns=["method", "group", "r", "low", "high"])


def groups(table: pd.DataFrame) -> Drawn:
    """Draw the mean correlation inside each population with 95 % intervals, from :func:`by_group`."""
    labels = LABELS | {"r": "mean correlation across people"}
    return charts.dots(
        table, "r", "method", hue="group", low="low", high="high", labels=labels,
        reference={"no prediction": 0.0}, order={"method": list(METHODS)},
    )  # fmt: skip


def ceiling(predicted: dict[str, npt.NDArray], cohort: Cohort) -> pd.DataFrame:
    """Correlation across people beside its ceiling, the root of heritability.

    ``predicted`` is log expression (gene, person) by model. Columns: method, gene, r and ceiling (0 to 1).
    """
    genes, measured = cohort.expression.genes["gene"], cohort.expression.values
    parts = [
        across_people(values, measured, genes).assign(method=name, ceiling=np.sqrt(cohort.heritability))
        for name, values in predicted.items()
    ]
    return pd.concat(parts, ignore_index=True)[["method", "gene", "r", "ceiling"]]


def ceilings(table: pd.DataFrame) -> Drawn:
    """Draw the correlation across people of each gene over its ceiling, from :func:`ceiling`."""
    labels = LABELS | {"ceiling": "largest correlation possible", "r": "correlation across people"}
    return charts.scatter(table, "ceiling", "r", hue="method", labels=labels)


def two_questions() -> Drawn:
    """Draw the two correlations of a table of genes and people."""
    columns = [["predicted and measured: genes x people"], ["one column (a person)", "one row (a gene)"],
               ["correlation across genes", "correlation across people"]]  # fmt: skip
    arrows = [(columns[0][0], box) for box in columns[1]] + list(zip(columns[1], columns[2], strict=True))
    marked = {"correlation across genes": "high without any knowledge of variants"}
    return flow(columns, arrows, marked=marked)


def gap_word(enformer: float, net: float) -> str:
    """Say how the median of one model compares with that of another: above, near or below (by 0.05)."""
    return "above" if enformer > net + 0.05 else "below" if enformer < net - 0.05 else "near"
