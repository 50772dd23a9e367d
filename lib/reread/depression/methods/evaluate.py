"""Score predictions of cells by cell and by donor, with intervals that resample whole donors."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score

from reread.core import metrics

SPLITS = {"cell": "as published (random cells)", "donor": "corrected (whole donors)"}
BY = ["method", "split"]


def predictions(
    cells: pd.DataFrame, rows: npt.NDArray, probability: npt.NDArray, *, method: str, split: str,
    seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """A table of predicted cells: ``method``, ``split`` (cell, donor), ``fold``, ``seed``, ``cell``, others.

    ``rows`` are a mask or row numbers, ``split`` names a fold (``donor 2``). ``probability`` (tested,) is
    that of a case; a cell without tokens has none (NaN), and gets 0.5.
    """
    rows = np.arange(len(cells))[rows]
    kind, fold = split.split()
    table = cells.iloc[rows][["donor", "cell_type", "condition"]].reset_index(drop=True)
    probability = np.nan_to_num(np.asarray(probability, dtype=float), nan=0.5)
    about = {"method": method, "split": kind, "fold": int(fold), "seed": seed}
    return table.assign(**about, cell=rows, probability=probability)


def by_seed(predicted: pd.DataFrame) -> pd.DataFrame:
    """Scores of each method, split and seed, in each fold and averaged; ``donor_auroc`` of all together.

    The probabilities of two fits have no common scale.
    """
    rows = {}
    for key, part in predicted.groupby([*BY, "seed"], sort=False):
        folds = []
        for _, fold in part.groupby("fold"):
            label, probability = fold["condition"], fold["probability"]
            folds.append({
                "accuracy": accuracy_score(label, probability >= 0.5),
                "macro_f1": f1_score(label, probability >= 0.5, average="macro"),
                "auroc": metrics.auroc(label, probability),
                "brier": metrics.brier(label, probability),
                "calibration_error": metrics.expected_calibration_error(label, probability),
            })  # fmt: skip
        rows[key] = {**pd.DataFrame(folds).mean(), "donor_auroc": donor_auroc(part)}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis([*BY, "seed"]).reset_index()


def summary(predicted: pd.DataFrame, *, n_boot: int = 500, seed: int = 0) -> pd.DataFrame:
    """Mean of :func:`by_seed` over seeds, with ``low`` and ``high`` of the AUROC.

    They are the 95 % bootstrap interval when whole donors are sampled again (cells of a donor are not
    independent), scores averaged over seeds.
    """
    means = by_seed(predicted).groupby(BY, sort=False).mean(numeric_only=True).drop(columns="seed")
    ends = {}
    for key, part in predicted.groupby(BY, sort=False):
        kept = {"condition": "first", "donor": "first", "probability": "mean"}
        one = part.groupby(["fold", "cell"], as_index=False).agg(kept)
        label, score = one["condition"].to_numpy(), one["probability"].to_numpy()
        low, high, _ = metrics.clustered_bootstrap(
            metrics.auroc, label, score, np.zeros(len(one)), one["donor"].to_numpy(),
            folds=one["fold"].to_numpy(), n_boot=n_boot, seed=seed,
        )  # fmt: skip
        ends[key] = {"low": low + 0.5, "high": high + 0.5}
    return means.join(pd.DataFrame.from_dict(ends, orient="index").rename_axis(BY)).reset_index()


def by_cell_type(predicted: pd.DataFrame, least: int = 20) -> pd.DataFrame:
    """AUROC (method, split, cell_type, n cells) within each cell type, mean over seeds and folds.

    ``predicted`` comes from :func:`predictions`; types with fewer than ``least`` cells of a condition and
    folds with one condition are left out.
    """
    rows = []
    for (method, split, kind), part in predicted.groupby([*BY, "cell_type"], sort=False):
        n = part.drop_duplicates("cell")["condition"].value_counts()
        if len(n) == 2 and n.min() >= least:
            folds = [one for _, one in part.groupby(["seed", "fold"]) if one["condition"].nunique() == 2]
            each = [metrics.auroc(one["condition"], one["probability"]) for one in folds]
            rows.append((method, split, kind, int(n.sum()), float(np.mean(each)) if each else np.nan))
    return pd.DataFrame(rows, columns=[*BY, "cell_type", "n", "auroc"])


def calibration(predicted: pd.DataFrame, n_bins: int = 8) -> pd.DataFrame:
    """Observed share of case cells by predicted probability, all seeds together.

    ``predicted`` comes from :func:`predictions`. Columns: method, split, predicted and observed (means of a
    bin, 0 to 1) and n (cells); empty ones of the ``n_bins`` are left out.
    """
    curves = {
        key: pd.DataFrame(metrics.calibration_curve(part["condition"], part["probability"], n_bins))
        for key, part in predicted.groupby(BY, sort=False)
    }
    return pd.concat(curves, names=BY).reset_index(BY)


def donor_auroc(part: pd.DataFrame) -> float:
    """AUROC of the mean probability of each donor; NaN where a donor has both conditions, or all have one."""
    donors = part.groupby("donor").agg({"condition": ["min", "max"], "probability": "mean"})
    label = donors["condition", "min"].to_numpy()
    if (donors["condition", "max"] != label).any() or len(set(label)) < 2:
        return float("nan")
    return float(metrics.auroc(label, donors["probability", "mean"].to_numpy()))
