"""Retrieval of drug targets: ranks by mean signature and by single signatures, beside permuted names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations
from math import comb

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from reread.core import validate
from reread.core.data import registry
from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.core.stats import benjamini_hochberg, permutation_p, unit_rows
from reread.lincs.data import annotations
from reread.lincs.data.tables import Signatures

HITS = (1, 5, 10)
AGAINST = {"knockdown": "gene", "drug": "pcl"}
Targets = Mapping[str, Sequence[str]]
BLOCK = 8_000_000  # correlations held at once: 64 MB


def known_targets(signatures: Signatures, against: str = "knockdown") -> dict[str, tuple[str, ...]]:
    """Known targets of each drug, or its class where drugs are compared with other drugs.

    ``against``: ``knockdown`` or ``drug``. Returns dict: drug to names: the simulated truth, or else the
    table ``lincs/drug-targets`` of the user. Drugs without a known target, or alone in their class, are left
    out. DataError if there is no such table.
    """
    drugs = signatures.meta[signatures.meta["kind"] == "drug"]
    if against == "drug":
        kept = drugs[drugs["pcl"] != ""].drop_duplicates("pert_name")
        kept = kept[kept["pcl"].duplicated(keep=False)]
        return {name: (pcl,) for name, pcl in zip(kept["pert_name"], kept["pcl"], strict=True)}
    if signatures.truth is not None:
        return dict(signatures.truth.targets)
    return annotations.read_targets(registry.fetch("lincs/drug-targets"), set(signatures.meta["gene"]) - {""})


def targets_of(drugs: Iterable[str], named: Sequence[str], known: Targets) -> dict[str, tuple[str, ...]]:
    """Targets of each drug: those that the reader names, or else the known ones of that drug.

    ``drugs``, ``named``: str. ``known``: mapping of str to sequence of str; from :func:`known_targets`.
    Returns dict of str to tuple of str. ParameterError if none is named and a drug has no known target.
    """
    found = {drug: tuple(named or sorted(known.get(drug, ()))) for drug in drugs}
    missing = [drug for drug, names in found.items() if not names]
    if missing:
        near = did_you_mean(missing[0], known)
        raise ParameterError(f"No target of {missing[0]!r} is known here; name it with -p targets. {near}")
    return found


def groups_of(signatures: Signatures) -> dict[str, str]:
    """Group of each drug: the strength of its class in the simulation.

    Returns dict of str to str: drug to ``strong``, ``weak`` or ``inert``; to ``all`` for real signatures.
    """
    drugs = signatures.meta[signatures.meta["kind"] == "drug"].drop_duplicates("pert_name")
    kind = signatures.truth.kinds if signatures.truth is not None else {}
    return {name: kind.get(pcl, "all") for name, pcl in zip(drugs["pert_name"], drugs["pcl"], strict=True)}


def score_against(features: np.ndarray, meta: pd.DataFrame, against: str) -> pd.DataFrame:
    """Correlate the mean signature of each drug with that of each gene, or of each class of other drugs.

    ``features``: float array, (signature, feature). ``meta``: DataFrame, (signature,). ``against``:
    ``knockdown`` (columns are genes) or ``drug`` (columns are classes, without the drug itself).
    Returns DataFrame, (drug, name): a class whose only drug is the row itself has -1, the lowest correlation.
    ParameterError if ``against`` is unknown. DataError if there is nothing to compare with, or sizes do not
    fit.
    """
    drug, names, is_drug, held = _sides(features, meta, against)
    if against == "knockdown":
        return _correlation_of_means(features[is_drug], drug[is_drug], features[held], names[held])
    rows = []
    for one in np.unique(drug[held]):
        own, others = is_drug & (drug == one), held & (drug != one)
        rows.append(_correlation_of_means(features[own], drug[own], features[others], names[others]))
    return pd.concat(rows).reindex(columns=np.unique(names[held])).fillna(-1.0)


def retrieve(scores: pd.DataFrame, targets: Targets) -> pd.DataFrame:
    """Rank of the first target of each drug among all names.

    ``scores``: DataFrame, (drug, name); higher is more similar. ``targets``: mapping of str to sequence of
    str; names for each drug; those without a column, and drugs without any other, are left out. Returns
    DataFrame: drug, n_targets, rank (from 1), by_chance (mean rank in random order), reciprocal, hit1, hit5,
    hit10, p (random order), q (Benjamini and Hochberg). DataError if no drug has a target among the names.
    """
    is_target = _target_matrix(scores, targets)
    kept = is_target.any(axis=1)
    if not kept.any():
        raise DataError("No drug has a target among the genes that were knocked down.")
    rank = _first_ranks(scores.to_numpy(), is_target)[kept]
    n, k = scores.shape[1], is_target.sum(axis=1)[kept]
    p = p_of_rank(rank, n, k)
    return pd.DataFrame({
        "drug": scores.index[kept], "n_targets": k, "rank": rank, "by_chance": (n + 1) / (k + 1),
        "reciprocal": 1 / rank, **{f"hit{hit}": rank <= hit for hit in HITS}, "p": p,
        "q": benjamini_hochberg(p),
    })  # fmt: skip


def mrr_null(
    scores: pd.DataFrame, targets: Targets, *, n_permutations: int = 999, seed: int = 0
) -> dict[str, float]:
    """Mean reciprocal rank of the first target and hits over drugs, beside permuted names."""
    found, is_target = retrieve(scores, targets), _target_matrix(scores, targets)
    kept = is_target.any(axis=1)
    values, is_target = scores.to_numpy()[kept], is_target[kept]
    rng = np.random.default_rng(seed)
    null = np.array([
        (1 / _first_ranks(values, is_target[:, rng.permutation(values.shape[1])])).mean()
        for _ in range(n_permutations)
    ])  # fmt: skip
    mrr = found["reciprocal"].mean()
    return {
        "mrr": mrr, **{f"hit{hit}": found[f"hit{hit}"].mean() for hit in HITS}, "null_mrr": null.mean(),
        "null_high": np.quantile(null, 0.95), "mrr_p": permutation_p(mrr, null), "n": len(found),
    }  # fmt: skip


def by_representation(
    representations: Mapping[str, np.ndarray], signatures: Signatures, against: str, targets: Targets, *,
    n_permutations: int = 999, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Mean reciprocal rank of every group of drugs from every representation, beside permuted names.

    ``representations``: mapping of str to float array, (signature, feature). ``against``, ``targets``: as in
    :func:`score_against` and :func:`retrieve`. Returns DataFrame: group, mrr, hit1, hit5, hit10, null_mrr,
    null_high (95th percentile), mrr_p, n (drugs), representation; the group with the highest mrr first.
    DataError: as :func:`score_against`.
    """
    group, parts = pd.Series(groups_of(signatures)), []
    for name, features in representations.items():
        scores = score_against(features, signatures.meta, against)
        rows = []
        for kind, part in scores.groupby(group.reindex(scores.index).to_numpy(), sort=False):
            if _target_matrix(part, targets).any():
                found = mrr_null(part, targets, n_permutations=n_permutations, seed=seed)
                rows.append({"group": kind, **found, "representation": name})
        parts.append(pd.DataFrame(rows).sort_values("mrr", ascending=False))
    return pd.concat(parts, ignore_index=True)


def drug_ranks(
    features: np.ndarray, meta: pd.DataFrame, targets: Targets, against: str = "knockdown"
) -> pd.DataFrame:
    """Mean rank of the first target over the signatures of each drug, as published, beside random order.

    ``features``, ``meta``, ``against``: as in :func:`score_against`. ``targets``: mapping of str to sequence
    of str. Returns DataFrame: drug, n_signatures, n_of_targets (reference signatures), mean_rank (from 1),
    by_chance, null_share (share of single signatures in random order that rank before ``by_chance``; above
    one half, as ranks are skewed). Errors: as :func:`score_against`. Source: the authors' analysis notebook,
    in 92, which prints the mean rank alone, counted from 0.
    """
    drug, names, is_drug, held = _sides(features, meta, against)
    rows = []
    for one in np.unique(drug[is_drug]):
        own = is_drug & (drug == one)
        others = held & ~own
        hit = np.isin(names[others], targets.get(one, ()))
        if n_hits := int(hit.sum()):
            rank = first_target_rank(features[own], features[others], hit)
            chance = (len(hit) + 1) / (n_hits + 1)
            before = float(p_of_rank(np.ceil(chance) - 1, len(hit), n_hits))
            rows.append((one, len(rank), n_hits, rank.mean(), chance, before))
    columns = ["drug", "n_signatures", "n_of_targets", "mean_rank", "by_chance", "null_share"]
    return pd.DataFrame(rows, columns=columns)


@dataclass(frozen=True, eq=False)
class QueryResult:
    """Ranks of the targets of each queried drug. All ranks count from 1.

    ``summary``: DataFrame, (drug,); drug, n_signatures, n_reference, n_of_targets (reference signatures),
    mean_rank (of the first target), by_chance (the same in random order), p (against as many random names),
    best_name, best_rank (of the targets among all names by mean signature), best_p. ``signatures``:
    DataFrame, (signature,); drug, sig_id, cell, dose_um, rank, nearest (name of the nearest reference),
    null_low and null_high (95 % range of the mean rank of random names), by_chance. ``names``: DataFrame,
    (drug and name,); drug, name, score (correlation of mean signatures), rank, is_target.
    """

    summary: pd.DataFrame
    signatures: pd.DataFrame = field(repr=False)
    names: pd.DataFrame = field(repr=False)


def query_drugs(
    signatures: Signatures, features: np.ndarray, targets: Targets, *, against: str = "knockdown",
    n_permutations: int = 999, seed: int = 0,
) -> QueryResult:  # fmt: skip
    """Rank the reference signatures of the targets of each drug, for every signature of the drug.

    ``signatures``: drugs and what they are compared with. ``features``: float array, (signature, feature);
    any representation of the same rows. ``targets``: mapping of str to sequence of str; targets of each drug.
    Drugs are named as in ``meta.pert_name``, targets as in ``meta.gene`` (against knock-downs) or
    ``meta.pcl`` (against other drugs). ``against``: ``knockdown``, as published; or ``drug``: signatures of
    the other drugs, named by their class. ``n_permutations``, ``seed``: random choices of names for the null;
    with fewer possible choices each is taken once. ParameterError if a drug or a target is unknown (with the
    nearest name), or none is given. DataError if there is nothing to compare with, or features and signatures
    do not fit. Source: the authors' notebook drug_gene_target_prediction_handle, which reports ranks without
    chance level. Where every choice of names is counted, p is the share of choices that rank as well; the
    requested one is among them. Where choices are random, the observed one counts as one of them.
    """
    meta = signatures.meta
    drug, names, is_drug, held = _sides(features, meta, against)
    _check_names(targets, set(drug[is_drug]), set(names[held]))
    summary, parts, tables = [], [], []
    for one, wanted in targets.items():
        own, others = is_drug & (drug == one), held & (drug != one)
        labels = names[others]
        known, ranks, nearest = first_ranks(features[own], features[others], labels)
        is_target = np.isin(known, wanted)
        if not is_target.any():
            raise DataError(f"No other drug than {one} has the name {', '.join(wanted)}.")
        first, n, k = ranks[:, is_target].min(axis=1), len(labels), int(np.isin(labels, wanted).sum())
        null = null_of_names(ranks, is_target.sum(), n_permutations, seed)
        if len(null) == comb(len(known), is_target.sum()):
            p = float((null <= first.mean() + 1e-9).mean())
        else:
            p = permutation_p(first.mean(), null, larger=False)
        low, high = np.quantile(null, 0.025, method="lower"), np.quantile(null, 0.975, method="higher")
        rows = meta.loc[own, ["sig_id", "cell", "dose_um"]].assign(
            rank=first, nearest=nearest, null_low=low, null_high=high, by_chance=(n + 1) / (k + 1)
        )
        rows.insert(0, "drug", one)
        score = _correlation_of_means(features[own], drug[own], features[others], labels).to_numpy()[0]
        table = pd.DataFrame({"drug": one, "name": known, "score": score})
        table = table.sort_values(["score", "name"], ascending=[False, True], ignore_index=True)
        table = table.assign(rank=np.arange(1, len(known) + 1), is_target=table["name"].isin(wanted))
        best = table[table["is_target"]].iloc[0]
        best_p = float(p_of_rank(best["rank"], len(known), is_target.sum()))
        counts = (len(first), n, k, first.mean(), (n + 1) / (k + 1))
        summary.append((one, *counts, p, best["name"], best["rank"], best_p))
        parts.append(rows)
        tables.append(table)
    columns = ["drug", "n_signatures", "n_reference", "n_of_targets", "mean_rank", "by_chance", "p"]
    summary = pd.DataFrame(summary, columns=[*columns, "best_name", "best_rank", "best_p"])
    return QueryResult(summary, *(pd.concat(one, ignore_index=True) for one in (parts, tables)))


def first_ranks(
    query: np.ndarray, reference: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Names (name,), rank (signature, name) of the first of each, name (signature,) of the nearest row."""
    known, column = np.unique(labels, return_inverse=True)
    ranks, nearest = [], []
    for _, block in _correlations(query, reference):
        for alike in block:
            found = column[np.argsort(-alike, kind="stable")]
            ranks.append(1 + np.unique(found, return_index=True)[1])
            nearest.append(known[found[0]])
    return known, np.array(ranks), np.array(nearest, dtype=object)


def first_target_rank(query: np.ndarray, reference: np.ndarray, is_target: np.ndarray) -> np.ndarray:
    """Rank (signature,) of the target most correlated with each row of ``query``; 1 is the nearest."""
    rank = np.empty(len(query), dtype=np.int64)
    for start, alike in _correlations(query, reference):
        best = alike[:, is_target].max(axis=1, keepdims=True)
        rank[start : start + len(alike)] = 1 + (alike > best).sum(axis=1)
    return rank


def p_of_rank(rank: np.ndarray, n: int, k: np.ndarray) -> np.ndarray:
    """Probability that the first of k targets among n in random order has this rank or a better one."""
    return 1 - hypergeom.pmf(0, n, k, np.asarray(rank, dtype=int))


def _sides(features: np.ndarray, meta: pd.DataFrame, against: str) -> tuple[np.ndarray, ...]:
    """Drug and name of each row, mask of the drugs and of the rows that they are compared with."""
    validate.axes(features, "features", signature=len(meta), feature=None)
    if against not in AGAINST:
        raise ParameterError(f"against must be one of {', '.join(AGAINST)}, but is {against!r}.")
    drug, names = meta["pert_name"].to_numpy(str), meta[AGAINST[against]].to_numpy(str)
    held = (meta["kind"] == against).to_numpy() & (names != "")
    if not held.any():
        raise DataError(f"There is no {against} with a name to compare a drug with. Choose another source.")
    return drug, names, (meta["kind"] == "drug").to_numpy(), held


def _check_names(targets: Targets, drugs: set[str], names: set[str]) -> None:
    if not targets or not all(len(wanted) for wanted in targets.values()):
        raise ParameterError("A query needs at least one drug, and at least one target of each.")
    for what, wanted, there in (("drug", targets, drugs), ("target", chain(*targets.values()), names)):
        for name in wanted:
            if name not in there:
                raise ParameterError(f"There is no {what} {name!r} here. {did_you_mean(name, there)}")


def _target_matrix(scores: pd.DataFrame, targets: Targets) -> np.ndarray:
    """Mask (drug, name) of the targets of each drug."""
    return np.array([np.isin(scores.columns, targets.get(drug, ())) for drug in scores.index], dtype=bool)


def _first_ranks(scores: np.ndarray, is_target: np.ndarray) -> np.ndarray:
    """Rank (drug,) of the best target from 1; one more than the number of names where there is none."""
    best = np.where(is_target, scores, -np.inf).max(axis=1, keepdims=True)
    return (scores > best).sum(axis=1) + 1


def null_of_names(ranks: np.ndarray, k: int, n_permutations: int, seed: int) -> np.ndarray:
    """Mean first rank (choice,) of ``k`` names by ranks (signature, name): every choice, or random ones."""
    n, rng = ranks.shape[1], np.random.default_rng(seed)
    if comb(n, k) <= n_permutations:
        picks = map(list, combinations(range(n), k))
    else:
        picks = (rng.choice(n, k, replace=False) for _ in range(n_permutations))
    return np.array([ranks[:, pick].min(axis=1).mean() for pick in picks])


def _correlations(query: np.ndarray, reference: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Start and correlations (signature, reference) of each block of queries."""
    queries, references = unit_rows(query), unit_rows(reference).T
    step = max(1, BLOCK // references.shape[1])
    for start in range(0, len(queries), step):
        yield start, queries[start : start + step] @ references


def _correlation_of_means(
    drugs: np.ndarray, drug: np.ndarray, others: np.ndarray, names: np.ndarray
) -> pd.DataFrame:
    """Correlation (drug, name) of the mean signature of each drug with that of each name."""
    sides = []
    for values, labels in ((drugs, drug), (others, names)):
        known, code = np.unique(labels, return_inverse=True)
        total = np.zeros((len(known), values.shape[1]))
        np.add.at(total, code, values)
        sides.append((unit_rows(total), known))
    (rows, row_names), (columns, column_names) = sides
    return pd.DataFrame(rows @ columns.T, index=row_names, columns=column_names)
