"""Turn a method's scores into probabilities by a map fitted on inner folds; measure as the authors did."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from reread.core.score import auroc, average_precision, calibrate
from reread.networks.data.splits import Fold, inner_folds
from reread.networks.data.tables import Pairs, World
from reread.networks.models.cross_validate import cross_validate

Score = Callable[[Pairs, np.ndarray, np.ndarray, int], np.ndarray]


def network_score(kind: str, world: World, *, epochs: int, **settings) -> Score:
    """Give a network the signature of all methods: ``score(pairs, train, test, seed) -> (test pair,)``.

    Parameters
    ----------
    kind, world, epochs, settings
        As :func:`reread.networks.models.cross_validate.cross_validate`. ``pairs`` has to be the list of
        ``world``.
    """
    return partial(_network_score, kind, world, epochs, settings)


def _network_score(kind, world, epochs, settings, pairs, train, test, seed) -> np.ndarray:
    world = World(world.expression, pairs, world.tfs, world.truth)
    fold = Fold(0, np.asarray(train), np.asarray(test))
    return cross_validate(kind, world, [fold], epochs=epochs, seed=seed, **settings).scores[test]


def calibrated_scores(
    score: Score, pairs: Pairs, fold: Fold, *, scheme: str = "tf", n_inner: int = 3, seed: int = 0
) -> dict[str, np.ndarray]:
    """Score the test rows of a fold, raw and calibrated on inner folds of its training rows.

    Parameters
    ----------
    score : function
        ``score(pairs, train, test, seed)`` to scores (test pair,).
    pairs : Pairs
        Genes and labels.
    fold : Fold
        Training and test rows. No test label is looked at.
    scheme : str
        Split of the inner folds; ``tf`` asks for what a new TF would get.
    n_inner : int
        Inner folds.
    seed : int
        Of the method and of the inner split.

    Returns
    -------
    dict of float arrays, (test pair,)
        ``raw`` scores and ``calibrated`` probabilities.

    Raises
    ------
    DataError
        If an inner fold is empty or has one class only.

    Notes
    -----
    Isotonic, fitted on the out-of-fold scores of all inner folds together.
    """
    inner = inner_folds(pairs, fold.train, scheme, n_folds=n_inner, seed=seed)
    out_of_fold = np.concatenate([score(pairs, part.train, part.test, seed) for part in inner])
    label = np.concatenate([pairs.label[part.test] for part in inner])
    raw = score(pairs, fold.train, fold.test, seed)
    return {"raw": raw, "calibrated": calibrate(out_of_fold, label)(raw)}


def published_measures(label: np.ndarray, score: np.ndarray) -> dict[str, float]:
    """Measure as the authors' script does, with true average precision beside its "AUPR".

    Parameters
    ----------
    label : int array, (pair,)
        0 or 1.
    score : float array, (pair,)
        Probabilities.

    Returns
    -------
    dict of float
        auroc, average_precision; then at the threshold that Youden's index picks *on these very labels*:
        accuracy, recall, precision, f1; and ``aupr_of_binarised``, the area under the precision-recall line
        of the binarised predictions, which the authors print as AUPR.

    Notes
    -----
    Source: the released script of DeepTGI. A score equal to the threshold counts as negative there.
    """
    from sklearn.metrics import auc, precision_recall_curve, roc_curve

    false_rate, true_rate, thresholds = roc_curve(label, score)
    called = score > thresholds[np.argmax(true_rate - false_rate)]
    hits, n_called, n_positive = int(label[called].sum()), int(called.sum()), int(label.sum())
    precision_line, recall_line, _ = precision_recall_curve(label, called)
    return {
        "auroc": auroc(label, score),
        "average_precision": average_precision(label, score),
        "accuracy": float((called == label).mean()),
        "recall": hits / n_positive,
        "precision": hits / max(n_called, 1),
        "f1": 2 * hits / (n_called + n_positive),
        "aupr_of_binarised": float(auc(recall_line, precision_line)),
    }
