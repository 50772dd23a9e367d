"""Codebooks of classes, with the label given and without it, beside the mean of each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import entropy

from reread.core.errors import DataError
from reread.core.splits import Fold
from reread.core.stats import row_correlation
from reread.lincs.data import filters
from reread.lincs.data.tables import Signatures
from reread.lincs.methods.pca import class_means, mse
from reread.lincs.models.numpy_weights import nearest_code

PUBLISHED, CORRECTED, MEAN = "as published", "corrected", "class mean"
CODEBOOKS = {PUBLISHED: "published", CORRECTED: "ema"}
TRAIN, TEST = "training", "held out"
SATURATED = 0.99


@dataclass(frozen=True, eq=False)
class CodeRun:
    """A trained codebook: method, seed, network, curve, names of codes, and code (signature,) of each row."""

    method: str
    seed: int
    network: Any
    history: pd.DataFrame
    pcls: tuple[str, ...]
    label: np.ndarray

    def nearest(self, values: np.ndarray, metric: str = "euclidean") -> np.ndarray:
        """Code (signature,) nearest to each row of values (signature, gene)."""
        return nearest_code(self.network.encode(values), self.network.codes, metric)


def rows_with_class(signatures: Signatures, *, min_per_line: int = 0, min_drugs: int = 1) -> np.ndarray:
    """Select the rows of classes with at least ``min_drugs`` drugs, without MG-132.

    ``min_per_line``: cell lines of drugs with at most so many signatures are dropped. ``min_drugs``: with 1
    the rows are the authors' set SMC-NP. Returns int array, (row,). DataError if fewer than two classes are
    left.
    """
    meta = signatures.meta
    kept = filters.is_in_lines(meta, min_per_line) & filters.is_without(meta, filters.PROTEASOME[:1])
    kept &= (meta["pcl"] != "").to_numpy()
    drugs = meta[kept].groupby("pcl")["pert_name"].nunique()
    kept &= meta["pcl"].isin(drugs.index[drugs >= min_drugs]).to_numpy()
    n = meta.loc[kept, "pcl"].nunique()
    if n < 2:
        raise DataError(f"{n} classes have at least {min_drugs} drugs; two are needed. Use another source.")
    return np.flatnonzero(kept)


def train(
    signatures: Signatures, part: Fold | None, methods: Mapping[str, str] = CODEBOOKS, *, n_seeds: int = 1,
    seed: int = 0, checkpoint: Path | None = None, **settings: Any,
) -> list[CodeRun]:  # fmt: skip
    """Train each codebook ``n_seeds`` times; on every row, as the authors do, where there is no split.

    ``signatures``: every row has a class. ``part``: Fold or None. ``methods``: name to kind of codebook.
    ``n_seeds``, ``seed``: seeds ``seed``, ``seed + 1``, ... ``checkpoint``: folder that an interrupted run
    resumes from. ``settings``: ``dim`` (or, for images, ``channels``), ``epochs``, ``batch``,
    ``learning_rate``, ``device`` of :func:`reread.lincs.models.fit.fit_svqvae`.
    """
    from reread.lincs.models.fit import fit_svqvae

    pcls = signatures.pcls
    label = np.searchsorted(pcls, signatures.meta["pcl"].to_numpy(dtype=str))
    rows = (part.train, part.test) if part is not None else (np.arange(len(label)), np.arange(0))
    runs = []
    for method, codebook in methods.items():
        for s in range(seed, seed + n_seeds):
            named = {**settings, "seed": s, "codebook": codebook, "checkpoint": checkpoint}
            trained = fit_svqvae(signatures.values, label, len(pcls), train=rows[0], valid=rows[1], **named)
            runs.append(CodeRun(method, s, *trained, pcls, label))
    return runs


def first_runs(runs: Sequence[CodeRun]) -> dict[str, CodeRun]:
    """First run of each method."""
    names = dict.fromkeys(run.method for run in runs)
    return {name: next(run for run in runs if run.method == name) for name in names}


def published_measures(run: CodeRun, batch: int) -> dict[str, float]:
    """Training error and perplexity of the labels as the authors print them.

    Returns dict of str to float: ``mse.train.as-published`` (squared z-scores, last epoch),
    ``perplexity.labels`` (effective number of codes, mean over random batches of ``batch`` rows) and
    ``perplexity.all-labels`` (the same of all rows at once).
    """
    return {
        "mse.train.as-published": float(run.history["train_mse"].iloc[-1]),
        "perplexity.labels": batch_perplexity(run.label, batch),
        "perplexity.all-labels": perplexity(run.label),
    }


def given_label(signatures: Signatures, part: Fold, runs: Sequence[CodeRun]) -> pd.DataFrame:
    """Reconstruction error when the class label is given.

    Returns DataFrame, (rows, method and seed,): ``rows`` (training or test), ``method`` (zero, the training
    mean, class means, and each codebook), ``seed`` and ``mse``, in squared z-scores.
    """
    label, n = runs[0].label, len(runs[0].pcls)
    means = class_means(signatures.values[part.train], label[part.train], n)
    overall = signatures.values[part.train].mean(axis=0, dtype=np.float64)
    methods = [
        ("zero", 0, np.zeros_like(means)),
        ("training mean", 0, np.tile(overall, (n, 1))),
        (MEAN, 0, means),
        *((run.method, run.seed, run.network.profiles()) for run in runs),
    ]
    rows = []
    for where, index in ((TRAIN, part.train), (TEST, part.test)):
        for method, seed, profiles in methods:
            error = mse(signatures.values[index], profiles[label[index]])
            rows.append({"rows": where, "method": method, "seed": seed, "mse": error})
    return pd.DataFrame(rows)


def inferred(signatures: Signatures, part: Fold, runs: Sequence[CodeRun]) -> pd.DataFrame:
    """Infer the class from expression: the nearest code and the nearest class mean, by distance and by angle.

    Returns DataFrame: rows, method, metric, seed; ``accuracy``; ``recall``, its mean over classes (chance is
    one over their number); ``mse`` of the decoded profile.
    """
    label, n = runs[0].label, len(runs[0].pcls)
    values = signatures.values
    means = class_means(values[part.train], label[part.train], n)
    rows = []
    for where, index in ((TRAIN, part.train), (TEST, part.test)):
        methods = [(MEAN, 0, values[index], means, means)]
        for run in runs:
            z, codes, profiles = run.network.encode(values[index]), run.network.codes, run.network.profiles()
            methods.append((run.method, run.seed, z, codes, profiles))
        for method, seed, points, codes, profiles in methods:
            for metric in ("euclidean", "cosine"):
                found = nearest_code(points, codes, metric)
                row = {"rows": where, "method": method, "metric": metric, "seed": seed}
                row |= _scores(label[index], found, n)
                rows.append(row | {"mse": mse(values[index], profiles[found])})
    return pd.DataFrame(rows)


def usage(
    signatures: Signatures, part: Fold, runs: Sequence[CodeRun]
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Report which codes the held-out signatures are assigned to, by the first run of each method.

    Returns DataFrame: method and the columns of :func:`code_usage`. Returns dict, by method: perplexity of
    inferred codes, number of unused codes, share of saturated values of z, ratio of the lengths of z and
    codes, error of z decoded without its code; for simulated signatures the correlation of decoded profiles
    with the true ones.
    """
    values, label = signatures.values[part.test], runs[0].label[part.test]
    found = {"perplexity.held-out-labels": perplexity(label)}
    tables = []
    for method, run in first_runs(runs).items():
        z, near = run.network.encode(values), run.nearest(values)
        tables.append(code_usage(label, near, run.pcls).assign(method=method))
        lengths = (np.linalg.norm(one, axis=1).mean() for one in (z, run.network.codes))
        each = {
            "perplexity": perplexity(near),
            "n_dead": int((tables[-1]["assigned"] == 0).sum()),
            "saturated": float((np.abs(z) > SATURATED).mean()),
            "length_ratio": float(np.divide(*lengths)),
            "mse.unquantised": mse(values, run.network.decode(z)),
        }
        found |= {f"{name}.{method.replace(' ', '-')}": value for name, value in each.items()}
    return pd.concat(tables, ignore_index=True), found | _true_correlation(signatures, part, runs)


def perplexity(index: np.ndarray) -> float:
    """Exponential of the entropy of codes ``index`` (signature,): how many are effectively used."""
    return float(np.exp(entropy(np.bincount(index))))


def batch_perplexity(label: np.ndarray, batch: int, *, n_batches: int = 200, seed: int = 0) -> float:
    """Mean perplexity of the labels (signature,) of random batches, which the authors' log shows."""
    rng, size = np.random.default_rng(seed), min(batch, len(label))
    batches = (rng.choice(len(label), size, replace=False) for _ in range(n_batches))
    return float(np.mean([perplexity(label[rows]) for rows in batches]))


def code_usage(label: np.ndarray, assigned: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Count for each code the signatures with its label, those assigned to it, and those with both."""
    codes = {"labelled": label, "assigned": assigned, "correct": label[label == assigned]}
    counts = {name: np.bincount(values, minlength=len(names)) for name, values in codes.items()}
    return pd.DataFrame({"code": list(names), **counts})


def over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """Mean of every measure over seeds.

    ``table``: from :func:`given_label` or :func:`inferred`. Returns DataFrame: one row for rows, method and,
    where there is one, metric; units are those of ``table``.
    """
    by = [name for name in ("rows", "method", "metric") if name in table]
    return table.drop(columns="seed").groupby(by, sort=False).mean().reset_index()


def over_class_mean(summary: pd.DataFrame, value: str = "mse", metric: str = "euclidean") -> dict[str, float]:
    """A measure of each codebook minus that of class means, by rows and method.

    Given the label, the difference of ``mse`` cannot be negative on training rows. That of ``recall`` is
    positive where the codes classify better than the class means.
    """
    if "metric" in summary:
        summary = summary[summary["metric"] == metric]
    wide = summary.pivot(index="rows", columns="method", values=value)
    gap = wide.sub(wide[MEAN], axis=0)[[name for name in CODEBOOKS if name in wide]].stack()
    return {f"{rows}.{method}".replace(" ", "-"): float(one) for (rows, method), one in gap.items()}


def _true_correlation(signatures: Signatures, part: Fold, runs: Sequence[CodeRun]) -> dict[str, float]:
    """Mean correlation of profiles with the simulated truth over strong classes; none for real signatures."""
    truth = signatures.truth
    if truth is None:
        return {}
    pcls = runs[0].pcls
    profiles = {MEAN: class_means(signatures.values[part.train], runs[0].label[part.train], len(pcls))}
    profiles |= {method: run.network.profiles() for method, run in first_runs(runs).items()}
    strong = [name for name, kind in truth.kinds.items() if kind == "strong"]
    ours, theirs = ([names.index(name) for name in strong] for names in (pcls, truth.pcls))
    found = {}
    for method, rows in profiles.items():
        like = np.diag(row_correlation(rows[ours], truth.programs[theirs]))
        found[f"planted_correlation.{method.replace(' ', '-')}"] = float(like.mean())
    return found


def _scores(label: np.ndarray, found: np.ndarray, n: int) -> dict[str, float]:
    right = np.bincount(label[label == found], minlength=n)
    there = np.bincount(label, minlength=n)
    recall = right[there > 0] / there[there > 0]
    return {"accuracy": float((label == found).mean()), "recall": float(recall.mean())}
