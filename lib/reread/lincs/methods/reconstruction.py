"""How much of a signature survives a bottleneck: networks beside principal components, on the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reread.lincs.data.rows import HELD_OUT, RANDOM
from reread.lincs.data.splits import Split
from reread.lincs.data.tables import Signatures
from reread.lincs.methods.pca import mse, pca_fit, r2, r2_by_drug
from reread.lincs.models.arrays import Vae
from reread.lincs.models.fit import fit_vae

PUBLISHED, CHOSEN = "VAE as published", "VAE, beta chosen"
LOSS = {PUBLISHED: "published", CHOSEN: "explicit"}
COMPONENTS = (10, 30, 100)
CONDITION = ("pert_id", "cell", "dose_um", "time_h")
MIN_PAIRS = 50  # replicates; fewer say more about themselves than about a method


@dataclass(frozen=True, eq=False)
class Run:
    """One trained network: under which split, with which loss and seed, and its curve."""

    split: str
    method: str
    seed: int
    network: Vae
    history: pd.DataFrame


def train(
    signatures: Signatures,
    parts: dict[str, Split],
    *,
    n_seeds: int,
    seed: int = 0,
    checkpoint: Path | None = None,
    beta: float = 1.0,
    warmup: int = 0,
    free_bits: float = 0.0,
    **settings: Any,
) -> list[Run]:
    """Train as published on the random split; with both losses, ``n_seeds`` times, on the other.

    Parameters
    ----------
    signatures : Signatures
    parts : dict
        From :func:`reread.lincs.data.rows.splits`.
    n_seeds, seed : int
        Seeds ``seed``, ``seed + 1``, ... of weights, order and draws.
    checkpoint : path, optional
        Folder that a killed run goes on from.
    beta, warmup, free_bits
        Of the chosen loss.
    settings
        ``hidden``, ``latent``, ``epochs``, ``batch``, ``device`` of :func:`reread.lincs.models.fit.fit_vae`.
    """
    seeds = range(seed, seed + n_seeds)
    plan = [(RANDOM, PUBLISHED, seed), *((HELD_OUT, method, s) for method in LOSS for s in seeds)]
    runs = []
    for name, method, s in plan:
        chosen = {"beta": beta, "warmup": warmup, "free_bits": free_bits} if method == CHOSEN else {}
        trained = fit_vae(
            signatures.values, train=parts[name].train, valid=parts[name].test, loss=LOSS[method], seed=s,
            checkpoint=checkpoint, progress=True, **chosen, **settings,
        )  # fmt: skip
        runs.append(Run(name, method, s, trained.network, trained.history))
    return runs


def published_errors(signatures: Signatures, parts: dict[str, Split], run: Run) -> dict[str, float]:
    """Errors as the authors print them: of the last pass in training, and of one draw on validation rows."""
    rows = signatures.values[parts[run.split].test]
    return {
        "mse.train": float(run.history["train_mse"].iloc[-1]),
        "mse.valid": mse(rows, run.network.rebuild_drawn(rows, run.seed)),
        "mse.valid-zero": mse(rows, np.zeros_like(rows)),
    }


def compare(
    signatures: Signatures, parts: dict[str, Split], runs: Sequence[Run], ks: Sequence[int] = COMPONENTS
) -> pd.DataFrame:
    """Score every method on the rows that its split kept from it.

    Returns
    -------
    DataFrame
        split, method, family, seed; ``mse`` (squared z); ``r2`` beside the training mean; ``r2_median`` over
        perturbations; ``r2_replicate``: the same signature rebuilt, scored against *another* measurement of
        the same condition, so that copied noise does not count (NaN where there is none, or where the other
        one may have been trained on).
    """
    rows = []
    for name, part in parts.items():
        taught, asked = signatures.values[part.train], signatures.values[part.test]
        centre = taught.mean(axis=0, dtype=np.float64)
        ways = [("zero", "baseline", 0, np.zeros_like), ("training mean", "baseline", 0, _constant(centre))]
        most = pca_fit(taught, min(max(ks), min(taught.shape) - 1))
        ways += [(f"PCA {k}", "PCA", 0, most.first(k).rebuild) for k in ks if k <= len(most.axes)]
        ways += [(run.method, "VAE", run.seed, run.network.rebuild) for run in runs if run.split == name]
        twin = twins(signatures.meta)[part.test] if name == HELD_OUT else np.full(len(asked), -1)
        for method, family, seed, rebuild in ways:
            scores = _scores(signatures, asked, rebuild(asked), part, twin, centre)
            rows.append({"split": name, "method": method, "family": family, "seed": seed, **scores})
    return pd.DataFrame(rows)


def twins(meta: pd.DataFrame) -> np.ndarray:
    """Row of another measurement of the same ``CONDITION``, (signature,); -1 where there is none."""
    group = meta.groupby(list(CONDITION), dropna=False, sort=False).ngroup().to_numpy()
    order = np.argsort(group, kind="stable")
    twin = np.full(len(meta), -1)
    for rows in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        if len(rows) > 1:
            twin[rows] = np.roll(rows, -1)
    return twin


def by_perturbation(
    signatures: Signatures, part: Split, runs: Sequence[Run], method: str, k: int
) -> pd.DataFrame:
    """R2 of each held-out perturbation through ``k`` components and through the first run of a method.

    Returns
    -------
    DataFrame
        name, n, ``r2_pca``, ``r2_vae``.
    """
    taught, asked = signatures.values[part.train], signatures.values[part.test]
    centre, names = taught.mean(axis=0, dtype=np.float64), signatures.meta["pert_name"].to_numpy()[part.test]
    network = next(run.network for run in runs if run.method == method and run.split == HELD_OUT)
    pca = r2_by_drug(asked, pca_fit(taught, k).rebuild(asked), names, centre)
    vae = r2_by_drug(asked, network.rebuild(asked), names, centre)
    return pca.rename(columns={"r2": "r2_pca"}).assign(r2_vae=vae["r2"])


def over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """Mean of every measure of :func:`compare` over seeds, and ``r2_range``, the width between seeds."""
    groups = table.groupby(["split", "method", "family"], sort=False)
    means = groups[["mse", "r2", "r2_median", "r2_replicate"]].mean()
    return means.assign(r2_range=groups["r2"].max() - groups["r2"].min()).reset_index()


def _constant(centre: np.ndarray):
    return lambda values: np.broadcast_to(centre, values.shape)


def _scores(signatures, asked, rebuilt, part, twin, centre) -> dict[str, float]:
    names = signatures.meta["pert_name"].to_numpy()[part.test]
    has = twin >= 0
    return {
        "mse": mse(asked, rebuilt),
        "r2": r2(asked, rebuilt, centre),
        "r2_median": float(r2_by_drug(asked, rebuilt, names, centre)["r2"].median()),
        "r2_replicate": r2(signatures.values[twin[has]], rebuilt[has], centre)
        if has.sum() >= MIN_PAIRS
        else np.nan,
    }


def replicate_gain(summary: pd.DataFrame) -> dict[str, float]:
    """R2 on a replicate through the widest component analysis less that through the one before it.

    Empty where no replicate was asked, or fewer than two widths. Below 0, the extra components carry noise.
    """
    held = summary[(summary["split"] == HELD_OUT) & (summary["family"] == "PCA")].dropna(
        subset="r2_replicate"
    )
    if len(held) < 2:
        return {}
    (before, last), names = held["r2_replicate"].iloc[-2:], held["method"].iloc[-2:].str.lower()
    wide, narrow = (name.replace(" ", "-") for name in (names.iloc[1], names.iloc[0]))
    return {f"{wide}-over-{narrow}": float(last - before)}


def vae_over_pca(summary: pd.DataFrame, k: int = 30) -> float:
    """R2 on held-out perturbations through the VAE of the chosen beta less that of ``k`` components."""
    held = summary[summary["split"] == HELD_OUT].set_index("method")["r2"]
    return float(held[CHOSEN] - held[f"PCA {k}"])
