"""Images of digits in place of signatures, to see what a codebook of classes stores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reread.core.splits import Fold
from reread.lincs.data.tables import Signatures, meta_frame
from reread.lincs.methods import codebooks
from reread.lincs.methods.codebooks import CodeRun
from reread.lincs.methods.pca import class_means

SIDE = 8
DIGITS = tuple("0123456789")
PIXELS = [f"p{i:02d}" for i in range(SIDE * SIDE)]


def load() -> Signatures:
    """Load the 1,797 images, 8 by 8, that come with scikit-learn; nothing is downloaded.

    Returns Signatures: values (image, pixel) are grey from 0 (white) to 1, the class is the digit.
    """
    from sklearn.datasets import load_digits

    values, label = load_digits(return_X_y=True)
    names = [f"image {i:04d}" for i in range(len(label))]
    meta = meta_frame(len(label), sig_id=names, kind="other", pcl=label.astype(str))
    return Signatures((values / 16).astype(np.float32), tuple(PIXELS), tuple(PIXELS), meta)


def examples(images: Signatures, part: Fold, run: CodeRun, *, seed: int = 0) -> pd.DataFrame:
    """One held-out image of each digit, its reconstructions, and the mean image of the digit.

    ``seed``: chooses the images. Returns DataFrame: row (image, nearest code, z: decoded without its code,
    class mean), digit, found (digit of the nearest code), pixel columns ``p00`` to ``p63``.
    """
    rng = np.random.default_rng(seed)
    rows = [rng.choice(part.test[run.label[part.test] == digit]) for digit in range(len(DIGITS))]
    z, found = run.network.encode(images.values[rows]), run.nearest(images.values[rows])
    means = class_means(images.values[part.train], run.label[part.train], len(DIGITS))
    shown = {"image": images.values[rows], "nearest code": run.network.profiles()[found],
             "z": run.network.decode(z), "class mean": means}  # fmt: skip
    tables = [
        pd.DataFrame(values, columns=PIXELS).assign(row=name, digit=np.arange(len(DIGITS)), found=found)
        for name, values in shown.items()
    ]
    return pd.concat(tables, ignore_index=True)[["row", "digit", "found", *PIXELS]]


def confusion(images: Signatures, part: Fold, runs: Sequence[CodeRun]) -> pd.DataFrame:
    """Share of the held-out images of each digit that are assigned to each code.

    Returns DataFrame, (method, code and digit,): ``digit``, ``code``, ``share`` (0 to 1, sums to 1 over the
    codes of a digit) and ``method``, of which the first run is taken.
    """
    tables = []
    for method, run in codebooks.first_runs(runs).items():
        shares = pd.crosstab(run.label[part.test], run.nearest(images.values[part.test]), normalize="index")
        shares = shares.reindex(columns=range(len(DIGITS)), fill_value=0.0).rename_axis(index="digit")
        table = shares.reset_index().melt("digit", var_name="code", value_name="share")
        tables.append(table.astype({"code": int}).assign(method=method))
    return pd.concat(tables, ignore_index=True)


def compare(images: Signatures, part: Fold, runs: Sequence[CodeRun]) -> pd.DataFrame:
    """Accuracy and error of every codebook and of the class means, means over seeds.

    Returns DataFrame: method, rows, ``accuracy`` (nearest code by distance), ``mse`` (squared grey value,
    label given).
    """
    found = codebooks.inferred(images, part, runs).query("metric == 'euclidean'")
    found = found.drop(columns=["metric", "mse", "recall"])
    both = found.merge(codebooks.given_label(images, part, runs), on=["rows", "method", "seed"])
    return both.groupby(["method", "rows"], sort=False)[["accuracy", "mse"]].mean().reset_index()
