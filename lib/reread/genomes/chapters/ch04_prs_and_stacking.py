"""Figures and tables of the chapter on polygenic scores and stacked models."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core import charts
from reread.core.diagrams import flow
from reread.core.figures import Drawn
from reread.genomes.data.panel import Panel
from reread.genomes.methods import genotype_models, stacking

METHODS = {
    "top-variant": "top variant",
    "clumping": "clumping and thresholding",
    "elastic-net": "elastic net",
    "blup": "BLUP",
    "stack": "stack across genes",
}
DATA = {False: "measured", True: "permuted"}
PROTOCOLS = {True: "as published", False: "corrected"}
PUBLISHED_STACK = -0.3030
LABELS = METHODS | {
    "r": "correlation across people",
    "mean_r": "mean correlation across people",
    "method": "model",
    "protocol": "effects from",
    "as published": "all people (as published)",
    "corrected": "training people (corrected)",
    "data": "expression",
}


def compare_designs(panel: Panel, *, n_splits: int, seed: int) -> pd.DataFrame:
    """Test correlation of the published score of each gene, by protocol, on measured and permuted expression.

    ``n_splits`` splits of the people have seeds from ``seed``. Columns: protocol, data, gene, and r, the mean
    over splits. Source: ``gtex_prs.ipynb``, as ``genotype_models.published_score`` follows it.
    """
    parts = []
    for is_null, data in DATA.items():
        for is_leaky, protocol in PROTOCOLS.items():
            found = [
                genotype_models.published_score(panel, is_leaky=is_leaky, seed=seed + split, is_null=is_null)
                for split in range(n_splits)
            ]
            genes = panel.expression.genes["gene"]
            parts.append(
                pd.DataFrame({"protocol": protocol, "data": data, "gene": genes, "r": np.mean(found, axis=0)})
            )
    return pd.concat(parts, ignore_index=True)


def compare_models(panel: Panel, models: list[str], *, n_folds: int, seed: int) -> dict[bool, tuple]:
    """Targets and predictions of nested cross-validation, for measured (False) and permuted (True) data.

    The elastic net, which the answer needs, and BLUP, which the published stack needs, are always included.
    """
    models, found = list(dict.fromkeys([*models, "elastic-net", "blup"])), {}
    for is_null in DATA:
        target, made = genotype_models.cross_validate(
            panel, models, n_folds=n_folds, seed=seed, is_null=is_null
        )
        made["stack"] = stacking.stack_across_genes(made, target, seed=seed)[0]
        found[is_null] = (target, made)
    return found


def model_table(found: dict[bool, tuple], *, seed: int) -> pd.DataFrame:
    """Summary of each model over genes, for measured and permuted expression.

    ``found`` comes from :func:`compare_models`. Columns: those of ``genotype_models.summarise`` (correlations
    over people, -1 to 1, and shares of genes), and data (measured or permuted).
    """
    parts = []
    for is_null, (target, made) in found.items():
        by_method = {name: genotype_models.row_correlations(one, target) for name, one in made.items()}
        parts.append(genotype_models.summarise(by_method, seed=seed).assign(data=DATA[is_null]))
    return pd.concat(parts, ignore_index=True)


def designs(table: pd.DataFrame) -> Drawn:
    """Draw the test correlation of each gene by protocol, on measured and on permuted expression."""
    return charts.distributions(
        table, "r", by="protocol", panel="data", labels=LABELS | {"r": "test correlation"},
        reference={"no prediction": 0.0}, columns=1,
    )  # fmt: skip


def models(table: pd.DataFrame) -> Drawn:
    """Draw the mean correlation of each model with its 95 % interval, from ``model_table``."""
    return charts.dots(
        table, "mean_r", "method", hue="data", low="low", high="high", reference={"no prediction": 0.0},
        labels=LABELS, order={"method": list(METHODS)},
    )  # fmt: skip


def gene_strips(found: dict[bool, tuple]) -> Drawn:
    """Draw the correlation of each gene by model, on measured expression."""
    target, made = found[False]
    parts = [
        pd.DataFrame({"method": name, "r": genotype_models.row_correlations(one, target)})
        for name, one in made.items()
    ]
    return charts.distributions(
        pd.concat(parts), "r", by="method", labels=LABELS, reference={"no prediction": 0.0},
        order={"method": list(METHODS)},
    )  # fmt: skip


def published_stack(found: dict[bool, tuple], *, n_draws: int, seed: int) -> pd.DataFrame:
    """Correlation over genes of the published stack of four people, for ``n_draws`` choices of people.

    ``found`` comes from :func:`compare_models`. Columns: draw, r (-1 to 1) and data (measured or permuted).
    """
    parts = [
        stacking.published_stack(made["blup"], target, n_draws=n_draws, seed=seed).assign(data=DATA[is_null])
        for is_null, (target, made) in found.items()
    ]
    return pd.concat(parts, ignore_index=True)


def stack_draws(table: pd.DataFrame) -> Drawn:
    """Draw the correlation of the published stack for each choice of people, with the published value."""
    labels = LABELS | {"r": "correlation over genes in the test person"}
    return charts.distributions(
        table, "r", by="data", labels=labels, reference={"published": PUBLISHED_STACK, "no prediction": 0.0}
    )


def protocol_flow() -> Drawn:
    """Draw where the published polygenic score uses the test people."""
    columns = [
        ["all people", "training people"],
        ["effects and p values of variants", "linkage of variants"],
        ["20 polygenic scores"],
        ["best score on the validation people"],
        ["correlation in the test people"],
    ]
    arrows = [
        ("all people", "effects and p values of variants"),
        ("training people", "linkage of variants"),
        *((box, "20 polygenic scores") for box in columns[1]),
        ("20 polygenic scores", "best score on the validation people"),
        ("best score on the validation people", "correlation in the test people"),
    ]
    return flow(columns, arrows, marked={"all people": "the test people are among them"})


def signal_word(low: float, high: float) -> str:
    """Say whether an interval lies above 0, holds it, or lies below it."""
    return "above zero" if low > 0 else "below zero" if high < 0 else "not distinguishable from zero"


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """Format ``model_table``: expression, model, mean r (interval), median r, genes below 0, as text."""
    shown = table.assign(
        model=table["method"].map(METHODS), genes_below_zero=table["negative"].map("{:.0%}".format)
    )
    shown["mean r (95 % interval)"] = [
        f"{row.mean_r:z.3f} ({row.low:z.3f} to {row.high:z.3f})" for row in table.itertuples()
    ]
    shown["median r"] = table["median_r"].map("{:z.3f}".format)
    columns = ["data", "model", "mean r (95 % interval)", "median r", "genes_below_zero"]
    return shown[columns].rename(columns={"data": "expression", "genes_below_zero": "genes below 0"})


def heritability_ceiling(panel: Panel) -> float:
    """Largest mean correlation possible: mean over genes of the root of heritability; NaN if unknown."""
    known: npt.NDArray[np.float64] = panel.heritability[~np.isnan(panel.heritability)]
    return float(np.sqrt(known).mean()) if len(known) else float("nan")
