"""Name the class of a signature from any representation, with drugs shared between folds or held out."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from reread.core import validate as check
from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.lincs.data import splits as split

CLASSIFIERS = ("logistic", "svm", "ridge")
SPLITS = ("random", "held-out-drug")
PENALTY = 100.0  # of ridge, on standardised features
TOLERANCE = 1e-4  # at which the published solvers stop: the default of scikit-learn


@dataclass(frozen=True, eq=False)
class CrossValidated:
    """Classes named in cross-validation.

    Attributes
    ----------
    named : array of str, (signature,)
        Class that was named when the signature was held out.
    fold : int array, (signature,)
        Fold that held it out.
    train_accuracy : float array, (fold,)
        Share of the training signatures put right.
    """

    named: np.ndarray
    fold: np.ndarray
    train_accuracy: np.ndarray

    def accuracy(self, pcl: np.ndarray) -> np.ndarray:
        """Share of held-out signatures put right, (fold,)."""
        right = self.named == np.asarray(pcl, dtype=str)
        return np.array([right[self.fold == fold].mean() for fold in range(len(self.train_accuracy))])


def folds(
    pcl: np.ndarray, groups: np.ndarray | None = None, *, n_folds: int = 5, seed: int = 0
) -> np.ndarray:
    """Fold of each signature, (signature,): classes spread evenly, whole groups in one fold where given.

    Raises
    ------
    DataError
        If a class has fewer groups (or, without groups, signatures) than two: it could not be both taught and
        asked.
    """
    pcl = np.asarray(pcl, dtype=str)
    units = pd.DataFrame({"pcl": pcl, "unit": np.arange(len(pcl)) if groups is None else np.asarray(groups)})
    counts = units.groupby("pcl")["unit"].nunique()
    if (counts < 2).any():
        raise DataError(
            f"Class {counts.idxmin()} has {counts.min()} to be held out; leave smaller classes out."
        )
    fold = np.empty(len(pcl), dtype=np.int64)
    by = () if groups is None else ("unit",)
    for number, part in enumerate(split.folds(units, by=by, n_folds=n_folds, seed=seed)):
        fold[part.test] = number
    return fold


def pcl_cv(
    features: np.ndarray,
    pcl: np.ndarray,
    fold: np.ndarray,
    classifier: str = "logistic",
    *,
    tolerance: float = TOLERANCE,
) -> CrossValidated:
    """Name the class of each signature by a classifier that has not seen its fold.

    Parameters
    ----------
    features : float array, (signature, feature)
        Any representation.
    pcl : array of str, (signature,)
    fold : int array, (signature,)
        From :func:`folds`.
    classifier : str
        ``logistic`` and ``svm`` as published (on values as they are), or ``ridge`` (least squares against one
        column a class, standardised inside each fold), whose null is cheap.
    tolerance : float
        Where the solvers of the published two stop; at ``TOLERANCE`` they are scikit-learn's defaults.

    Returns
    -------
    CrossValidated

    Raises
    ------
    ParameterError
        If the classifier is another.
    DataError
        If sizes do not fit.

    Notes
    -----
    Source: the authors' analysis notebook, in 86; there every fold is random, so that replicates, doses and
    lines of one drug stand on both sides.
    """
    check.axes(features, "features", signature=len(pcl), feature=None)
    if classifier not in CLASSIFIERS:
        near = did_you_mean(classifier, CLASSIFIERS)
        raise ParameterError(f"There is no classifier {classifier!r}. {near}")
    if classifier == "ridge":
        return _ridge_cv(features, np.asarray(pcl, dtype=str), fold)
    make = {
        "logistic": lambda: LogisticRegression(tol=tolerance),
        "svm": lambda: LinearSVC(random_state=0, tol=tolerance),
    }[classifier]
    pcl, named, taught = np.asarray(pcl, dtype=str), np.empty(len(pcl), dtype=object), []
    for test in (fold == number for number in range(fold.max() + 1)):
        with warnings.catch_warnings():
            # the published solvers stop at the default number of steps, and so do ours
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted = make().fit(features[~test], pcl[~test])
        named[test] = fitted.predict(features[test])
        taught.append((fitted.predict(features[~test]) == pcl[~test]).mean())
    return CrossValidated(named.astype(str), fold, np.array(taught))


def _ridge_cv(features: np.ndarray, pcl: np.ndarray, fold: np.ndarray) -> CrossValidated:
    names, label = np.unique(pcl, return_inverse=True)
    named, taught = np.empty(len(pcl), dtype=np.int64), []
    for test, train, hat, seen in _hats(features, fold, with_train=True):
        wanted = np.eye(len(names))[label[train]]
        named[test] = (hat @ wanted).argmax(axis=1)
        taught.append(((seen @ wanted).argmax(axis=1) == label[train]).mean())
    return CrossValidated(names[named], fold, np.array(taught))


def _hats(features: np.ndarray, fold: np.ndarray, *, with_train: bool = False):
    """For each fold: held-out and training rows, and what maps training labels to both: (row, train)."""
    for number in range(fold.max() + 1):
        test, train = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        scaler = StandardScaler().fit(features[train])
        x, asked = scaler.transform(features[train]).astype(float), scaler.transform(features[test])
        n, d = x.shape
        if d <= n:
            solved = np.linalg.solve(x.T @ x + PENALTY * np.eye(d), x.T)
        else:
            solved = x.T @ np.linalg.inv(x @ x.T + PENALTY * np.eye(n))
        # training rows against training rows is the largest array of all: only for those who ask
        yield test, train, _with_mean(asked @ solved), _with_mean(x @ solved) if with_train else None


def _with_mean(hat: np.ndarray) -> np.ndarray:
    """Let a map of centred labels take labels as they are."""
    return hat - hat.mean(axis=1, keepdims=True) + 1 / hat.shape[1]


def null_of_folds(
    features: np.ndarray,
    pcl: np.ndarray,
    groups: np.ndarray,
    fold: np.ndarray,
    *,
    n_permutations: int = 199,
    seed: int = 0,
) -> pd.DataFrame:
    """What held-out drugs of a meaningless class would reach: classes change drugs inside each fold.

    Parameters
    ----------
    features, pcl, fold
        As in :func:`pcl_cv`; the classifier is ridge, whose fit does not depend on labels.
    groups : array, (signature,)
        Drug of each signature, whole in one fold and of one class.
    n_permutations, seed : int
        Draws, and their random seed.

    Returns
    -------
    DataFrame
        One row for each class and one for ``all``: pcl, n, accuracy (recall of the class), null_mean,
        null_low, null_high (2.5th and 97.5th percentile), p (one-sided).

    Raises
    ------
    DataError
        If a drug stands in two folds or two classes.
    """
    names, label = np.unique(np.asarray(pcl, dtype=str), return_inverse=True)
    drug, of_drug, fold_of_drug = _by_drug(label, groups, fold)
    rng, maps = np.random.default_rng(seed), list(_hats(features, fold))
    drawn = [of_drug]
    for _ in range(n_permutations):
        moved = of_drug.copy()
        for number in range(fold.max() + 1):
            here = np.flatnonzero(fold_of_drug == number)
            moved[here] = of_drug[rng.permutation(here)]
        drawn.append(moved)
    scores = np.array([_recalls(maps, one[drug], len(names)) for one in drawn])
    p = (scores >= scores[0] - 1e-12).mean(axis=0)
    low, high = np.nanquantile(scores[1:], (0.025, 0.975), axis=0)
    return pd.DataFrame({
        "pcl": [*names, "all"], "n": [*np.bincount(label), len(label)], "accuracy": scores[0],
        "null_mean": scores[1:].mean(axis=0), "null_low": low, "null_high": high, "p": p,
    })  # fmt: skip


def _by_drug(label, groups, fold):
    """Number of the drug of each row, class and fold of each drug."""
    _, first, drug = np.unique(np.asarray(groups, dtype=str), return_index=True, return_inverse=True)
    if (label != label[first][drug]).any() or (fold != fold[first][drug]).any():
        raise DataError("Each drug must be of one class and stand in one fold. Use folds(pcl, groups=drugs).")
    return drug, label[first], fold[first]


def _recalls(maps, label: np.ndarray, n_classes: int) -> np.ndarray:
    """Recall of each class and share of all, (class + 1,)."""
    right = np.empty(len(label), dtype=bool)
    for test, train, hat, _ in maps:
        right[test] = (hat @ np.eye(n_classes)[label[train]]).argmax(axis=1) == label[test]
    counts = np.bincount(label, minlength=n_classes)
    return np.append(np.bincount(label, right, n_classes) / counts, right.mean())


def compare(
    representations: Mapping[str, np.ndarray],
    pcl: np.ndarray,
    groups: np.ndarray,
    classifiers: Sequence[str],
    *,
    splits: Sequence[str] = SPLITS,
    n_folds: int = 5,
    seed: int = 0,
    tolerance: float = TOLERANCE,
) -> pd.DataFrame:
    """Accuracy of every representation and classifier under each split.

    Parameters
    ----------
    representations : mapping of str to float array, (signature, feature)
    pcl, groups : array of str, (signature,)
        Class and drug.
    classifiers : sequence of str
    splits : sequence of str
        ``random``, ``held-out-drug``.
    n_folds, seed : int
        As in :func:`folds`.
    tolerance : float
        As in :func:`pcl_cv`.

    Returns
    -------
    DataFrame
        representation, n_features, split (``random``, ``held-out-drug``), classifier, accuracy (mean over
        folds), sd (over folds), train_accuracy.

    Raises
    ------
    ParameterError, DataError
        As :func:`pcl_cv` and :func:`folds`.
    """
    rows = []
    for kind in splits:
        fold = folds(pcl, {"random": None, "held-out-drug": groups}[kind], n_folds=n_folds, seed=seed)
        for name, features in representations.items():
            for classifier in classifiers:
                done = pcl_cv(features, pcl, fold, classifier, tolerance=tolerance)
                by_fold = done.accuracy(pcl)
                taught = done.train_accuracy.mean()
                rows.append(
                    (name, features.shape[1], kind, classifier, by_fold.mean(), by_fold.std(), taught)
                )
    columns = ["representation", "n_features", "split", "classifier", "accuracy", "sd", "train_accuracy"]
    return pd.DataFrame(rows, columns=columns)


def gaps(table: pd.DataFrame, classifier: str = "logistic") -> pd.DataFrame:
    """What random folds give away: representation, leak_gap (accuracy less that with drugs held out)."""
    part = table[table["classifier"] == classifier]
    wide = part.pivot(index="representation", columns="split", values="accuracy")
    gap = (wide["random"] - wide["held-out-drug"]).loc[list(dict.fromkeys(part["representation"]))]
    return pd.DataFrame({"representation": gap.index, "leak_gap": gap.to_numpy()})


def over_raw(table: pd.DataFrame, representation: str, kind: str = "random") -> float:
    """Accuracy of a representation less that of raw signatures, logistic regression."""
    part = table[(table["classifier"] == "logistic") & (table["split"] == kind)]
    accuracy = part.set_index("representation")["accuracy"]
    return float(accuracy[representation] - accuracy["raw"])
