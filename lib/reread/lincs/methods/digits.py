"""Pictures of digits in place of signatures: the same codebook where one can see what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reread.core.files import digest
from reread.lincs.data.splits import Split
from reread.lincs.methods import codebooks
from reread.lincs.methods.codebooks import CodeRun
from reread.lincs.methods.pca import class_means, mse
from reread.lincs.models.arrays import nearest_code

SIDE = 8
DIGITS = tuple("0123456789")


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures as the functions on codebooks take them.

    Attributes
    ----------
    values : float32 array, (picture, pixel)
        Grey values, 0 (white) to 1.
    label : int array, (picture,)
        Which digit it is.
    truth : None
        Nothing is planted.
    """

    values: np.ndarray
    label: np.ndarray
    truth: None = None

    def __len__(self) -> int:
        return len(self.values)


def load() -> Pictures:
    """Give the 1,797 pictures, 8 by 8, that come with scikit-learn; nothing is downloaded."""
    from sklearn.datasets import load_digits

    values, label = load_digits(return_X_y=True)
    return Pictures((values / 16).astype(np.float32), label.astype(np.int64))


def split(pictures: Pictures, *, share: float = 0.2, seed: int = 0) -> Split:
    """Split at random, the same share of every digit."""
    rng = np.random.default_rng(seed)
    held = np.zeros(len(pictures), dtype=bool)
    for digit in np.unique(pictures.label):
        own = rng.permutation(np.flatnonzero(pictures.label == digit))
        held[own[: round(share * len(own))]] = True
    return Split(np.flatnonzero(~held), np.flatnonzero(held))


def train(
    pictures: Pictures,
    part: Split,
    *,
    epochs: int,
    n_seeds: int = 1,
    seed: int = 0,
    checkpoint: Path | None = None,
    **settings: Any,
) -> list[CodeRun]:
    """Train a codebook of digits ``n_seeds`` times.

    Parameters
    ----------
    pictures, part
        From :func:`load` and :func:`split`.
    epochs : int
        Passes.
    n_seeds, seed : int
        Seeds ``seed``, ``seed + 1``, ...
    checkpoint : path, optional
        Folder that a killed run goes on from.
    settings
        ``codebook``, ``channels``, ``learning_rate``, ``batch`` and ``device`` of
        :class:`reread.lincs.models.digits.DigitBook`.
    """
    from reread.lincs.models.digits import DigitBook

    runs = []
    for s in range(seed, seed + n_seeds):
        book = DigitBook(pictures.values, pictures.label, part.train, part.test, seed=s, **settings)
        stem = None
        if checkpoint is not None:
            name = digest([sorted(settings.items()), epochs, s, part.train.tolist()])[:12]
            stem = Path(checkpoint) / f"digits-{name}"
            stem.parent.mkdir(parents=True, exist_ok=True)
        curve = pd.DataFrame(book.fit(epochs, stem))
        curve.insert(0, "epoch", np.arange(1, len(curve) + 1))
        runs.append(CodeRun(s, book, curve, DIGITS, pictures.label))
    return runs


def examples(
    pictures: Pictures, part: Split, run: CodeRun, *, seed: int = 0, is_quantised: bool = True
) -> pd.DataFrame:
    """One held-out picture of each digit, what its nearest code decodes to, and the mean of its digit.

    With ``is_quantised`` false z is decoded without its code.

    Returns
    -------
    DataFrame
        row (picture, nearest code or z, class mean), digit, found (digit of the nearest code), pixel columns
        ``p00`` to ``p63``.
    """
    rng = np.random.default_rng(seed)
    rows = [rng.choice(part.test[pictures.label[part.test] == digit]) for digit in range(len(DIGITS))]
    asked = pictures.values[rows]
    z = run.network.encode(asked)
    found = nearest_code(z, run.network.codes)
    middle = {"nearest code": run.network.profiles()[found]} if is_quantised else {"z": run.network.decode(z)}
    means = class_means(pictures.values[part.train], pictures.label[part.train], len(DIGITS))
    shown = {"picture": asked, **middle, "class mean": means}
    pixels = [f"p{i:02d}" for i in range(SIDE * SIDE)]
    tables = [
        pd.DataFrame(values, columns=pixels).assign(row=name, digit=np.arange(len(DIGITS)), found=found)
        for name, values in shown.items()
    ]
    return pd.concat(tables, ignore_index=True)[["row", "digit", "found", *pixels]]


def confusion(pictures: Pictures, part: Split, runs: Sequence[CodeRun]) -> np.ndarray:
    """Share of held-out pictures of each digit (digit, found) that fall to each code, first run."""
    found = nearest_code(runs[0].network.encode(pictures.values[part.test]), runs[0].network.codes)
    counts = np.zeros((len(DIGITS), len(DIGITS)))
    np.add.at(counts, (pictures.label[part.test], found), 1)
    return counts / counts.sum(axis=1, keepdims=True)


def compared(pictures: Pictures, part: Split, runs: dict[str, list[CodeRun]]) -> pd.DataFrame:
    """Accuracy and error of every codebook beside the class means, means over seeds.

    Parameters
    ----------
    runs : dict
        Name of a codebook to its runs.

    Returns
    -------
    DataFrame
        method, rows, ``accuracy`` (nearest code by distance, label not seen), ``mse`` (squared grey value of
        what is rebuilt when the label is told).
    """
    tables = []
    for name, own in runs.items():
        found = codebooks.inferred(pictures, part, own)
        found = found[found["metric"] == "euclid"].drop(columns=["metric", "mse", "recall"])
        both = found.merge(codebooks.given_label(pictures, part, own), on=["rows", "method", "seed"])
        tables.append(both.replace({"method": {codebooks.CODE: name}}))
    every = pd.concat(tables, ignore_index=True).drop_duplicates(["rows", "method", "seed"])
    return every.groupby(["method", "rows"], sort=False)[["accuracy", "mse"]].mean().reset_index()


def unquantised(pictures: Pictures, part: Split, runs: dict[str, CodeRun]) -> dict[str, float]:
    """Error of z decoded without its code on held-out pictures (squared grey value), by name of the run."""
    asked = pictures.values[part.test]
    return {name: mse(asked, run.network.decode(run.network.encode(asked))) for name, run in runs.items()}
