"""Chapter 02: training curves, R2 of every bottleneck, and the KL of each latent unit."""

from __future__ import annotations

import pandas as pd

from reread.core import charts, diagrams
from reread.core.figures import Drawn
from reread.lincs.data.splits import HELD_OUT, RANDOM
from reread.lincs.methods.reconstruction import ACTIVE_NATS, CHOSEN, DEAD_NATS, PUBLISHED

NETWORKS = {
    (RANDOM, PUBLISHED): "as published, random split",
    (HELD_OUT, PUBLISHED): "as published, perturbations held out",
    (HELD_OUT, CHOSEN): "beta chosen, perturbations held out",
}


def draw_curves(curves: pd.DataFrame) -> Drawn:
    """Draw error (squared z-scores) and KL (nats) by epoch, first seed, training and held-out rows."""
    first = _first_seed(curves)
    names = {"mse": "error (squared z-scores)", "kl": "KL (nats a signature)"}
    table = first.melt(["epoch", "network", "rows"], ["mse", "kl"], "measure", "value")
    table["measure"] = table["measure"].map(names)
    return charts.lines(table, "epoch", "value", hue="network", style="rows", panel="measure", columns=2,
                        shared=False, labels={"value": ""})  # fmt: skip


def draw_r2(scores: pd.DataFrame) -> Drawn:
    """Draw R² (0: the training mean) of every method on both splits, and against a replicate measurement."""
    kinds = {RANDOM: "random split", HELD_OUT: "perturbations held out"}
    table = scores.assign(scored=scores["split"].map(kinds))[["method", "scored", "r2"]]
    replicate = scores[scores["r2_replicate"].notna()].assign(scored="held out, against a replicate")
    replicate = replicate[["method", "scored", "r2_replicate"]].rename(columns={"r2_replicate": "r2"})
    table = pd.concat([table, replicate], ignore_index=True)
    labels = {"r2": "R² (the training mean has 0)", "method": "", "scored": ""}
    return charts.dots(table, "r2", "method", hue="scored", connect=True, labels=labels,
                       reference={"training mean": 0.0})  # fmt: skip


def draw_perturbations(table: pd.DataFrame) -> Drawn:
    """Draw R² of each held-out perturbation, network over components (``reconstruction.by_perturbation``)."""
    labels = {"r2_pca": "R² of PCA", "r2_vae": "R² of the VAE", "better": "explains more"}
    return charts.scatter(table, "r2_pca", "r2_vae", hue="better", diagonal=True, labels=labels)


def draw_units(units: pd.DataFrame) -> Drawn:
    """Draw the KL (nats a signature) of each latent unit, largest first, first seed of each network."""
    labels = {"rank": "latent unit, by KL", "kl": "KL (nats a signature)"}
    reference = {"active above": ACTIVE_NATS, "collapsed below": DEAD_NATS}
    return charts.lines(_first_seed(units), "rank", "kl", hue="network", labels=labels, log="y",
                        reference=reference)  # fmt: skip


def draw_network(n_genes: int, hidden: int, latent: int) -> Drawn:
    """Draw the layers of the network as boxes, and where the published loss averages."""
    gene, out = f"signature ({n_genes} z-scores)", f"output ({n_genes}, within ±10)"
    encoder, decoder = f"encoder: 2 tanh layers of {hidden}", f"decoder: 2 tanh layers of {hidden}"
    posterior, sample = f"mean μ and log σ² of {latent} units", "sample z = μ + σ ε"
    marked = {sample: "as published: KL averaged over units", out: "as published: error averaged over genes"}
    arrows = [(gene, encoder), (encoder, posterior), (posterior, sample), (sample, decoder), (decoder, out)]
    return diagrams.flow([[gene], [encoder], [posterior, sample], [decoder], [out]], arrows, marked=marked)


def _first_seed(table: pd.DataFrame) -> pd.DataFrame:
    first = table[table["seed"] == table["seed"].min()].reset_index(drop=True)
    names = [NETWORKS[key] for key in zip(first["split"], first["method"], strict=True)]
    return first.assign(network=names)
