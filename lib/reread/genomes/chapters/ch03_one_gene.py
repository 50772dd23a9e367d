"""Figures of the chapter on one gene and all people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core import charts
from reread.core.figures import Drawn
from reread.genomes.data.cohort import Cohort
from reread.genomes.methods.evaluation import across_people
from reread.genomes.methods.personal_prediction import Predict, gather, run_shard, shard_folder

LABELS = {
    "corrected": "corrected",
    "published": "as published",
    "r": "correlation over people",
    "gene": "gene",
}


def predict_all(
    predict: Predict, cohort: Cohort, above: Path, formats: pd.DataFrame, *, tracks: tuple[int, ...],
    unphased: str, shard: int, n_shards: int,
) -> npt.NDArray[np.float64]:  # fmt: skip
    """Predictions (gene, 1 + person) of every shard (-1), or of one beside others made before.

    ``formats`` is what ``personal_prediction.choose_format`` found; shards of one folder have one format.
    """
    folder = shard_folder(above, cohort, tracks, unphased, format_used(formats))
    for one in range(n_shards) if shard < 0 else [shard]:
        run_shard(predict, cohort, folder, tracks=tracks, unphased=unphased, shard=one, n_shards=n_shards)
    return gather(folder, len(cohort.expression.genes), len(cohort.expression.people))


def format_used(formats: pd.DataFrame) -> str:
    """The number format of the predictions: the first that was accepted."""
    return formats.loc[formats["accepted"].astype(bool), "format"].iloc[0]


def gene_table(predicted: npt.NDArray, published: npt.NDArray, cohort: Cohort) -> pd.DataFrame:
    """Correlation over people by gene and protocol: protocol, gene, r, low, high (``across_people``)."""
    genes, measured = cohort.expression.genes["gene"], cohort.expression.values
    parts = [
        across_people(values, measured, genes).assign(protocol=name)
        for name, values in (("corrected", predicted), ("published", published))
    ]
    return pd.concat(parts, ignore_index=True)


def strips(table: pd.DataFrame) -> Drawn:
    """Draw the correlation over people of each gene, by protocol."""
    return charts.distributions(table, "r", by="protocol", labels=LABELS, reference={"no prediction": 0.0})


def people(predicted: npt.NDArray, cohort: Cohort, gene: int) -> Drawn:
    """Draw measured over predicted expression (log) of one gene, a point for each person."""
    table = pd.DataFrame(
        {"predicted": predicted[gene], "measured": cohort.expression.values[gene], "population": cohort.group}
    )
    labels = {"predicted": "predicted (log)", "measured": "measured (log)"}
    return charts.scatter(table, "predicted", "measured", hue="population", labels=labels)


def extremes(table: pd.DataFrame) -> Drawn:
    """Draw the corrected correlation over people of each gene, in order, with its 95 % interval."""
    shown = table.query("protocol == 'corrected'").sort_values("r", ascending=False)
    return charts.dots(
        shown, "r", "gene", low="low", high="high", labels=LABELS, reference={"no prediction": 0.0}
    )
