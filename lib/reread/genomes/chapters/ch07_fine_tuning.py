"""Models and figures of the chapter on fine-tuning."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core import charts
from reread.core.diagrams import flow
from reread.core.figures import Drawn
from reread.core.splits import Fold
from reread.genomes.data.cohort import Cohort
from reread.genomes.data.panel import varying
from reread.genomes.methods.fine_tuning import MEASURED, PERMUTED, Tuner, elastic_nets, linear_head

if TYPE_CHECKING:
    from reread.genomes.models.enformer import Enformer
    from reread.genomes.models.fine_tuning import Embedded

METHODS = {
    "untuned": "network, untuned",
    "head": "network, linear head tuned",
    "lora": "network, LoRA",
    "elastic-net": "elastic net of each gene",
}
LABELS = METHODS | {
    "r": "mean correlation over people",
    "method": "model",
    "kind": "expression",
    "permuted": "people permuted",
}
CELLS = {
    ("seen", "seen"): "genes and people seen",
    ("seen", "unseen"): "genes seen, people not",
    ("unseen", "seen"): "people seen, genes not",
    ("unseen", "unseen"): "neither seen",
}


def tuners(
    network: Enformer, embedded: Embedded, cohort: Cohort, tuning: list[str], *, track: int, rank: int,
    epochs: int, seed: int,
) -> tuple[dict[str, Tuner], list[list[float]]]:  # fmt: skip
    """Make the models that are fitted, by name, and the list that their LoRA losses are added to.

    A model is a function of expression (gene, person), genes and people of a fold to predictions (gene,
    person). The list gets the loss by epoch (squared error, in variances) of each LoRA fit while the models
    are evaluated.
    """
    curves: list[list[float]] = []

    def by_lora(target: npt.NDArray, genes: Fold, people: Fold) -> npt.NDArray[np.float64]:
        from reread.genomes.models.fine_tuning import lora  # it loads torch

        made, losses = lora(
            network,
            embedded,
            target,
            genes.train,
            people.train,
            track=track,
            rank=rank,
            epochs=epochs,
            seed=seed,
        )
        curves.append(losses)
        return made

    dosage = [varying(cohort.variants_of(gene).dosage.T) for gene in range(len(cohort.expression.genes))]
    chosen = {"head": linear_head(embedded.features, embedded.untuned), "lora": by_lora}
    return {
        "untuned": lambda target, genes, people: embedded.untuned,
        **{name: chosen[name] for name in tuning},
        "elastic-net": elastic_nets(dosage),
    }, curves


def sizes(measured: npt.NDArray, n_folds: int) -> dict[str, int]:
    """Numbers of genes and people, and of those in the smallest training set of crossed folds."""
    n_genes, n_people = measured.shape
    train = {
        "n_train_genes": n_genes - -(-n_genes // n_folds),
        "n_train_people": n_people - -(-n_people // n_folds),
    }
    return {"n_genes": n_genes, "n_people": n_people, "n_folds": n_folds, **train}


def cells(summary: pd.DataFrame) -> Drawn:
    """Draw the mean correlation of each model, a panel for each cell, from ``summarise_cells``."""
    pairs = zip(summary["genes"], summary["people"], strict=True)
    table = summary.assign(cell=[CELLS[pair] for pair in pairs])
    return charts.dots(
        table, "r", "method", hue="kind", panel="cell", columns=2, low="low", high="high", labels=LABELS,
        order={"method": list(METHODS), "kind": [MEASURED, PERMUTED], "cell": list(CELLS.values())},
        reference={"no prediction": 0.0},
    )  # fmt: skip


def gains(table: pd.DataFrame, *, n_boot: int = 500, seed: int = 0) -> pd.DataFrame:
    """Gain over the untuned network in unseen genes and unseen people: columns method, gain, low, high.

    The mean over genes of the difference of both correlations, with a 95 % bootstrap interval over genes.
    """
    wide, rng, rows = by_gene(table), np.random.default_rng([seed, 16]), []
    for method in (name for name in wide if name != "untuned"):
        gain = (wide[method] - wide["untuned"]).to_numpy()
        low, high = np.percentile(
            gain[rng.integers(0, len(gain), (n_boot, len(gain)))].mean(axis=1), (2.5, 97.5)
        )
        rows.append((method, gain.mean(), low, high))
    return pd.DataFrame(rows, columns=["method", "gain", "low", "high"])


def outside_null(summary: pd.DataFrame, null: dict[str, float]) -> dict[str, float]:
    """How far each tuned network lies outside of the range of permuted people; below 0 it lies inside.

    ``summary`` is that of ``fine_tuning.summarise_cells``, of which the permuted expression in unseen genes
    and people is judged, ``null`` that of ``fine_tuning.null_interval``.
    """
    new = summary.query("genes == 'unseen' and people == 'unseen' and kind == @PERMUTED").set_index("method")
    tuned = new["r"].drop("untuned")
    return {name: max(null["low"] - r, r - null["high"]) for name, r in tuned.items()}


def by_gene(table: pd.DataFrame) -> pd.DataFrame:
    """Correlation of each unseen gene over unseen people, measured expression: a column for each network."""
    new = table.query("genes == 'unseen' and people == 'unseen' and permutation == 0")
    return new.pivot_table(index="gene", columns="method", values="r", sort=False)


def gain_word(row: pd.Series) -> str:
    """Say what the interval of a gain shows: improves, lowers, or neither."""
    return "improves" if row["low"] > 0 else "lowers" if row["high"] < 0 else "does not measurably change"


def new_genes(table: pd.DataFrame) -> Drawn:
    """Draw the correlation of each unseen gene over unseen people after tuning against that before."""
    wide = by_gene(table).melt("untuned", var_name="method", value_name="tuned")
    labels = LABELS | {"untuned": "correlation of the untuned network", "tuned": "correlation after tuning"}
    return charts.scatter(wide, "untuned", "tuned", hue="method", diagonal=True, labels=labels)


def losses(curves: list[list[float]], n_folds: int) -> Drawn:
    """Draw the loss of the LoRA fits by epoch: mean over the folds of measured and of permuted expression."""
    rows = [
        (MEASURED if number < n_folds else PERMUTED, epoch, loss)
        for number, one in enumerate(curves)
        for epoch, loss in enumerate(one, start=1)
    ]
    table = pd.DataFrame(rows, columns=["kind", "epoch", "loss"])
    mean = table.groupby(["kind", "epoch"], as_index=False, sort=False)["loss"].mean()
    return charts.lines(
        mean, "epoch", "loss", hue="kind", labels=LABELS | {"loss": "squared error (variances)"}
    )


def architecture() -> Drawn:
    """Draw which layers are frozen and which are tuned, as boxes."""
    columns = [
        ["haplotypes of a person"], ["convolutions"], ["attention and its layers"], ["head: one track"],
        ["differences between people"],
    ]  # fmt: skip
    arrows = [(a[0], b[0]) for a, b in pairwise(columns)]
    marked = {"attention and its layers": "LoRA", "head: one track": "linear head"}
    return flow(columns, arrows, marked=marked)
