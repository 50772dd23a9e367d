"""Fine-tuning on both splits, and the figures and words of the classifier chapter."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise, product
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core import charts, diagrams
from reread.core.figures import Drawn
from reread.core.measured import slug
from reread.depression.data.load import Cohort
from reread.depression.data.rank_values import Cells
from reread.depression.data.splits import Split, are_paired
from reread.depression.methods import baselines, evaluate

if TYPE_CHECKING:
    from reread.depression.models.classifier import Classifier, Form, Settings

NETWORK = "network"
LABELS = {
    NETWORK: "BERT network", "null": "logistic regression, permuted donors", "auroc": "AUROC of cells",
    **evaluate.SPLITS, "predicted": "predicted probability of a case", "observed": "observed share of cases",
    "band": "95 % of the permuted-donor null", "train_loss": "training cells",
    "validation_loss": "cells that choose the epoch",
}  # fmt: skip
SHOWN = [NETWORK, "logistic regression"]  # of the methods, in the smaller figures
BOTH = {"panel": "split", "columns": 2, "labels": LABELS, "order": {"split": list(evaluate.SPLITS)}}
CELLS, BATCH, EPOCHS, CHECKPOINT = 63_109, 36, 10, 12_278  # of the published training


class Outcome(NamedTuple):
    """What fine-tuning gave: ``predicted`` as :func:`evaluate.predictions`, the losses, and one network.

    ``curves`` are those of :meth:`Classifier.fit` with ``split``, ``fold`` and ``seed``; ``model`` is that of
    the first donor fold and the first seed.
    """

    predicted: pd.DataFrame
    curves: pd.DataFrame
    model: Classifier


def fine_tune(
    cells: Cells, label: npt.NDArray, splits: list[Split], form: Form, n_tokens: int, *,
    settings: Settings, seeds: Iterable[int] = (0,), folder: Path | None = None,
) -> Outcome:  # fmt: skip
    """Fine-tune a network on each split with each seed, and predict its test cells.

    The validation cells of a split (the test cells in the published one) choose the epoch; a seed gives other
    weights and another order. A killed run goes on from ``folder``. Errors as :meth:`Form.make`.
    """
    tables, curves, first = [], [], {}
    for seed, split in product(seeds, splits):
        kind, fold = split.name.split()
        model = form.make(n_tokens, seed)
        first.setdefault(kind, model)
        place = None if folder is None else folder / f"{kind}-{fold}-{seed}"
        curve = model.fit(
            cells, label, split.train, split.validation, settings=settings, seed=seed, checkpoint_folder=place
        )
        curves.append(curve.assign(split=kind, fold=int(fold), seed=seed))
        probability = model.predict_proba(cells.take(split.test))
        named = {"method": NETWORK, "split": split.name, "seed": seed}
        tables.append(evaluate.predictions(cells.cells, split.test, probability, **named))
    return Outcome(pd.concat(tables, ignore_index=True), pd.concat(curves, ignore_index=True), first[kind])


def network_null(
    cells: Cells, splits: list[Split], form: Form, n_tokens: int, *,
    settings: Settings, n_refits: int, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """``baselines.permuted_null`` of networks, fine-tuned on ``n_refits`` permutations of donor labels."""

    def predict(drawn: Cells, label: npt.NDArray, usable: list[Split]) -> pd.DataFrame:
        return fine_tune(drawn, label, usable, form, n_tokens, settings=settings, seeds=(seed,)).predicted

    return baselines.permuted_null(cells, splits, n_permutations=n_refits, seed=seed, predict=predict)


def null_range(null: pd.DataFrame, prefix: str = "null") -> pd.DataFrame:
    """Means of ``baselines.permuted_null`` by split, and ``low`` and ``high``, the ends of 95 % of the AUROC.

    The ``prefix`` and ``_`` stand before the names of the columns, except split.
    """
    by = null.groupby("split", sort=False)
    low, high = (by["auroc"].quantile(q) for q in (0.025, 0.975))
    means = by[["auroc", "accuracy"]].mean().assign(low=low, high=high)
    return means.add_prefix(f"{prefix}_").reset_index()


def published_arithmetic() -> dict[str, float]:
    """Steps of the published training, and the number of epochs after which its checkpoint lies."""
    steps = int(np.ceil(CELLS / BATCH))
    return {"published_steps": steps * EPOCHS, "published_checkpoint_epoch": CHECKPOINT / steps}


def words(summary: pd.DataFrame) -> dict[str, float | str]:
    """Words that the data decide, and the fall of each AUROC from random cells to new donors.

    Against logistic regression a difference below 0.02 is none; a fall counts from 0.05; a network below
    logistic regression, or below 0.6, is not interpreted.
    """
    auroc = summary.set_index(["method", "split"])["auroc"].unstack()
    falls, ours = auroc["cell"] - auroc["donor"], auroc["donor"][NETWORK]
    gap, fall = ours - auroc["donor"]["logistic regression"], falls[NETWORK]
    beats = "better than" if gap > 0.02 else "worse than" if gap < -0.02 else "about as well as"
    leak = "falls" if fall >= 0.05 else "rises" if fall <= -0.05 else "hardly changes"
    may = "may" if gap >= 0 and ours >= 0.6 else "should not"
    return {**falls.rename(lambda name: f"fall.{slug(name)}"), "network_over_logistic": gap,
            "beats.word": beats, "leak.word": leak, "interpretable.word": may}  # fmt: skip


def limitation(form: Form, cohort: Cohort, folds_run: int, n_folds: int) -> dict[str, str]:
    """``answer.limitation``, one sentence, and ``answer.network``, what network was trained."""
    folds = f"all {n_folds} folds" if folds_run >= n_folds else f"{folds_run} of {n_folds} folds"
    layers = f"{form.layers} layer{'s' if form.layers > 1 else ''}"
    size = f"random weights (width {form.width}, {layers}, at most {form.max_len} genes)"
    end = "; it is not Geneformer"
    start = "The network is small and starts from random weights, so it is not Geneformer"
    if form.checkpoint:
        size, start, end = f"the checkpoint {form.checkpoint}", "Donors are few", ""
    paired = ", and every donor gave cells of both conditions" if are_paired(cohort.counts.cells) else ""
    tested = f"it was tested on {folds}, with {cohort.counts.cells['donor'].nunique()} donors in all{paired}"
    network = f"The network starts from {size}, on {folds}{end}."
    return {"answer.network": network, "answer.limitation": f"{start}; {tested}."}


def main_figure(summary: pd.DataFrame, null: pd.DataFrame) -> Drawn:
    """Draw the AUROC of every method with donor intervals over the permuted-donor null (``null_range``)."""
    ends = null[["split", "null_low", "null_high"]]
    table = summary[["method", "split", "auroc", "low", "high"]].merge(ends, on="split", how="left")
    order = {"method": [NETWORK, *baselines.METHODS], **BOTH["order"]}
    return charts.dots(
        table, x="auroc", y="method", low="low", high="high", band=("null_low", "null_high"),
        reference={"chance": 0.5}, **BOTH | {"order": order},
    )  # fmt: skip


def loss_figure(curves: pd.DataFrame) -> Drawn:
    """Draw training and validation loss by epoch, from ``Outcome.curves``; a marker is the kept epoch."""
    table = curves.melt(["split", "epoch", "is_kept"], ["train_loss", "validation_loss"], "cells", "loss")
    table["is_kept"] &= table["cells"] == "validation_loss"
    by_epoch = table.groupby(["split", "cells", "epoch"], as_index=False, sort=False)
    means = by_epoch.agg({"loss": "mean", "is_kept": "any"})
    return charts.lines(means, x="epoch", y="loss", hue="cells", mark="is_kept", **BOTH)


def calibration_figure(curve: pd.DataFrame) -> Drawn:
    """Draw observed against predicted shares of cases, from ``evaluate.calibration``."""
    kept = curve[curve["method"].isin(SHOWN)]
    return charts.curves(kept, x="predicted", y="observed", hue="method", size="n", diagonal=True, **BOTH)


def cell_type_figure(by_type: pd.DataFrame) -> Drawn:
    """Draw the AUROC within each cell type, from ``evaluate.by_cell_type``."""
    kept = by_type[by_type["method"].isin(SHOWN)]
    return charts.dots(kept, x="auroc", y="cell_type", hue="method", reference={"chance": 0.5}, **BOTH)


def architecture(form: Form) -> Drawn:
    """Draw the network as boxes, from genes by rank to both conditions."""
    size = form.checkpoint or f"layers: {form.layers}, heads: {form.heads}, width {form.width}"
    columns = [
        ["genes of a cell, by rank"], ["embedding of the gene", "embedding of the rank"],
        [f"attention ({size})"], ["first token, tanh layer"], ["control", "case"],
    ]  # fmt: skip
    return diagrams.flow(columns, [arrow for both in pairwise(columns) for arrow in product(*both)])
