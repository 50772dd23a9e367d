"""Fine-tuning on both splits, and the figures and words of the classifier chapter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core import charts, diagrams
from reread.core.errors import ParameterError
from reread.core.measured import slug
from reread.depression.data.rank_values import Cells
from reread.depression.data.splits import Split, permuted_donors
from reread.depression.methods import baselines, evaluate

if TYPE_CHECKING:
    from reread.core.figures import Drawn
    from reread.depression.data.load import Cohort
    from reread.depression.models.classifier import Classifier, Settings

NETWORK = "network"
LABELS = {
    NETWORK: "BERT network", "null": "logistic regression, permuted donors", "auroc": "AUROC of cells",
    **evaluate.SPLITS, "predicted": "predicted probability of a case", "observed": "observed share of cases",
    "band": "95 % of the permuted-donor null",
}  # fmt: skip
PUBLISHED_CELLS, PUBLISHED_BATCH, PUBLISHED_EPOCHS, PUBLISHED_CHECKPOINT = 63_109, 36, 10, 12_278


@dataclass(frozen=True)
class Form:
    """The network to start from: the checkpoint where one is named, else random weights of this form."""

    width: int
    layers: int
    heads: int
    max_len: int
    checkpoint: str = ""

    def make(self, n_tokens: int, seed: int) -> Classifier:
        """A new network for ``n_tokens`` tokens; a checkpoint for shorter sequences is refused."""
        from reread.depression.models.classifier import Classifier

        if not self.checkpoint:
            return Classifier.from_scratch(
                self.width, self.layers, self.heads, self.max_len, n_tokens, seed=seed
            )
        model = Classifier.from_pretrained(self.checkpoint, seed=seed)
        size = model.network.config.vocab_size
        if model.max_len < self.max_len or size < n_tokens:
            raise ParameterError(
                f"{self.checkpoint} takes {model.max_len} of {size} tokens, but cells have {self.max_len} of "
                f"{n_tokens}.\nGive max_len={model.max_len}, and the vocabulary of the checkpoint."
            )
        return model


@dataclass(frozen=True, eq=False)
class Outcome:
    """What fine-tuning gave.

    Attributes
    ----------
    predicted : DataFrame
        As :func:`evaluate.predictions`.
    curves : DataFrame
        ``split``, ``fold``, ``seed``, ``epoch``, ``train_loss``, ``validation_loss``, ``is_kept``.
    model : Classifier
        That of the first donor fold and the first seed.
    """

    predicted: pd.DataFrame = field(repr=False)
    curves: pd.DataFrame = field(repr=False)
    model: Classifier = field(repr=False)


def fine_tune(
    cells: Cells, label: npt.NDArray, splits: list[Split], form: Form, n_tokens: int, *,
    settings: Settings, seeds: Iterable[int] = (0,), folder: Path | None = None,
) -> Outcome:  # fmt: skip
    """Fine-tune a network on each split with each seed, and predict its test cells.

    Parameters
    ----------
    cells : Cells
        Encoded cells.
    label : int array, (cell,)
        0 control, 1 case.
    splits : list of Split
        The validation cells of each choose the epoch; in the published split they are the test cells.
    form, n_tokens : Form, int
        The network, and its number of tokens.
    settings : Settings
        Epochs, rate and the like.
    seeds : iterable of int
        Each gives other random weights, another order of the cells and another dropout.
    folder : Path, optional
        Where checkpoints lie, so that a killed run goes on.
    """
    tables, curves, first = [], [], {}
    for seed in seeds:
        for split in splits:
            kind, fold = split.name.split()
            model = form.make(n_tokens, seed)
            first.setdefault(kind, model)
            place = None if folder is None else folder / f"{kind}-{fold}-{seed}"
            curve = model.fit(
                cells, label, split.train, split.validation, settings=settings, seed=seed,
                checkpoint_folder=place,
            )  # fmt: skip
            curves.append(curve.assign(split=kind, fold=int(fold), seed=seed))
            probability = model.predict_proba(cells.take(split.test))
            named = {"method": NETWORK, "split": split.name, "seed": seed}
            tables.append(evaluate.predictions(cells.cells, split.test, probability, **named))
    return Outcome(pd.concat(tables, ignore_index=True), pd.concat(curves, ignore_index=True), first[kind])


def network_null(
    cells: Cells, splits: list[Split], form: Form, n_tokens: int, *,
    settings: Settings, n_refits: int, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """AUROC of networks that were fine-tuned on permuted donor labels, one row a refit and split.

    Returns ``permutation``, ``split``, ``auroc`` and ``accuracy``; no row without refits.
    """
    rows = []
    for number in range(n_refits):
        label = permuted_donors(cells.cells, seed=seed + 1 + number)
        drawn = Cells(cells.tokens, cells.starts, cells.cells.assign(condition=label))
        usable = baselines.with_both(splits, label)
        if usable:
            outcome = fine_tune(drawn, label, usable, form, n_tokens, settings=settings, seeds=(seed,))
            means = evaluate.by_seed(outcome.predicted)
            rows.append(means[["split", "auroc", "accuracy"]].assign(permutation=number))
    columns = ["split", "auroc", "accuracy", "permutation"]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=columns)


def null_range(null: pd.DataFrame) -> pd.DataFrame:
    """Mean, ``low`` and ``high`` (2.5 and 97.5 %) of the AUROC of a null, and mean accuracy, by split."""
    found = null.groupby("split", sort=False).agg(
        mean=("auroc", "mean"), low=("auroc", lambda x: np.quantile(x, 0.025)),
        high=("auroc", lambda x: np.quantile(x, 0.975)), accuracy=("accuracy", "mean"),
    )  # fmt: skip
    return found.reset_index()


def null_values(simple: pd.DataFrame, network: pd.DataFrame) -> dict[str, float]:
    """Values of both nulls for the record, such as ``null_auroc.cell`` and ``network_null_auroc.donor``.

    ``null_low`` and ``null_high`` are the ends of 95 % of the permutations of logistic regression.
    """
    found = {}
    for prefix, null in (("null", simple), ("network_null", network)):
        for row in null_range(null).itertuples():
            found[f"{prefix}_auroc.{row.split}"] = row.mean
            found[f"{prefix}_accuracy.{row.split}"] = row.accuracy
    for row in null_range(simple).itertuples():
        found |= {f"null_low.{row.split}": row.low, f"null_high.{row.split}": row.high}
    return found


def leave(folder: Path, outcome: Outcome, split: Split, summary: pd.DataFrame) -> None:
    """Leave the network of the first donor fold, that fold, and all scores, for later chapters.

    Writes ``model/`` (config and weights), ``fold.npz`` (``train``, ``validation``, ``test``; cell),
    ``scores.csv`` and ``donor_scores.csv`` (mean probability of each donor) into ``folder``.
    """
    outcome.model.save(folder / "model")
    np.savez(folder / "fold.npz", train=split.train, validation=split.validation, test=split.test)
    summary.to_csv(folder / "scores.csv", index=False)
    by = ["split", "seed", "donor"]
    donors = outcome.predicted.groupby(by, sort=False)[["condition", "probability"]].mean()
    donors.reset_index().to_csv(folder / "donor_scores.csv", index=False)


def published_arithmetic() -> dict[str, float]:
    """Steps of the published training, and the epoch at whose end its checkpoint lies."""
    steps = int(np.ceil(PUBLISHED_CELLS / PUBLISHED_BATCH))
    return {
        "published_steps": steps * PUBLISHED_EPOCHS,
        "published_checkpoint_epoch": PUBLISHED_CHECKPOINT / steps,
    }


def words(summary: pd.DataFrame) -> dict[str, float | str]:
    """Words of the answer that the data decide.

    ``beats.word`` compares the network with logistic regression on new donors (a difference below 0.02 is
    none). ``leak.word`` compares the fall of the AUROC of the network from random cells to whole donors
    (at least 0.05 counts as one). ``interpretable.word`` is what later chapters may do: a network whose
    donor-held-out AUROC is below logistic regression, or below 0.6, is not interpreted.
    """
    auroc = summary.set_index(["method", "split"])["auroc"]
    ours, simple = auroc[NETWORK, "donor"], auroc["logistic regression", "donor"]
    gap, fall = ours - simple, auroc[NETWORK, "cell"] - ours
    beats = "better than" if gap > 0.02 else "worse than" if gap < -0.02 else "about as well as"
    leak = "falls" if fall >= 0.05 else "rises" if fall <= -0.05 else "hardly changes"
    falls = {
        f"fall.{slug(method)}": auroc[method, "cell"] - auroc[method, "donor"]
        for method in auroc.index.unique("method")
    }
    return falls | {
        "network_over_logistic": gap,
        "beats.word": beats,
        "leak.word": leak,
        "interpretable.word": "may" if gap >= 0 and ours >= 0.6 else "should not",
    }


def limitation(form: Form, cohort: Cohort, folds_run: int, n_folds: int) -> dict[str, str]:
    """``answer.limitation``, one sentence, and ``answer.network``, what network was trained."""
    n_donors = cohort.counts.cells["donor"].nunique()
    folds = f"{min(folds_run, n_folds)} of {n_folds} folds"
    if form.checkpoint:
        network = f"The network starts from the checkpoint {form.checkpoint}, on {folds}."
        start = "Donors are few"
    else:
        network = (
            f"The network starts from random weights (width {form.width}, layers: {form.layers}, at "
            f"most {form.max_len} genes), on {folds}; it is not Geneformer."
        )
        start = "The network is small and starts from random weights, so it is not Geneformer"
    paired = ", and every donor gave cells of both conditions" if cohort.is_paired else ""
    return {
        "answer.network": network,
        "answer.limitation": f"{start}; it was tested on {folds} of {n_donors} donors{paired}.",
    }


def main_figure(summary: pd.DataFrame, null: pd.DataFrame) -> Drawn:
    """Draw the AUROC of every method on both splits, with donor intervals and the permuted-donor null.

    ``summary`` comes from ``evaluate.summary`` and ``null`` from :func:`null_range`.
    """
    ends = null.rename(columns={"low": "null_low", "high": "null_high"})[["split", "null_low", "null_high"]]
    table = summary[["method", "split", "auroc", "low", "high"]].merge(ends, on="split", how="left")
    order = {"method": [NETWORK, *baselines.METHODS], "split": list(evaluate.SPLITS)}
    return charts.dots(
        table, x="auroc", y="method", panel="split", columns=2, low="low", high="high",
        band=("null_low", "null_high"), order=order, labels=LABELS, reference={"chance": 0.5},
    )  # fmt: skip


def loss_figure(curves: pd.DataFrame) -> Drawn:
    """Draw training and validation loss by epoch, from ``Outcome.curves``; a marker is the kept epoch."""
    table = curves.melt(
        ["split", "fold", "seed", "epoch", "is_kept"], ["train_loss", "validation_loss"], "cells", "loss"
    )
    table["is_kept"] &= table["cells"] == "validation_loss"
    labels = {**LABELS, "train_loss": "training cells", "validation_loss": "cells that choose the epoch"}
    table = table.groupby(["split", "cells", "epoch"], as_index=False, sort=False).agg(
        {"loss": "mean", "is_kept": "any"}
    )
    return charts.lines(
        table, x="epoch", y="loss", hue="cells", panel="split", columns=2, mark="is_kept", labels=labels,
        order={"split": list(evaluate.SPLITS)},
    )  # fmt: skip


def calibration_figure(curve: pd.DataFrame) -> Drawn:
    """Draw observed against predicted shares of cases, from ``evaluate.calibration``."""
    kept = curve[curve["method"].isin([NETWORK, "logistic regression"])]
    return charts.curves(
        kept, x="predicted", y="observed", hue="method", panel="split", columns=2, size="n", diagonal=True,
        labels=LABELS, order={"split": list(evaluate.SPLITS)},
    )  # fmt: skip


def cell_type_figure(by_type: pd.DataFrame) -> Drawn:
    """Draw the AUROC within each cell type, from ``evaluate.by_cell_type``."""
    kept = by_type[by_type["method"].isin([NETWORK, "logistic regression"])]
    return charts.dots(
        kept, x="auroc", y="cell_type", hue="method", panel="split", columns=2, labels=LABELS,
        order={"split": list(evaluate.SPLITS)}, reference={"chance": 0.5},
    )  # fmt: skip


def architecture(form: Form) -> Drawn:
    """Draw the network as boxes."""
    size = form.checkpoint or f"layers: {form.layers}, heads: {form.heads}, width {form.width}"
    columns = [
        ["genes of a cell, by rank"], ["embedding of the gene", "embedding of the rank"],
        [f"attention ({size})"], ["first token, tanh layer"], ["control", "case"],
    ]  # fmt: skip
    arrows = [
        (columns[0][0], columns[1][0]), (columns[0][0], columns[1][1]), (columns[1][0], columns[2][0]),
        (columns[1][1], columns[2][0]), (columns[2][0], columns[3][0]), (columns[3][0], "control"),
        (columns[3][0], "case"),
    ]  # fmt: skip
    return diagrams.flow(columns, arrows)
