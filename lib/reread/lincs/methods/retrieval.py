"""Retrieval of drug targets: reciprocal ranks and hits of every drug, beside permuted names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import hypergeom, nhypergeom

from reread.core import validate
from reread.core.errors import DataError
from reread.core.stats import benjamini_hochberg, permutation_p, unit_rows
from reread.lincs.data.tables import Signatures

HITS = (1, 5, 10)
AGAINST = {"knockdown": "gene", "drug": "pcl"}
Targets = Mapping[str, Sequence[str]]
BLOCK = 8_000_000  # correlations held at once: 64 MB


def score_against(features: np.ndarray, meta: pd.DataFrame, against: str) -> pd.DataFrame:
    """Correlate the mean signature of each drug with that of each gene, or of each class of other drugs.

    ``features``: float array, (signature, feature). ``meta``: DataFrame, (signature,). ``against``:
    ``knockdown`` (columns are genes) or ``drug`` (columns are classes, without the drug itself).
    Returns DataFrame, (drug, name): a class whose only drug is the row itself has -1, the lowest correlation.
    DataError if there is nothing to compare with, or sizes do not fit.
    """
    validate.axes(features, "features", signature=len(meta), feature=None)
    drug, names, is_drug, held = _sides(meta, against)
    if not held.any():
        raise DataError(f"There is no {against} with a name to compare a drug with. Choose another source.")
    if against == "knockdown":
        return score_genes(features[is_drug], drug[is_drug], features[held], names[held])
    rows = []
    for one in np.unique(drug[held]):
        own, others = is_drug & (drug == one), held & (drug != one)
        rows.append(score_genes(features[own], np.repeat(one, own.sum()), features[others], names[others]))
    return pd.concat(rows).reindex(columns=np.unique(names[held])).fillna(-1.0)


def retrieve(scores: pd.DataFrame, targets: Targets) -> pd.DataFrame:
    """Rank of the first target of each drug among all names.

    ``scores``: DataFrame, (drug, name); higher is more similar. ``targets``: mapping of str to sequence of
    str; names for each drug; those without a column, and drugs without any other, are left out.
    Returns DataFrame: drug, n_targets, rank (from 1), by_chance (mean rank in random order), reciprocal,
    hit1, hit5, hit10, p (random order), q (Benjamini and Hochberg).
    DataError if no drug has a target among the names.
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
        "q": benjamini_hochberg(p),
    })  # fmt: skip
    return table.reset_index(drop=True)


def target_matrix(scores: pd.DataFrame, targets: Targets) -> np.ndarray:
    """Mask (drug, name) of the targets of each drug."""
    names = [set(targets.get(str(drug), ())) for drug in scores.index]
    return np.array([[name in own for name in scores.columns] for own in names], dtype=bool)


def _first_ranks(scores: np.ndarray, is_target: np.ndarray) -> np.ndarray:
    """Rank (drug,) of the best target from 1; one more than the number of names where there is none."""
    best = np.where(is_target, scores, -np.inf).max(axis=1, keepdims=True)
    return (scores > best).sum(axis=1) + 1


def mrr_null(
    scores: pd.DataFrame, targets: Targets, *, n_permutations: int = 999, seed: int = 0
) -> pd.Series:
    """Mean reciprocal rank of the first target and hits over drugs, beside permuted names."""
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
        "null_high": np.quantile(null, 0.95), "p": permutation_p(mrr, null), "n": len(found),
    })  # fmt: skip


def by_group(
    scores: pd.DataFrame, targets: Targets, group: Mapping[str, str], *, n_permutations: int = 999,
    seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """:func:`mrr_null` for each group of drugs, a row each."""
    rows = []
    for name in dict.fromkeys(group[str(drug)] for drug in scores.index if str(drug) in group):
        part = scores.loc[[drug for drug in scores.index if group.get(str(drug)) == name]]
        if target_matrix(part, targets).any():
            rows.append({"group": name, **mrr_null(part, targets, n_permutations=n_permutations, seed=seed)})
    return pd.DataFrame(rows).sort_values("mrr", ascending=False, ignore_index=True)


def by_representation(
    representations: Mapping[str, np.ndarray], signatures: Signatures, against: str, targets: Targets, *,
    n_permutations: int = 999, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Mean reciprocal rank of every group of drugs from every representation, beside permuted names.

    ``representations``: mapping of str to float array, (signature, feature). ``against``, ``targets``: as in
    :func:`score_against` and :func:`retrieve`.
    Returns DataFrame: group, mrr, hit1, hit5, hit10, null_mrr, null_high (95th percentile), mrr_p, n (drugs),
    representation.
    DataError: as :func:`retrieve`.
    """
    group, parts = groups_of(signatures), []
    for name, features in representations.items():
        scores = score_against(features, signatures.meta, against)
        part = by_group(scores, targets, group, n_permutations=n_permutations, seed=seed)
        parts.append(part.assign(representation=name))
    return pd.concat(parts, ignore_index=True).rename(columns={"p": "mrr_p"})


def groups_of(signatures: Signatures) -> dict[str, str]:
    """Drug to the simulated strength of its class (strong, weak, inert); ``all`` for real signatures."""
    drugs = signatures.meta[signatures.meta["kind"] == "drug"].drop_duplicates("pert_name")
    truth = signatures.truth
    kind = dict(zip(truth.pcls, truth.strength, strict=True)) if truth is not None else {}
    return {name: kind.get(pcl, "all") for name, pcl in zip(drugs["pert_name"], drugs["pcl"], strict=True)}


def drug_ranks(
    features: np.ndarray, meta: pd.DataFrame, targets: Targets, against: str = "knockdown"
) -> pd.DataFrame:
    """Mean rank of the first target over the signatures of each drug, as published, beside random order.

    ``features``, ``meta``, ``against``: as in :func:`score_against`. ``targets``: mapping of str to sequence
    of str.
    Returns DataFrame: drug, n_signatures, n_of_targets (reference signatures), mean_rank (from 1), by_chance,
    null_share (share of single signatures in random order that rank before ``by_chance``; above one half, as
    ranks are skewed).
    DataError if sizes do not fit.
    Source: the authors' analysis notebook, in 92, which prints the mean rank alone, counted from 0.
    """
    drug, names, is_drug, held = _sides(meta, against)
    rows = []
    for one in np.unique(drug[is_drug]):
        own = is_drug & (drug == one)
        others = held & ~own
        hit = np.isin(names[others], targets.get(one, ()))
        if hit.any():
            rank = first_target_rank(features[own], features[others], hit)
            chance = mean_rank_by_chance(len(hit), int(hit.sum()))
            before = float(p_of_rank(np.ceil(chance) - 1, len(hit), hit.sum()))
            rows.append((one, len(rank), int(hit.sum()), rank.mean(), chance, before))
    columns = ["drug", "n_signatures", "n_of_targets", "mean_rank", "by_chance", "null_share"]
    return pd.DataFrame(rows, columns=columns)


def _sides(meta: pd.DataFrame, against: str) -> tuple[np.ndarray, ...]:
    """Drug and name of each row, mask of the drugs and of the rows that they are compared with."""
    drug, names = meta["pert_name"].to_numpy(str), meta[AGAINST[against]].to_numpy(str)
    return (
        drug,
        names,
        (meta["kind"] == "drug").to_numpy(),
        (meta["kind"] == against).to_numpy() & (names != ""),
    )


def first_target_rank(query: np.ndarray, reference: np.ndarray, is_target: np.ndarray) -> np.ndarray:
    """Rank (signature,) of the target most correlated with each row of ``query``; 1 is the nearest."""
    validate.axes(query, "query", signature=None, feature=None)
    validate.axes(reference, "reference", knockdown=len(is_target), feature=query.shape[1])
    is_target = np.asarray(is_target, dtype=bool)
    if not is_target.any():
        raise DataError("None of the knock-downs is of a target. Name genes that were knocked down.")
    queries, references = unit_rows(query), unit_rows(reference).T
    rank = np.empty(len(queries), dtype=np.int64)
    step = max(1, BLOCK // references.shape[1])
    for start in range(0, len(queries), step):
        alike = queries[start : start + step] @ references
        best = alike[:, is_target].max(axis=1, keepdims=True)
        rank[start : start + step] = 1 + (alike > best).sum(axis=1)
    return rank


def mean_rank_by_chance(n: int, k: int) -> float:
    """Mean rank of the first of k targets among n in random order: (n + 1) / (k + 1)."""
    if not 1 <= k <= n:
        raise DataError(f"Between 1 and all of the {n} knock-downs can be of targets, but {k} are.")
    return 1 + float(nhypergeom(n, n - k, 1).mean())


def p_of_rank(rank: np.ndarray, n: int, k: np.ndarray) -> np.ndarray:
    """Probability that the first of k targets among n in random order has this rank or a better one."""
    return 1 - hypergeom.pmf(0, n, k, np.asarray(rank, dtype=int))


def score_genes(
    drugs: np.ndarray, names: np.ndarray, knockdowns: np.ndarray, genes: np.ndarray
) -> pd.DataFrame:
    """Correlation (drug, gene) of the mean signature of each drug with that of each knocked-down gene."""
    validate.axes(drugs, "drugs", signature=len(names), feature=None)
    validate.axes(knockdowns, "knockdowns", knockdown=len(genes), feature=drugs.shape[1])
    (rows, row_names), (columns, column_names) = _means(drugs, names), _means(knockdowns, genes)
    return pd.DataFrame(unit_rows(rows) @ unit_rows(columns).T, index=row_names, columns=column_names)


def _means(values: np.ndarray, names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known, code = np.unique(np.asarray(names, dtype=str), return_inverse=True)
    total = np.zeros((len(known), values.shape[1]))
    np.add.at(total, code, values)
    return total / np.bincount(code)[:, None], known
