"""Classification of signatures by class (PCL), with random folds or with drugs held out."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import PredefinedSplit, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from reread.core import validate
from reread.core.errors import DataError
from reread.core.stats import permutation_p
from reread.lincs.data.splits import folds as group_folds
from reread.lincs.data.tables import Signatures

SPLITS = ("random", "held-out-drug")
PENALTY = 100.0  # of ridge, on standardised features
TOLERANCE = 1e-4  # at which the published solvers stop: the default of scikit-learn


def folds(
    pcl: np.ndarray, groups: np.ndarray | None = None, *, n_folds: int = 5, seed: int = 0
) -> np.ndarray:
    """Assign signatures to folds: classes spread evenly, whole groups in one fold where given.

    ``pcl``: array of str, (signature,). ``groups``: array, (signature,); drug of each signature. Returns int
    array, (signature,). DataError if a class has fewer than two groups (or, without groups, signatures).
    """
    units = pd.DataFrame({"pcl": pcl, "unit": np.arange(len(pcl)) if groups is None else groups})
    counts = units.groupby("pcl")["unit"].nunique()
    if counts.min() < 2:
        least = counts.idxmin()
        raise DataError(f"Class {least} has {counts.min()} to be held out; leave smaller classes out.")
    fold = np.empty(len(pcl), dtype=np.int64)
    by = () if groups is None else ("unit",)
    for part in group_folds(units, by=by, n_folds=n_folds, seed=seed):
        fold[part.test] = part.name
    return fold


def pcl_cv(
    features: np.ndarray, pcl: np.ndarray, fold: np.ndarray, classifier: str = "logistic", *,
    tolerance: float = TOLERANCE,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Test and training accuracy (fold,) of a classifier that was not trained on the fold it predicts."""
    validate.axes(features, "features", signature=len(pcl), feature=None)
    logistic, svm = LogisticRegression(tol=tolerance), LinearSVC(random_state=0, tol=tolerance)
    model = {"logistic": logistic, "svm": svm}[classifier]
    with warnings.catch_warnings():
        # the published solvers stop at the default number of steps, and so do ours
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = cross_validate(model, features, pcl, cv=PredefinedSplit(fold), return_train_score=True)
    return found["test_score"], found["train_score"]


def _hats(features: np.ndarray, fold: np.ndarray):
    """For each fold: test and training rows, and the map (test, train) of ridge from training labels."""
    for number in range(fold.max() + 1):
        test, train = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        ridge = make_pipeline(StandardScaler(), Ridge(PENALTY))
        ridge.fit(features[train].astype(float), np.eye(len(train)))
        yield test, train, ridge.predict(features[test].astype(float))


def permuted_classes(
    features: np.ndarray, pcl: np.ndarray, groups: np.ndarray, fold: np.ndarray, *,
    n_permutations: int = 199, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Recall with drugs held out, beside that of classes permuted among the drugs of a fold.

    ``features``: float array, (signature, feature); the classifier is ridge, whose fit does not depend on
    labels. ``pcl``: array of str, (signature,). ``groups``: array, (signature,); drug of each signature, in
    one fold and of one class. ``fold``: int array, (signature,); from :func:`folds`. Returns DataFrame: one
    row for each class and one for ``all``: pcl, n, accuracy (recall of the class), null_mean, null_low,
    null_high (2.5th and 97.5th percentile), p (one-sided). DataError if a drug has two folds or two classes.
    """
    names, label = np.unique(np.asarray(pcl, dtype=str), return_inverse=True)
    _, first, drug = np.unique(groups, return_index=True, return_inverse=True)
    class_of_drug, fold_of_drug = label[first], fold[first]
    if (label != class_of_drug[drug]).any() or (fold != fold_of_drug[drug]).any():
        raise DataError("Each drug must have one class and one fold. Use folds(pcl, groups=drugs).")
    rng, maps = np.random.default_rng(seed), list(_hats(features, fold))
    permuted = [class_of_drug]
    for _ in range(n_permutations):
        moved = class_of_drug.copy()
        for number in range(fold.max() + 1):
            here = np.flatnonzero(fold_of_drug == number)
            moved[here] = class_of_drug[rng.permutation(here)]
        permuted.append(moved)
    scores = np.array([_recalls(maps, one[drug], len(names)) for one in permuted])
    low, high = np.nanquantile(scores[1:], (0.025, 0.975), axis=0)
    return pd.DataFrame({
        "pcl": [*names, "all"], "n": [*np.bincount(label), len(label)], "accuracy": scores[0],
        "null_mean": scores[1:].mean(axis=0), "null_low": low, "null_high": high,
        "p": permutation_p(scores[0], scores[1:]),
    })  # fmt: skip


def _recalls(maps, label: np.ndarray, n_classes: int) -> np.ndarray:
    """Recall of each class, and accuracy, (class + 1,)."""
    right = np.empty(len(label), dtype=bool)
    for test, train, hat in maps:
        right[test] = (hat @ np.eye(n_classes)[label[train]]).argmax(axis=1) == label[test]
    counts = np.bincount(label, minlength=n_classes)
    return np.append(np.bincount(label, right, n_classes) / counts, right.mean())


def negative_control(
    features: np.ndarray, signatures: Signatures, *, n_folds: int = 5, n_permutations: int = 199,
    seed: int = 0,
) -> dict[str, float]:  # fmt: skip
    """Classify the simulated classes without effect against each other, with drugs held out.

    Among classes with an effect, one without is recognised by having none, so its recall exceeds chance.
    Between two of them there is nothing to recognise.

    ``features``: float array, (signature, feature). ``signatures``: each of a drug with a class. Returns dict
    of str to float: ``accuracy``, ``null_mean`` and ``p``; empty where fewer than two such classes were
    simulated. DataError if sizes do not fit.
    """
    validate.axes(features, "features", signature=len(signatures), feature=None)
    truth, meta = signatures.truth, signatures.meta
    inert = [] if truth is None else [pcl for pcl, kind in truth.kinds.items() if kind == "inert"]
    if len(inert) < 2:
        return {}
    rows = meta["pcl"].isin(inert).to_numpy()
    pcl, drug = (meta.loc[rows, name].to_numpy(str) for name in ("pcl", "pert_name"))
    fold = folds(pcl, drug, n_folds=n_folds, seed=seed)
    found = permuted_classes(features[rows], pcl, drug, fold, n_permutations=n_permutations, seed=seed)
    every = found.set_index("pcl").loc["all"]
    return {name: float(every[name]) for name in ("accuracy", "null_mean", "p")}


def compare(
    representations: Mapping[str, np.ndarray], pcl: np.ndarray, groups: np.ndarray | None,
    classifiers: Sequence[str], *, splits: Sequence[str] = SPLITS, n_folds: int = 5, seed: int = 0,
    tolerance: float = TOLERANCE,
) -> pd.DataFrame:  # fmt: skip
    """Accuracy of every representation and classifier with each split.

    ``representations``: mapping of str to float array, (signature, feature). ``pcl``, ``groups``: array of
    str, (signature,); class and drug. ``classifiers``: sequence of str; ``logistic``, ``svm``.
    ``splits``: sequence of str; ``random``, ``held-out-drug``. ``tolerance``: at which the solvers stop.
    Returns DataFrame: representation, n_features, split, classifier, accuracy (mean over folds), sd (over
    folds), train_accuracy.
    ParameterError if a classifier is unknown. DataError if a class is too small, or sizes do not fit.
    """
    rows = []
    for kind in splits:
        fold = folds(pcl, {"random": None, "held-out-drug": groups}[kind], n_folds=n_folds, seed=seed)
        for (name, features), classifier in product(representations.items(), classifiers):
            test, train = pcl_cv(features, pcl, fold, classifier, tolerance=tolerance)
            rows.append((name, features.shape[1], kind, classifier, test.mean(), test.std(), train.mean()))
    columns = ["representation", "n_features", "split", "classifier", "accuracy", "sd", "train_accuracy"]
    return pd.DataFrame(rows, columns=columns)


def gaps(table: pd.DataFrame, classifier: str = "logistic") -> pd.DataFrame:
    """Accuracy with random folds minus that with drugs held out.

    ``table``: from :func:`compare`. Returns DataFrame, (representation,): ``representation`` and
    ``leak_gap``, a difference of accuracies (-1 to 1).
    """
    part = table[table["classifier"] == classifier].set_index("representation")
    random, held_out = (part.loc[part["split"] == kind, "accuracy"] for kind in SPLITS)
    return (random - held_out).rename("leak_gap").reset_index()
