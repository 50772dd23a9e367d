"""Figures of the chapter on one person and all genes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core import charts
from reread.core.diagrams import flow
from reread.core.figures import Drawn
from reread.genomes.data.cohort import Cohort
from reread.genomes.methods.personal_prediction import Predict, predict_gene, predict_published

METHODS = {
    "corrected": "both haplotypes, bins of the start, one track",
    "reference": "the same readout of the reference sequence",
    "published": "published sequence, all bins and tracks",
}


def predict_person(
    predict: Predict, plain: Predict, cohort: Cohort, person: int, *, tracks: tuple[int, ...], unphased: str
) -> dict[str, npt.NDArray]:
    """Predictions (gene,) of one person alone: ``corrected``, ``reference`` (no variant) and ``published``.

    ``plain`` is the network without averaging over strands and shifts, for the published readout.
    """
    found: dict[str, list] = {name: [] for name in METHODS}
    name = cohort.expression.people[person]
    alone = replace(cohort, variants_of=lambda gene: cohort.variants_of(gene).of_people([name]))
    for gene in range(len(cohort.expression.genes)):
        at_reference, own = predict_gene(predict, alone, gene, tracks=tracks, unphased=unphased)
        found["corrected"].append(own[0])
        found["reference"].append(at_reference)
        found["published"].append(predict_published(plain, alone, gene)[0])
    return {name: np.array(values) for name, values in found.items()}


def scatter(predicted: dict[str, npt.NDArray], measured: npt.NDArray) -> Drawn:
    """Draw measured over predicted expression (log) of each gene, a panel for each protocol."""
    parts = [
        pd.DataFrame({"protocol": name, "predicted": values, "measured": measured})
        for name, values in predicted.items()
    ]
    labels = {"predicted": "predicted (log)", "measured": "measured (log)", "published": "as published"}
    return charts.scatter(
        pd.concat(parts), "predicted", "measured", panel="protocol", labels=labels, shared=False
    )


def correlations(table: pd.DataFrame) -> Drawn:
    """Draw the correlation over genes of each protocol with its 95 % interval (``across_genes``)."""
    labels = METHODS | {"r": "correlation over genes", "method": "prediction"}
    return charts.dots(
        table, "r", "method", low="low", high="high", labels=labels, reference={"no prediction": 0.0}
    )


def training(losses: pd.DataFrame) -> Drawn:
    """Draw the Poisson loss of each epoch of the training on the reference."""
    return charts.lines(losses, "epoch", "loss", labels={"loss": "Poisson loss"})


def architecture() -> Drawn:
    """Draw Enformer from bases to tracks, as boxes."""
    columns = [
        ["sequence: 4 x bases"],
        ["convolutions and pooling: one bin of 128 bases"],
        ["attention between bins"],
        ["all bins, all tracks", "bins at the start, one track"],
        ["expression of the gene"],
    ]
    arrows = [
        (columns[0][0], columns[1][0]), (columns[1][0], columns[2][0]),
        *((columns[2][0], box) for box in columns[3]), *((box, columns[4][0]) for box in columns[3]),
    ]  # fmt: skip
    marked = {"all bins, all tracks": "mean over 896 bins and 5,313 tracks, as published"}
    return flow(columns, arrows, marked=marked)
