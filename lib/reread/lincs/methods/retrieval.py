"""Score the retrieval of targets: reciprocal ranks and hits of every drug, beside shuffled names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from reread.core import validate as check
from reread.core.errors import DataError
from reread.lincs.data.tables import Signatures
from reread.lincs.methods.target_ranks import first_target_rank, mean_rank_by_chance, p_of_rank, score_genes

HITS = (1, 5, 10)
AGAINST = {"knockdown": "gene", "drug": "pcl"}


def score_against(features: np.ndarray, meta: pd.DataFrame, against: str) -> pd.DataFrame:
    """Correlation of the mean signature of each drug with that of each gene, or of each class of other drugs.

    Parameters
    ----------
    features : float array, (signature, feature)
    meta : DataFrame, (signature,)
    against : str
        ``knockdown`` (columns are genes) or ``drug`` (columns are classes; the mean of a class leaves the
        drug itself out).

    Returns
    -------
    DataFrame, (drug, name)
        A class whose only drug is the row itself has -1, the lowest correlation.

    Raises
    ------
    DataError
        If there is nothing to compare with, or sizes do not fit.
    """
    check.axes(features, "features", signature=len(meta), feature=None)
    drug, names = meta["pert_name"].to_numpy(str), meta[AGAINST[against]].to_numpy(str)
    is_drug, held = (meta["kind"] == "drug").to_numpy(), (meta["kind"] == against).to_numpy() & (names != "")
    if not held.any():
        raise DataError(f"There is no {against} with a name to compare a drug with. Choose another source.")
    if against == "knockdown":
        return score_genes(features[is_drug], drug[is_drug], features[held], names[held])
    asked = np.unique(drug[held])
    rows = [
        score_genes(
            features[is_drug & (drug == one)], np.repeat(one, (is_drug & (drug == one)).sum()),
            features[held & (drug != one)], names[held & (drug != one)],
        )
        for one in asked
    ]  # fmt: skip
    return pd.concat(rows).reindex(columns=np.unique(names[held])).fillna(-1.0)


def retrieve(scores: pd.DataFrame, targets: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Rank of the first target of each drug among all genes.

    Parameters
    ----------
    scores : DataFrame, (drug, gene)
        Higher is more alike.
    targets : mapping of str to sequence of str
        Genes of each drug; genes that were not knocked down are left out, and drugs without any other.

    Returns
    -------
    DataFrame
        drug, n_targets, rank (from 1), by_chance (mean rank in random order, from 1), reciprocal, hit1, hit5,
        hit10, p (random order), q (Benjamini and Hochberg).

    Raises
    ------
    DataError
        If no drug has a target among the genes.
    """
    is_target = target_matrix(scores, targets)
    kept = is_target.any(axis=1)
    if not kept.any():
        raise DataError("No drug has a target among the genes that were knocked down.")
    rank = _first_ranks(scores.to_numpy(), is_target)[kept]
    n, k = scores.shape[1], is_target.sum(axis=1)[kept]
    p = p_of_rank(rank, n, k)
    table = pd.DataFrame({
        "drug": scores.index[kept], "n_targets": k, "rank": rank, "by_chance": (n + 1) / (k + 1),
        "reciprocal": 1 / rank, **{f"hit{hit}": rank <= hit for hit in HITS}, "p": p,
        "q": false_discovery_control(p),
    })  # fmt: skip
    return table.reset_index(drop=True)


def target_matrix(scores: pd.DataFrame, targets: Mapping[str, Sequence[str]]) -> np.ndarray:
    """Bool (drug, gene): which gene is a target of which drug."""
    genes = [set(targets.get(str(drug), ())) for drug in scores.index]
    return np.array([[gene in wanted for gene in scores.columns] for wanted in genes], dtype=bool)


def _first_ranks(scores: np.ndarray, is_target: np.ndarray) -> np.ndarray:
    """Rank from 1 (drug,) of the best target; a drug without one gets the number of genes plus one."""
    best = np.where(is_target, scores, -np.inf).max(axis=1, keepdims=True)
    return (scores > best).sum(axis=1) + 1


def mrr_null(
    scores: pd.DataFrame, targets: Mapping[str, Sequence[str]], *, n_permutations: int = 999, seed: int = 0
) -> pd.Series:
    """Mean reciprocal rank and hits at 1, 5, 10, beside what genes of shuffled names would give.

    Parameters
    ----------
    scores, targets
        As in :func:`retrieve`.
    n_permutations, seed : int
        Draws of the null, and their random seed. Shuffling names keeps drugs that share targets together, and
        keeps genes that are alike to everything.

    Returns
    -------
    Series
        ``mrr``, ``hit1``, ``hit5``, ``hit10``, ``null_mrr`` (mean), ``null_high`` (95th percentile), ``p``,
        ``n`` (drugs).

    Raises
    ------
    DataError
        As :func:`retrieve`.
    """
    found = retrieve(scores, targets)
    is_target = target_matrix(scores, targets)
    kept = is_target.any(axis=1)
    values, is_target = scores.to_numpy()[kept], is_target[kept]
    rng = np.random.default_rng(seed)
    null = np.array([
        (1 / _first_ranks(values, is_target[:, rng.permutation(values.shape[1])])).mean()
        for _ in range(n_permutations)
    ])  # fmt: skip
    mrr = found["reciprocal"].mean()
    return pd.Series({
        "mrr": mrr, **{f"hit{hit}": found[f"hit{hit}"].mean() for hit in HITS}, "null_mrr": null.mean(),
        "null_high": np.quantile(null, 0.95), "p": (1 + (null >= mrr - 1e-12).sum()) / (1 + n_permutations),
        "n": len(found),
    })  # fmt: skip


def by_group(
    scores: pd.DataFrame,
    targets: Mapping[str, Sequence[str]],
    group: Mapping[str, str],
    *,
    n_permutations: int = 999,
    seed: int = 0,
) -> pd.DataFrame:
    """:func:`mrr_null` for each group of drugs (drug to group), a row each: group and what that gives."""
    rows = []
    for name in dict.fromkeys(group[str(drug)] for drug in scores.index if str(drug) in group):
        part = scores.loc[[drug for drug in scores.index if group.get(str(drug)) == name]]
        if target_matrix(part, targets).any():
            rows.append({"group": name, **mrr_null(part, targets, n_permutations=n_permutations, seed=seed)})
    return pd.DataFrame(rows).sort_values("mrr", ascending=False, ignore_index=True)


def by_representation(
    representations: Mapping[str, np.ndarray],
    signatures: Signatures,
    against: str,
    targets: Mapping[str, Sequence[str]],
    *,
    n_permutations: int = 999,
    seed: int = 0,
) -> pd.DataFrame:
    """:func:`by_group` from every representation: representation, group, mrr, hits, null_mrr, mrr_p, n."""
    group, parts = groups_of(signatures), []
    for name, features in representations.items():
        scores = score_against(features, signatures.meta, against)
        part = by_group(scores, targets, group, n_permutations=n_permutations, seed=seed)
        parts.append(part.assign(representation=name))
    return pd.concat(parts, ignore_index=True).rename(columns={"p": "mrr_p"})


def groups_of(signatures: Signatures) -> dict[str, str]:
    """Drug to what its class was planted as (strong, weak, inert); ``all`` where nothing was planted."""
    drugs = signatures.meta[signatures.meta["kind"] == "drug"].drop_duplicates("pert_name")
    planted = signatures.truth
    kind = dict(zip(planted.pcls, planted.strength, strict=True)) if planted is not None else {}
    return {name: kind.get(pcl, "all") for name, pcl in zip(drugs["pert_name"], drugs["pcl"], strict=True)}


def drug_ranks(
    features: np.ndarray, meta: pd.DataFrame, targets: Mapping[str, Sequence[str]], against: str = "knockdown"
) -> pd.DataFrame:
    """Rank of the first target for every signature of every drug, as published, beside random order.

    Parameters
    ----------
    features, meta, against
        As in :func:`score_against`.
    targets : mapping of str to sequence of str

    Returns
    -------
    DataFrame
        drug, n_signatures, n_of_targets (reference signatures), mean_rank (from 1), by_chance, null_share
        (how often a single signature in random order is before ``by_chance``: ranks lean to one side, so that
        it is more than one half).

    Notes
    -----
    Source: the authors' analysis notebook, in 92, which prints the mean rank alone.
    """
    drug, names = meta["pert_name"].to_numpy(str), meta[AGAINST[against]].to_numpy(str)
    is_drug, held = (meta["kind"] == "drug").to_numpy(), (meta["kind"] == against).to_numpy() & (names != "")
    rows = []
    for one in np.unique(drug[is_drug]):
        others = held & ~(is_drug & (drug == one))
        hit = np.isin(names[others], targets.get(one, ()))
        if hit.any():
            rank = first_target_rank(features[is_drug & (drug == one)], features[others], hit)
            chance = mean_rank_by_chance(len(hit), int(hit.sum()))
            before = float(p_of_rank(np.ceil(chance) - 1, len(hit), hit.sum()))
            rows.append((one, len(rank), int(hit.sum()), rank.mean(), chance, before))
    columns = ["drug", "n_signatures", "n_of_targets", "mean_rank", "by_chance", "null_share"]
    return pd.DataFrame(rows, columns=columns)
