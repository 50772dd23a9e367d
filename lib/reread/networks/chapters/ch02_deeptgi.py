"""Figures, drawings and answer of the DeepTGI chapter."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reread.core import charts, diagrams
from reread.core.figures import Drawn
from reread.networks.data.tables import GRNDataset
from reread.networks.methods.comparison import LABELS, METHODS, SCHEMES, verb
from reread.networks.methods.protocol import BASELINES, METHOD, MOVED, Outcome, batch_dependence, change_one

FLOOR = MOVED / 10  # smallest change shown on the logarithmic axis
BATCH = {
    "batch_moved": "predictions changed", "batch_batch": "predictions",
    "batch_shuffled_largest_move": "largest change, shuffled", "batch_alone_flips": "labels changed, alone",
    "batch_alone_auroc_change": "change of AUROC, alone",
}  # fmt: skip
ORDER = {"method": [*METHOD.values(), *BASELINES], "scheme": list(SCHEMES)}


def answer(means: pd.DataFrame) -> dict[str, float | str]:
    """Compare the first network and split with gene names, then the last network and split.

    ``means`` comes from ``protocol.summary``.
    """
    networks = means[~means["method"].isin(BASELINES)]
    first, last = networks.iloc[0], networks[networks["scheme"] == networks["scheme"].iloc[-1]].iloc[-1]
    names = means[means["method"] == BASELINES[0]].set_index("scheme")["auroc"]
    return {
        "network": METHODS[first["method"]], "split": SCHEMES[first["scheme"]],
        "word": verb(first["auroc_gain"]), "auroc": first["auroc"], "gain": first["auroc_gain"],
        "n_folds": int(first["n_folds"]),
        "strict_network": METHODS[last["method"]], "strict_split": SCHEMES[last["scheme"]],
        "strict_auroc": last["auroc"], "strict_names": names[last["scheme"]],
    }  # fmt: skip


def architecture_as_published() -> Drawn:
    """Draw the released network as boxes; both attention blocks carry the fault of the transposed axes."""
    encoder, latent = "linear layer, then attention over the 32 pairs of the batch", "latent vector"
    layers, head = "two more attention layers over the batch", "head: logit of each pair"
    rows, decoder = "correlation rows of TF and gene", "decoder: both rows reconstructed"
    arrows = [(rows, encoder), (encoder, latent), (latent, layers), (latent, decoder), (layers, head)]
    fault = "joins the heads along the wrong axes: each output mixes all pairs"
    return diagrams.flow(
        [[rows], [encoder], [latent], [layers, decoder], [head]], arrows,
        marked={encoder: fault, layers: "the same fault"},
    )  # fmt: skip


def architecture_corrected() -> Drawn:
    """Draw the corrected network as boxes: ten tokens, all of one pair."""
    pair, near = "components of TF and gene", "components of the four nearest genes of each"
    tokens, attention = "ten tokens of one pair", "attention: TF and gene attend to all ten tokens"
    cosines, head = "cosines of TF and gene with all tokens", "head: logit of this pair"
    arrows = [(pair, tokens), (near, tokens), (tokens, attention), (tokens, cosines)]
    arrows += [(attention, head), (cosines, head)]
    return diagrams.flow([[pair, near], [tokens], [attention, cosines], [head]], arrows)


def folds(by_fold: pd.DataFrame) -> Drawn:
    """Draw the AUROC (0.5 is chance) of each fold, from ``protocol.by_fold``, beside 95 % of the null."""
    table = by_fold[["scheme", "method", "fold", "auroc", "null_low", "null_high"]]
    table = table.assign(kind=np.where(table["method"].isin(BASELINES), "baseline", "network"))
    labels = {**LABELS, "band": "95 % of scores without information"}
    return charts.dots(
        table, x="auroc", y="method", hue="kind", panel="scheme", order=ORDER, labels=labels, columns=2,
        reference={"chance": 0.5}, band=("null_low", "null_high"),
    )  # fmt: skip


def loss_curves(curves: pd.DataFrame) -> Drawn:
    """Draw training and test loss of the first fold of each scheme by epoch, from ``Outcome.curves``.

    Each loss is divided by its value after the first epoch: the training loss of the published network has a
    reconstruction term that its test loss lacks.
    """
    keys = ["method", "scheme"]
    first = curves[curves["fold"] == curves.groupby(keys)["fold"].transform("min")]
    named = first.rename(columns={"train_loss": "training pairs", "test_loss": "test pairs"})
    table = named.melt([*keys, "epoch"], ["training pairs", "test pairs"], "rows", "loss")
    table["loss"] /= table.groupby([*keys, "rows"])["loss"].transform("first")
    look = {"labels": {**LABELS, "loss": "loss, relative to the first epoch"}, "order": ORDER, "columns": 2}
    return charts.lines(table, x="epoch", y="loss", hue="scheme", style="rows", panel="method", **look)


def batch_table(outcome: Outcome, dataset: GRNDataset, *, seed: int = 0) -> pd.DataFrame:
    """Measure how predictions of each network depend on the other pairs of the batch.

    ``outcome`` comes from ``protocol.run``. Columns: method, and each measure of
    ``protocol.batch_dependence`` with ``batch_`` before it (changes of a probability, 0 to 1, and counts); no
    row for a method that trains no network.
    """
    rows = {
        method: batch_dependence(model.predict, dataset.pairs, fold.test, seed=seed)
        for method, (model, fold) in outcome.models.items()
    }
    return pd.DataFrame(rows).T.convert_dtypes().add_prefix("batch_").rename_axis("method").reset_index()


def batch(outcome: Outcome, dataset: GRNDataset) -> Drawn:
    """Draw the change of each prediction of a batch after its first pair was replaced, for each network.

    Changes below 10⁻⁶ are drawn at 10⁻⁷.
    """
    tables = []
    for method, (model, fold) in outcome.models.items():
        moves = change_one(model.predict, dataset.pairs, fold.test)
        columns = {"pair": np.arange(1, len(moves) + 1), "change": np.where(moves > MOVED, moves, FLOOR)}
        tables.append(pd.DataFrame(columns).assign(method=method))
    labels = {**LABELS, "pair": "pair of the batch", "change": "change of probability"}
    table = pd.concat(tables, ignore_index=True)
    return charts.scatter(table, x="pair", y="change", hue="method", log="y", labels=labels)
