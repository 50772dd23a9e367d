"""Images of digits in place of signatures, to see what a codebook of classes stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reread.core.splits import Fold, by_mask
from reread.lincs.methods import codebooks
from reread.lincs.methods.codebooks import CODEBOOKS, CodeRun
from reread.lincs.methods.pca import class_means, mse
from reread.lincs.models.numpy_weights import nearest_code

SIDE = 8
DIGITS = tuple("0123456789")
PIXELS = [f"p{i:02d}" for i in range(SIDE * SIDE)]


@dataclass(frozen=True, eq=False)
class Images:
    """Grey values (image, pixel) from 0 (white) to 1, and the digit (image,) of each; no simulated truth."""

    values: np.ndarray
    label: np.ndarray
    truth: None = None

    def __len__(self) -> int:
        return len(self.values)


def load() -> Images:
    """Load the 1,797 images, 8 by 8, that come with scikit-learn; nothing is downloaded."""
    from sklearn.datasets import load_digits

    values, label = load_digits(return_X_y=True)
    return Images((values / 16).astype(np.float32), label.astype(np.int64))


def split(images: Images, *, share: float = 0.2, seed: int = 0) -> Fold:
    """Hold out the same share of every digit at random."""
    rng = np.random.default_rng(seed)
    held = np.zeros(len(images), dtype=bool)
    for digit in np.unique(images.label):
        own = rng.permutation(np.flatnonzero(images.label == digit))
        held[own[: round(share * len(own))]] = True
    return by_mask(held)


def train(
    images: Images, part: Fold, methods: Mapping[str, str] = CODEBOOKS, *, epochs: int, n_seeds: int = 1,
    seed: int = 0, checkpoint: Path | None = None, **settings: Any,
) -> list[CodeRun]:  # fmt: skip
    """Train each codebook of digits ``n_seeds`` times.

    ``methods``: name to kind of codebook. ``n_seeds``, ``seed``: seeds ``seed``, ``seed + 1``, ...
    ``checkpoint``: folder that an interrupted run resumes from. ``settings``: ``channels``,
    ``learning_rate``, ``batch`` and ``device`` of :class:`reread.lincs.models.svqvae.DigitBook`.
    """
    from reread.lincs.models.fit import train_recipe
    from reread.lincs.models.svqvae import DigitBook

    arrays, runs = [images.values, images.label, part.train, part.test], []
    for method, codebook in methods.items():
        for s in range(seed, seed + n_seeds):
            named = {**settings, "codebook": codebook, "seed": s}
            book = DigitBook(*arrays, **named)
            curve = train_recipe(book.recipe, "digits", arrays, named, epochs, checkpoint)
            runs.append(CodeRun(method, s, book, curve, DIGITS, images.label))
    return runs


def examples(images: Images, part: Fold, run: CodeRun, *, seed: int = 0) -> pd.DataFrame:
    """One held-out image of each digit, its reconstructions, and the mean image of the digit.

    ``seed``: chooses the images.
    Returns DataFrame: row (image, nearest code, z: decoded without its code, class mean), digit, found (digit
    of the nearest code), pixel columns ``p00`` to ``p63``.
    """
    rng = np.random.default_rng(seed)
    rows = [rng.choice(part.test[images.label[part.test] == digit]) for digit in range(len(DIGITS))]
    z = run.network.encode(images.values[rows])
    found = nearest_code(z, run.network.codes)
    means = class_means(images.values[part.train], images.label[part.train], len(DIGITS))
    shown = {"image": images.values[rows], "nearest code": run.network.profiles()[found],
             "z": run.network.decode(z), "class mean": means}  # fmt: skip
    tables = [
        pd.DataFrame(values, columns=PIXELS).assign(row=name, digit=np.arange(len(DIGITS)), found=found)
        for name, values in shown.items()
    ]
    return pd.concat(tables, ignore_index=True)[["row", "digit", "found", *PIXELS]]


def confusion(images: Images, part: Fold, runs: Sequence[CodeRun]) -> pd.DataFrame:
    """Share of the held-out images of each digit that are assigned to each code, first run of each method."""
    tables = []
    for method, run in codebooks.first_runs(runs).items():
        found = nearest_code(run.network.encode(images.values[part.test]), run.network.codes)
        shares = pd.crosstab(images.label[part.test], found, normalize="index")
        shares = shares.reindex(columns=range(len(DIGITS)), fill_value=0.0).rename_axis(index="digit")
        table = shares.reset_index().melt("digit", var_name="code", value_name="share")
        tables.append(table.astype({"code": int}).assign(method=method))
    return pd.concat(tables, ignore_index=True)


def most_confused(shares: pd.DataFrame) -> pd.DataFrame:
    """Pairs of digit and wrong code, the largest share first."""
    wrong = shares[shares["digit"] != shares["code"]]
    return wrong.sort_values("share", ascending=False, kind="stable", ignore_index=True)


def compare(images: Images, part: Fold, runs: Sequence[CodeRun]) -> pd.DataFrame:
    """Accuracy and error of every codebook and of the class means, means over seeds.

    Returns DataFrame: method, rows, ``accuracy`` (nearest code by distance), ``mse`` (squared grey value,
    label given).
    """
    found = codebooks.inferred(images, part, runs).query("metric == 'euclidean'")
    found = found.drop(columns=["metric", "mse", "recall"])
    both = found.merge(codebooks.given_label(images, part, runs), on=["rows", "method", "seed"])
    return both.groupby(["method", "rows"], sort=False)[["accuracy", "mse"]].mean().reset_index()


def unquantised(images: Images, part: Fold, runs: Sequence[CodeRun]) -> dict[str, float]:
    """Mean squared error of held-out images decoded from z without its code, by method, first run of each."""
    test = images.values[part.test]
    first = codebooks.first_runs(runs)
    return {name: mse(test, run.network.decode(run.network.encode(test))) for name, run in first.items()}
