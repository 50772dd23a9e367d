"""Try class profiles on signatures: rank the classes of each one, and compare with random classes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from reread.core import validate as check
from reread.core.errors import DataError
from reread.lincs.data.published_weights import Example
from reread.lincs.data.tables import Signatures
from reread.lincs.methods.class_codes import _correlation

N_TOP = 5


@dataclass(frozen=True, eq=False)
class Tried:
    """Class profiles tried on signatures.

    Attributes
    ----------
    score : float array, (signature, pcl)
        Correlations.
    own : int array, (signature,)
        Index of the own class.
    drugs : DataFrame, (drug,)
        As of :func:`scores`, with ``pcl``.
    macro : dict
        As of :func:`macro`.
    """

    score: np.ndarray = field(repr=False)
    own: np.ndarray = field(repr=False)
    drugs: pd.DataFrame
    macro: dict[str, float]

    def mrr_of(self, pcl: str) -> float:
        """Mean reciprocal rank over the drugs of one class; NaN if there is none."""
        return float(self.drugs.loc[self.drugs["pcl"] == pcl, "mrr"].mean())


def tried(
    profiles: np.ndarray,
    pcls: tuple[str, ...],
    signatures: Signatures,
    *,
    n_permutations: int = 999,
    seed: int = 0,
) -> Tried:
    """Correlate, rank, score by drug, and compare with random classes; errors as of the steps below."""
    score = transfer(profiles, signatures.values)
    rank, own = class_ranks(score), own_class(signatures.meta["pcl"], pcls)
    drug = signatures.meta["pert_name"].to_numpy(dtype=str)
    class_of = dict(zip(drug, signatures.meta["pcl"], strict=True))
    drugs = scores(rank, own, drug)
    drugs.insert(1, "pcl", drugs["drug"].map(class_of))
    return Tried(score, own, drugs, macro(rank, own, drug, n_permutations=n_permutations, seed=seed))


def transfer(profiles: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Correlation of every signature (signature, gene) with every class profile (pcl, gene).

    Returns
    -------
    float64 array, (signature, pcl)

    Raises
    ------
    DataError
        If numbers of genes differ, or a row is constant.

    Notes
    -----
    Source: ours. The paper assigns by Euclidean distance of the hidden state to the codes, so the length of
    a code counts beside its direction.
    """
    check.axes(values, "values", signature=None, gene=np.shape(profiles)[1])
    return _correlation(values, profiles, "values or profiles")


def class_ranks(score: np.ndarray) -> np.ndarray:
    """Rank (signature, pcl) of each class for each signature: 1 is the best; ties get the better rank."""
    return 1 + (score[:, None, :] > score[:, :, None]).sum(axis=2)


def own_class(pcl: pd.Series, pcls: tuple[str, ...]) -> np.ndarray:
    """Index (signature,) of the class of each signature.

    Raises
    ------
    DataError
        If a signature has no class, or one that is unknown.
    """
    place = pd.Index(pcls).get_indexer(pd.Index(pcl))
    if (place < 0).any():
        raise DataError(f"No profile is there for the class {pcl[place < 0].iloc[0]!r}.")
    return place


def scores(rank: np.ndarray, own: np.ndarray, drug: np.ndarray) -> pd.DataFrame:
    """How well the own class ranks, drug by drug.

    Parameters
    ----------
    rank : int array, (signature, pcl)
    own : int array, (signature,)
    drug : array of str, (signature,)

    Returns
    -------
    DataFrame, (drug,)
        ``drug``, ``n`` signatures, ``mrr`` (mean reciprocal rank), ``top1``, ``top5`` (shares).
    """
    mine = rank[np.arange(len(own)), own]
    table = pd.DataFrame({"drug": drug, "mrr": 1 / mine, "top1": mine == 1, "top5": mine <= N_TOP})
    found = table.groupby("drug", sort=True).mean().astype(float)
    found.insert(0, "n", table.groupby("drug").size())
    return found.reset_index()


def macro(
    rank: np.ndarray, own: np.ndarray, drug: np.ndarray, *, n_permutations: int = 999, seed: int = 0
) -> dict[str, float]:
    """Mean over drugs of the mean reciprocal rank, beside what random classes would reach.

    Parameters
    ----------
    rank, own, drug
        As for :func:`scores`.
    n_permutations : int
        Draws of the null.
    seed : int

    Returns
    -------
    dict
        ``macro_mrr``; ``null_mean``, ``null_q95``; ``p``, one-sided, counting the observed value as a draw;
        ``top1``, ``top5`` over signatures.

    Notes
    -----
    The null gives every class another name, drawn without replacement, so that drugs of one class stay
    together and the shape of the ranks is kept: a profile that everything resembles stays so.
    """
    names, group = np.unique(drug, return_inverse=True)
    reciprocal = np.zeros((len(names), rank.shape[1]))
    np.add.at(reciprocal, group, 1 / rank)
    reciprocal /= np.bincount(group)[:, None]
    own_of = np.array([_one(own[group == i], names[i]) for i in range(len(names))])
    observed = float(reciprocal[np.arange(len(names)), own_of].mean())
    rng = np.random.default_rng(seed)
    null = np.array(
        [
            reciprocal[np.arange(len(names)), rng.permutation(rank.shape[1])[own_of]].mean()
            for _ in range(n_permutations)
        ]
    )
    mine = rank[np.arange(len(own)), own]
    # sums in another order differ in their last digits
    p = (1 + int((null >= observed - 1e-12).sum())) / (1 + n_permutations)
    return {
        "macro_mrr": observed, "null_mean": float(null.mean()), "null_q95": float(np.quantile(null, 0.95)),
        "p": p, "top1": float((mine == 1).mean()), "top5": float((mine <= N_TOP).mean()),
    }  # fmt: skip


def of_example(
    score: np.ndarray, meta: pd.DataFrame, pcls: tuple[str, ...], example: Example
) -> dict[str, int]:
    """For one drug in one line, how many signatures have one of the right classes in first place.

    Raises
    ------
    DataError
        If there is no such signature.
    """
    rows = ((meta["pert_name"] == example.drug) & (meta["cell"] == example.cell)).to_numpy()
    if not rows.any():
        raise DataError(f"There is no signature of {example.drug} in {example.cell}.")
    first = np.asarray(pcls)[score[rows].argmax(axis=1)]
    return {"n": int(rows.sum()), "on_pathway": int(np.isin(first, example.classes).sum())}


def _one(own: np.ndarray, drug: str) -> int:
    if len(set(own.tolist())) > 1:
        raise DataError(f"{drug} has signatures of several classes; a drug needs one.")
    return int(own[0])
