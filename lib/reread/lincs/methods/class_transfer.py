"""Class profiles on signatures that training did not see: ranks of the own class, beside permuted classes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from reread.core import validate
from reread.core.errors import DataError
from reread.core.stats import permutation_p, rank_descending
from reread.lincs.data.tables import Signatures
from reread.lincs.methods.class_codes import correlation
from reread.lincs.models.published_weights import Example

N_TOP = 5


@dataclass(frozen=True, eq=False)
class Transfer:
    """Correlations (signature, pcl), own class (signature,), scores of each drug, and their mean over drugs.

    ``drugs`` has drug, pcl, n, mrr (mean reciprocal rank), top1 and top5; ``macro`` is that of :func:`macro`.
    """

    score: np.ndarray = field(repr=False)
    own: np.ndarray = field(repr=False)
    drugs: pd.DataFrame
    macro: dict[str, float]

    def mrr_of(self, pcl: str) -> float:
        """Mean reciprocal rank over the drugs of one class; NaN if there is none."""
        return float(self.drugs.loc[self.drugs["pcl"] == pcl, "mrr"].mean())


def evaluate_transfer(
    profiles: np.ndarray, pcls: tuple[str, ...], signatures: Signatures, *, n_permutations: int = 999,
    seed: int = 0,
) -> Transfer:  # fmt: skip
    """Rank the classes of each signature by correlation with their profiles, and score them by drug.

    ``profiles``: float array, (pcl, gene). ``pcls``: tuple of str, (pcl,). ``signatures``: each of a drug
    with a class.
    DataError if genes differ in number, a row is constant, or a class is unknown.
    Source: ours. The paper assigns by Euclidean distance between hidden state and codes.
    """
    validate.axes(signatures.values, "values", signature=None, gene=np.shape(profiles)[1])
    score = correlation(signatures.values, profiles, "values or profiles")
    rank, own = rank_descending(score, axis=1), own_class(signatures.meta["pcl"], pcls)
    drug = signatures.meta["pert_name"].to_numpy(dtype=str)
    mine = rank[np.arange(len(own)), own]
    table = pd.DataFrame({"drug": drug, "mrr": 1 / mine, "top1": mine == 1, "top5": mine <= N_TOP})
    drugs = table.groupby("drug", sort=True).mean().astype(float)
    drugs.insert(0, "n", table.groupby("drug").size())
    drugs.insert(0, "pcl", drugs.index.map(dict(zip(drug, signatures.meta["pcl"], strict=True))))
    return Transfer(
        score, own, drugs.reset_index(), macro(rank, own, drug, n_permutations=n_permutations, seed=seed)
    )


def own_class(pcl: pd.Series, pcls: tuple[str, ...]) -> np.ndarray:
    """Index (signature,) of the class of each signature; an unknown class is a DataError."""
    index = pd.Index(pcls).get_indexer(pd.Index(pcl))
    if (index < 0).any():
        raise DataError(f"There is no profile of the class {pcl[index < 0].iloc[0]!r}.")
    return index


def macro(
    rank: np.ndarray, own: np.ndarray, drug: np.ndarray, *, n_permutations: int = 999, seed: int = 0
) -> dict[str, float]:
    """Mean over drugs of the mean reciprocal rank of the own class, beside permuted class names.

    ``rank`` (signature, pcl), ``own`` and ``drug`` (signature,). Permuting names keeps drugs of one class
    together, and a profile that correlates with every signature stays so. Returns ``macro_mrr``,
    ``null_mean``, ``null_q95``, ``p``, and ``top1`` and ``top5`` over signatures.
    """
    names, group = np.unique(drug, return_inverse=True)
    reciprocal = np.zeros((len(names), rank.shape[1]))
    np.add.at(reciprocal, group, 1 / rank)
    reciprocal /= np.bincount(group)[:, None]
    own_of = np.array([_only(own[group == i], names[i]) for i in range(len(names))])
    each = np.arange(len(names))
    observed = float(reciprocal[each, own_of].mean())
    rng = np.random.default_rng(seed)
    null = np.array(
        [reciprocal[each, rng.permutation(rank.shape[1])[own_of]].mean() for _ in range(n_permutations)]
    )
    mine = rank[np.arange(len(own)), own]
    return {
        "macro_mrr": observed, "null_mean": float(null.mean()), "null_q95": float(np.quantile(null, 0.95)),
        "p": permutation_p(observed, null), "top1": float((mine == 1).mean()),
        "top5": float((mine <= N_TOP).mean()),
    }  # fmt: skip


def of_example(
    score: np.ndarray, meta: pd.DataFrame, pcls: tuple[str, ...], example: Example
) -> dict[str, int]:
    """Count the signatures of one drug in one cell line whose best class is one of the expected.

    ``score``: float array, (signature, pcl). ``meta``: DataFrame, (signature,). ``pcls``: tuple of str,
    (pcl,). ``example``: Example.
    Returns dict: ``n`` signatures and ``on_pathway`` among them.
    DataError if there is no such signature.
    """
    rows = ((meta["pert_name"] == example.drug) & (meta["cell"] == example.cell)).to_numpy()
    if not rows.any():
        raise DataError(f"There is no signature of {example.drug} in {example.cell}.")
    first = np.asarray(pcls)[score[rows].argmax(axis=1)]
    return {"n": int(rows.sum()), "on_pathway": int(np.isin(first, example.classes).sum())}


def _only(own: np.ndarray, drug: str) -> int:
    if len(set(own.tolist())) > 1:
        raise DataError(f"{drug} has signatures of several classes; a drug needs one.")
    return int(own[0])
