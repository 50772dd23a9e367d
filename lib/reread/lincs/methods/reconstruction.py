"""Reconstruction of held-out signatures by variational autoencoders and principal components."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reread.core.splits import Fold
from reread.lincs.data.splits import HELD_OUT, RANDOM
from reread.lincs.data.tables import Signatures
from reread.lincs.methods.pca import mse, pca_rebuild, r2, r2_by_drug
from reread.lincs.models.numpy_weights import Vae

PUBLISHED, CHOSEN = "VAE as published", "VAE, beta chosen"
LOSS = {PUBLISHED: "published", CHOSEN: "explicit"}
COMPONENTS = (10, 30, 100)
CONDITION = ("pert_id", "cell", "dose_um", "time_h")
MIN_PAIRS = 50  # replicates; with fewer the error of a method is not distinguished from theirs

# Nats a signature. A unit above the first is called active, one below the second collapsed.
ACTIVE_NATS, DEAD_NATS = 0.1, 0.01


@dataclass(frozen=True, eq=False)
class Run:
    """One trained network: its split, loss and seed, and its curve."""

    split: str
    method: str
    seed: int
    network: Vae
    history: pd.DataFrame


def train(
    signatures: Signatures, parts: dict[str, Fold], *, n_seeds: int, seed: int = 0,
    checkpoint: Path | None = None, chosen: dict[str, float] | None = None, **settings: Any,
) -> list[Run]:  # fmt: skip
    """Train as published on the random split; with both losses, ``n_seeds`` times, on held-out perturbations.

    ``parts``: from :func:`reread.lincs.data.splits.both_splits`. ``n_seeds``, ``seed``: seeds ``seed``,
    ``seed + 1``, ... of weights, order and samples. ``checkpoint``: folder that an interrupted run resumes
    from. ``chosen``: dict; ``beta``, ``warmup`` (epochs) and ``free_bits`` (nats) of the explicit loss.
    ``settings``: ``hidden``, ``latent``, ``epochs``, ``batch``, ``device`` of
    :func:`reread.lincs.models.fit.fit_vae`.
    """
    from reread.lincs.models.fit import fit_vae

    seeds = range(seed, seed + n_seeds)
    plan = [(RANDOM, PUBLISHED, seed), *((HELD_OUT, method, s) for method in LOSS for s in seeds)]
    runs = []
    for name, method, s in plan:
        more = (chosen or {}) if method == CHOSEN else {}
        named = {**more, **settings, "loss": LOSS[method], "seed": s, "checkpoint": checkpoint}
        trained = fit_vae(signatures.values, train=parts[name].train, valid=parts[name].test, **named)
        runs.append(Run(name, method, s, *trained))
    return runs


def published_errors(signatures: Signatures, parts: dict[str, Fold], run: Run) -> dict[str, float]:
    """Mean squared errors of a network as the authors print them.

    Returns dict of str to float, in squared z-scores: ``mse.train`` of the last training epoch; ``mse.valid``
    of test rows, each decoded from one posterior sample; ``mse.valid-zero`` of zero for every gene.
    """
    rows = signatures.values[parts[run.split].test]
    return {
        "mse.train": float(run.history["train_mse"].iloc[-1]),
        "mse.valid": mse(rows, run.network.rebuild_sampled(rows, run.seed)),
        "mse.valid-zero": mse(rows, np.zeros_like(rows)),
    }


def compare(
    signatures: Signatures, parts: dict[str, Fold], runs: Sequence[Run], ks: Sequence[int] = COMPONENTS
) -> pd.DataFrame:
    """Score every method on the test rows of each split.

    ``ks``: numbers of principal components; those that the training rows cannot have are left out.
    Returns DataFrame: split, method, family, seed; ``mse`` (squared z-scores); ``r2`` against the training
    mean; ``r2_median`` over perturbations; ``r2_replicate``: the reconstruction scored against another
    measurement of the same condition, so that reproduced noise does not count (NaN with too few replicates,
    and on random splits).
    """
    rows = []
    for name, part in parts.items():
        train_values, test_values = signatures.values[part.train], signatures.values[part.test]
        centre = train_values.mean(axis=0, dtype=np.float64)
        possible = [k for k in ks if k < min(train_values.shape)]
        pca = pca_rebuild(train_values, test_values, possible) if possible else {}
        own = [run for run in runs if run.split == name]
        methods = [
            ("zero", "baseline", 0, np.zeros_like(test_values)),
            ("training mean", "baseline", 0, np.broadcast_to(centre, test_values.shape)),
            *((f"PCA {k}", "PCA", 0, rebuilt) for k, rebuilt in pca.items()),
            *((run.method, "VAE", run.seed, run.network.rebuild(test_values)) for run in own),
        ]
        names = signatures.meta["pert_name"].to_numpy()[part.test]
        other = replicates(signatures.meta)[part.test]
        has = (other >= 0) & (name == HELD_OUT)
        other = other[has]
        for method, family, seed, rebuilt in methods:
            known = r2(signatures.values[other], rebuilt[has], centre) if len(other) >= MIN_PAIRS else np.nan
            rows.append({
                "split": name, "method": method, "family": family, "seed": seed,
                "mse": mse(test_values, rebuilt), "r2": r2(test_values, rebuilt, centre),
                "r2_median": r2_by_drug(test_values, rebuilt, names, centre)["r2"].median(),
                "r2_replicate": known,
            })  # fmt: skip
    return pd.DataFrame(rows)


def replicates(meta: pd.DataFrame) -> np.ndarray:
    """Row of another measurement of the same ``CONDITION``, (signature,); -1 where there is none."""
    rows = pd.Series(np.arange(len(meta)), index=meta.index)
    groups = rows.groupby([meta[name] for name in CONDITION], dropna=False)
    other = groups.shift(-1).fillna(groups.transform("first")).astype(int)
    return other.where(other != rows, -1).to_numpy()


def by_perturbation(
    signatures: Signatures, part: Fold, runs: Sequence[Run], method: str, k: int
) -> pd.DataFrame:
    """R2 of each held-out perturbation with ``k`` components and with the first run of a method.

    ``part``: by perturbations. ``method``: ``PUBLISHED`` or ``CHOSEN``.
    Returns DataFrame: name, n, ``r2_pca``, ``r2_vae``, ``better`` (which of both explains more).
    """
    train_values, test_values = signatures.values[part.train], signatures.values[part.test]
    centre = train_values.mean(axis=0, dtype=np.float64)
    names = signatures.meta["pert_name"].to_numpy()[part.test]
    network = next(run.network for run in runs if run.method == method and run.split == HELD_OUT)
    pca = r2_by_drug(test_values, pca_rebuild(train_values, test_values, [k])[k], names, centre)
    vae = r2_by_drug(test_values, network.rebuild(test_values), names, centre)
    table = pca.rename(columns={"r2": "r2_pca"}).assign(r2_vae=vae["r2"])
    better = np.where(table["r2_vae"] > table["r2_pca"], method, f"PCA {k}")
    return table.assign(better=better)


def over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """Mean of every measure of :func:`compare` over seeds, and its range.

    Returns DataFrame, (split and method,): split, method, family, ``mse`` (squared z-scores), ``r2``,
    ``r2_median``, ``r2_replicate``, and ``r2_range``, the largest minus the smallest ``r2`` of a seed.
    """
    groups = table.groupby(["split", "method", "family"], sort=False)
    means = groups[["mse", "r2", "r2_median", "r2_replicate"]].mean()
    return means.assign(r2_range=groups["r2"].max() - groups["r2"].min()).reset_index()


def replicate_gain(summary: pd.DataFrame) -> dict[str, float]:
    """R2 on replicates with the most components minus that with the next fewer; below 0 they add noise.

    Empty where there are no replicates, or fewer than two numbers of components.
    """
    held = summary[(summary["split"] == HELD_OUT) & (summary["family"] == "PCA")]
    known = held.set_index("method")["r2_replicate"].dropna()
    if len(known) < 2:
        return {}
    narrow, wide = known.index[-2:].str.lower().str.replace(" ", "-")
    return {f"{wide}-over-{narrow}": float(known.iloc[-1] - known.iloc[-2])}


def curves(runs: Sequence[Run]) -> pd.DataFrame:
    """Training curves of all runs with split, method and seed, one row for each epoch, rows and run.

    Columns: rows (training or held out), epoch, mse (squared z-scores), kl (nats a signature).
    """
    tables = []
    for run in runs:
        for rows, prefix in (("training", "train"), ("held out", "valid")):
            values = {name: run.history[f"{prefix}_{name}"] for name in ("mse", "kl")}
            table = pd.DataFrame({"epoch": run.history["epoch"], **values})
            tables.append(table.assign(split=run.split, method=run.method, seed=run.seed, rows=rows))
    return pd.concat(tables, ignore_index=True)


def kl_by_unit(signatures: Signatures, parts: dict[str, Fold], runs: Sequence[Run]) -> pd.DataFrame:
    """KL divergence of each latent unit from the standard normal prior, mean over the test rows.

    Returns DataFrame, (run and unit,): split, method, seed, ``rank`` (from 1, the largest first) and ``kl``
    (nats).
    """
    tables = []
    for run in runs:
        kl = unit_kl(*run.network.posterior(signatures.values[parts[run.split].test]))
        table = pd.DataFrame({"rank": np.arange(1, len(kl) + 1), "kl": np.sort(kl)[::-1]})
        tables.append(table.assign(split=run.split, method=run.method, seed=run.seed))
    return pd.concat(tables, ignore_index=True)[["split", "method", "seed", "rank", "kl"]]


def unit_kl(mu: np.ndarray, logvar: np.ndarray) -> np.ndarray:
    """Mean KL divergence (unit,) of posterior means and log variances (signature, unit) from the prior."""
    mu, logvar = np.asarray(mu, dtype=np.float64), np.asarray(logvar, dtype=np.float64)
    return 0.5 * (np.square(mu) + np.exp(logvar) - 1 - logvar).mean(axis=0)


def count_units(units: pd.DataFrame) -> pd.DataFrame:
    """Count active and collapsed latent units of each network, mean over seeds.

    ``units``: from :func:`kl_by_unit`. Returns DataFrame, (split and method,): numbers ``active`` (KL above
    0.1 nats) and ``dead`` (below 0.01), and ``nats``, the sum of the KL over units.
    """
    kl = units["kl"]
    marked = units.assign(active=kl > ACTIVE_NATS, dead=kl < DEAD_NATS, nats=kl)
    sums = marked.groupby(["split", "method", "seed"], sort=False)[["active", "dead", "nats"]].sum()
    return sums.groupby(level=["split", "method"], sort=False).mean().reset_index()
