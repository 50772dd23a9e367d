"""Split samples into training and test: at random, by replicate, by study or stage."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.core.splits import Fold, random_share
from reread.maize.data.tables import Expression

KINDS = ("random", "replicate", "group")


@dataclass(frozen=True, eq=False)
class Split(Fold):
    """One fold; its name is ``random 1``, ``replicate 3``, ``group 2``, its kind one of ``KINDS``.

    ``without_training`` and ``untested`` are tissues without a training or a test sample.
    ``never_held_out`` are replicates or groups in training in every fold, because a tissue has no other.
    """

    kind: str = "random"
    without_training: tuple[str, ...] = ()
    untested: tuple[str, ...] = ()
    never_held_out: tuple[str, ...] = ()


def split(data: Expression, kind: str, *, test: float = 0.2, seed: int = 0, n_folds: int = 1) -> list[Split]:
    """Split samples in one of three ways, from the easiest test to the hardest.

    ``random``: a share ``test`` (0 to 1) of the samples, again for each of ``n_folds``. ``replicate``: one
    replicate number a fold, the last first; no random numbers. ``group``: whole studies or stages, and every
    tissue keeps one in training; one fold holds out about ``test`` of the samples, several hold out each
    group once. Raises ParameterError for a kind, share or number out of range, and DataError if a part would
    be empty. Source: ``train_test_split(test_size=.2)`` in the authors' four notebooks, without a seed;
    ``random`` is the same call with a seed, the other two are ours.
    """
    if kind not in KINDS:
        raise ParameterError(f"There is no hold-out {kind!r}. {did_you_mean(kind, KINDS)}")
    if not 0 < test < 1 or n_folds < 1:
        found = f"but they are {test!r} and {n_folds!r}"
        raise ParameterError(f"test must lie between 0 and 1 and n_folds be at least 1, {found}.")
    if kind == "random":
        drawn = [random_share(len(data.samples), test, seed=seed * n_folds + i).test for i in range(n_folds)]
        return [_made(data, rows, f"random {i}", "random") for i, rows in enumerate(drawn, 1)]
    if kind == "replicate":
        return _by_replicate(data, n_folds)
    return _by_group(data, test, seed, n_folds)


def split_all(
    data: Expression, kinds: Iterable[str], *, test: float = 0.2, seed: int = 0, n_folds: int = 1
) -> list[Split]:
    """Folds of several kinds of hold-out, one kind after the other.

    Returns a list of :class:`Split`, with row numbers (sample,). Arguments and errors as :func:`split`.
    """
    return [one for kind in kinds for one in split(data, kind, test=test, seed=seed, n_folds=n_folds)]


def _by_replicate(data: Expression, n_folds: int) -> list[Split]:
    """Samples whose tissue has no other replicate stay in training."""
    numbers = np.unique(data.replicate)
    lone = np.array([len(np.unique(data.replicate[data.tissue == tissue])) < 2 for tissue in data.tissue])
    stay = tuple(dict.fromkeys(f"replicate {data.replicate[i]} of {data.tissues[data.tissue[i]]}"
                               for i in np.flatnonzero(lone)))  # fmt: skip
    folds = [(number, np.flatnonzero((data.replicate == number) & ~lone)) for number in numbers[::-1]]
    folds = [(number, rows) for number, rows in folds if len(rows)][:n_folds]
    if not folds:
        found = "No replicate can be held out: every tissue has only one replicate number"
        raise DataError(f"{found}.\nNumber the replicates, or hold out by group.")
    return [_made(data, rows, f"replicate {number}", "replicate", stay) for number, rows in folds]


def _by_group(data: Expression, test: float, seed: int, n_folds: int) -> list[Split]:
    names, group = np.unique(data.group, return_inverse=True)
    has = np.zeros((len(names), data.n_tissues), dtype=bool)  # (group, tissue)
    has[group, data.tissue] = True
    size = np.bincount(group, minlength=len(names))
    order = np.random.default_rng(seed).permutation(len(names))
    place = (_one_fold if n_folds == 1 else _folds)(has, size, order, test, n_folds)
    stay = tuple(str(name) for name in names[_is_only(has) if n_folds == 1 else place < 0])
    if set(place.tolist()) - {-1} != set(range(n_folds)):
        raise DataError(
            f"{n_folds} folds by group need {n_folds} groups that can be held out, but only "
            f"{int((~_is_only(has)).sum())} of {len(names)} leave their tissues another group in training.\n"
            f"Use fewer folds, or hold out replicates."
        )
    rows = [np.flatnonzero(place[group] == fold) for fold in range(n_folds)]
    return [_made(data, part, f"group {fold + 1}", "group", stay) for fold, part in enumerate(rows)]


def _is_only(has: np.ndarray) -> np.ndarray:
    """Mask (group,) of those that hold all samples of some tissue, from ``has`` (group, tissue)."""
    return (has & (has.sum(axis=0) == 1)).any(axis=1)


def _one_fold(has: np.ndarray, size: np.ndarray, order: np.ndarray, test: float, _n: int) -> np.ndarray:
    """0 for groups (group,) that are held out, else -1: as near to ``test`` as groups allow, at least one."""
    fold_of, wanted, n_out = np.full(len(size), -1), test * size.sum(), 0
    for g in order:
        comes_nearer = abs(n_out + size[g] - wanted) < abs(n_out - wanted)
        if comes_nearer and _leaves_one(has, fold_of == 0, g):
            fold_of[g], n_out = 0, n_out + size[g]
    if not n_out:  # few large groups: the smallest that may leave training
        free = [g for g in order if _leaves_one(has, fold_of == 0, g)]
        fold_of[sorted(free, key=lambda g: size[g])[:1]] = 0
    return fold_of


def _folds(has: np.ndarray, size: np.ndarray, order: np.ndarray, _test: float, n_folds: int) -> np.ndarray:
    """Fold of each group (group,), -1 where it must stay in training; the emptiest fold that may take it."""
    place, filled = np.full(len(size), -1), np.zeros(n_folds)
    for g in order:
        for fold in np.argsort(filled, kind="stable"):
            if _leaves_one(has, place == fold, g):
                place[g] = fold
                filled[fold] += size[g]
                break
    return place


def _leaves_one(has: np.ndarray, is_out: np.ndarray, g: int) -> bool:
    """Whether each tissue of group ``g`` keeps a group in training when ``g`` joins those held out."""
    left = has.sum(axis=0) - has[is_out].sum(axis=0)
    return bool((left[has[g]] > 1).all())


def _made(data: Expression, held_out: np.ndarray, name: str, kind: str, stay: tuple[str, ...] = ()) -> Split:
    test = np.sort(held_out)
    train = np.setdiff1d(np.arange(len(data.samples)), test)
    trained, tested = (np.bincount(data.tissue[rows], minlength=data.n_tissues) > 0 for rows in (train, test))
    words = np.asarray(data.tissues, dtype=object)
    return Split(name, train, test, kind, tuple(words[tested & ~trained]), tuple(words[~tested]), stay)
