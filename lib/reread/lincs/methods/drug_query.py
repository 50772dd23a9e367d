"""Query of drugs: at which rank their targets come among reference signatures, and what chance would give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations
from math import comb

import numpy as np
import pandas as pd

from reread.core import validate
from reread.core.data import registry
from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.core.stats import unit_rows
from reread.lincs.data import annotations
from reread.lincs.data.tables import Signatures
from reread.lincs.methods.retrieval import AGAINST, mean_rank_by_chance, p_of_rank, score_genes

BLOCK = 4_000_000  # correlations held at once: 32 MB


@dataclass(frozen=True, eq=False)
class QueryResult:
    """Ranks of the targets of each queried drug. All ranks count from 1.

    ``summary``: DataFrame, (drug,); drug, n_signatures, n_reference, n_of_targets (reference signatures),
    mean_rank (of the first target), by_chance (the same in random order), p (against as many random names),
    best_name, best_rank (of the targets among all names by mean signature), best_p. ``signatures``:
    DataFrame, (signature,); drug, sig_id, cell, dose_um, rank, nearest (name of the nearest reference).
    ``names``: DataFrame, (drug and name,); drug, name, score (correlation of mean signatures), rank,
    is_target. ``null``: dict of str to float array, (choice,); mean rank of the first of as many names, for
    each drug.
    """

    summary: pd.DataFrame
    signatures: pd.DataFrame
    names: pd.DataFrame
    null: dict[str, np.ndarray] = field(repr=False)

    def with_null_ends(self) -> pd.DataFrame:
        """Ranks of single signatures with the 95 % range of the null and the mean rank by chance."""
        rows = []
        for row in self.summary.itertuples():
            null = self.null[row.drug]
            low, high = np.quantile(null, 0.025, method="lower"), np.quantile(null, 0.975, method="higher")
            rows.append({"drug": row.drug, "null_low": low, "null_high": high, "by_chance": row.by_chance})
        return self.signatures.merge(pd.DataFrame(rows), on="drug")


def query_drugs(
    signatures: Signatures, features: np.ndarray, targets: Mapping[str, Sequence[str]], *,
    against: str = "knockdown", n_permutations: int = 999, seed: int = 0,
) -> QueryResult:  # fmt: skip
    """Rank the reference signatures of the targets of each drug, for every signature of the drug.

    ``signatures``: drugs and what they are compared with. ``features``: float array, (signature, feature);
    any representation of the same rows. ``targets``: mapping of str to sequence of str; targets of each drug.
    Drugs are named as in ``meta.pert_name``, targets as in ``meta.gene`` (against knock-downs) or
    ``meta.pcl`` (against other drugs). ``against``: ``knockdown``, as published; or ``drug``: signatures of
    the other drugs, named by their class. ``n_permutations``, ``seed``: random choices of names for the null;
    with fewer possible choices each is taken once.
    ParameterError if a drug or a target is unknown (with the nearest name), or none is given. DataError if
    there is nothing to compare with, or features and signatures do not fit.
    Source: the authors' notebook drug_gene_target_prediction_handle, which reports ranks without chance
    level. Where every choice of names is counted, p is the share of choices that rank as well; the requested
    one is among them. Where choices are random, the observed one counts as one of them.
    """
    validate.axes(features, "features", signature=len(signatures), feature=None)
    drug_rows, reference, names = _sides(signatures.meta, targets, against)
    known = np.unique(names)
    parts, tables, sizes, null = [], [], {}, {}
    for drug, wanted in targets.items():
        rows = drug_rows[drug]
        others = reference & (signatures.meta["pert_name"] != drug).to_numpy()
        labels = names[others[reference]]
        ranks, nearest = first_ranks(features[rows], features[others], labels, known)
        parts.append(_by_signature(signatures.meta, rows, drug, ranks, known, wanted, nearest))
        sizes[drug] = len(labels), int(np.isin(labels, wanted).sum())
        tables.append(_by_name(features, rows, others, labels, drug, wanted))
        null[drug] = _null(ranks, int(np.isin(np.unique(labels), wanted).sum()), n_permutations, seed)
    by_signature, by_name = (pd.concat(one, ignore_index=True) for one in (parts, tables))
    return QueryResult(_summary(by_signature, by_name, null, sizes), by_signature, by_name, null)


def first_ranks(
    query: np.ndarray, reference: np.ndarray, labels: np.ndarray, known: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rank (signature, name) of the first reference of every name; name (signature,) of the nearest."""
    queries, references = unit_rows(query), unit_rows(reference).T
    column = np.searchsorted(known, labels)
    ranks, nearest = np.full((len(queries), len(known)), np.inf), np.empty(len(queries), dtype=object)
    step = max(1, BLOCK // max(1, references.shape[1]))
    for start in range(0, len(queries), step):
        for i, alike in enumerate(queries[start : start + step] @ references, start):
            order = np.argsort(-alike, kind="stable")
            np.minimum.at(ranks[i], column[order], np.arange(1, len(order) + 1))
            nearest[i] = labels[order[0]]
    return ranks, nearest


def known_targets(signatures: Signatures, against: str = "knockdown") -> dict[str, tuple[str, ...]]:
    """Known targets of each drug, or its class where drugs are compared with other drugs.

    ``against``: ``knockdown`` or ``drug``.
    Returns dict: drug to names: the simulated truth, or else the table ``lincs/drug-targets`` of the user.
    Drugs without a known target, or alone in their class, are left out.
    DataError if there is no such table.
    """
    drugs = signatures.meta[signatures.meta["kind"] == "drug"]
    if against == "drug":
        kept = drugs[drugs["pcl"] != ""].drop_duplicates("pert_name")
        kept = kept[kept["pcl"].duplicated(keep=False)]
        return {name: (pcl,) for name, pcl in zip(kept["pert_name"], kept["pcl"], strict=True)}
    if signatures.truth is not None:
        return dict(signatures.truth.targets)
    return annotations.read_targets(registry.fetch("lincs/drug-targets"), set(signatures.meta["gene"]) - {""})


def targets_of(
    drugs: Iterable[str], named: Iterable[str], known: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """Targets of each drug: those that the reader names, or else the known ones of that drug.

    ``drugs``, ``named``: iterable of str. ``known``: mapping of str to sequence of str; from
    :func:`known_targets`.
    Returns dict of str to tuple of str.
    ParameterError if none is named and a drug has no known target.
    """
    named, drugs = tuple(named), tuple(drugs)
    if named:
        return dict.fromkeys(drugs, named)
    for drug in drugs:
        if not known.get(drug):
            near = did_you_mean(drug, known)
            raise ParameterError(f"No target of {drug!r} is known here; name it with -p targets. {near}")
    return {drug: tuple(sorted(known[drug])) for drug in drugs}


def _sides(meta: pd.DataFrame, targets: Mapping[str, Sequence[str]], against: str):
    """Rows of each drug, mask of the reference rows, and the name of each reference row."""
    if against not in AGAINST:
        raise ParameterError(f"against must be one of {', '.join(AGAINST)}, but is {against!r}.")
    if not targets or not all(len(names) for names in targets.values()):
        raise ParameterError("A query needs at least one drug, and at least one target of each.")
    is_drug = (meta["kind"] == "drug").to_numpy()
    all_drugs, names = meta["pert_name"].to_numpy(str), meta[AGAINST[against]].to_numpy(str)
    reference = (meta["kind"] == against).to_numpy() & (names != "")
    if not reference.any():
        raise DataError(f"There is no {against} to compare a drug with. Choose another source.")
    for what, wanted, there in (
        ("drug", targets, set(all_drugs[is_drug])),
        ("target", dict.fromkeys(chain(*targets.values())), set(names[reference])),
    ):
        for name in wanted:
            if name not in there:
                raise ParameterError(f"There is no {what} {name!r} here. {did_you_mean(name, there)}")
    drug_rows = {drug: np.flatnonzero(is_drug & (all_drugs == drug)) for drug in targets}
    return drug_rows, reference, names[reference]


def _by_signature(meta, rows, drug, ranks, known, targets, nearest) -> pd.DataFrame:
    first = ranks[:, np.isin(known, targets)].min(axis=1)
    if not np.isfinite(first).all():
        raise DataError(f"No other drug than {drug} has the name {', '.join(targets)}.")
    table = meta.loc[rows, ["sig_id", "cell", "dose_um"]].reset_index(drop=True)
    return table.assign(drug=drug, rank=first.astype(int), nearest=nearest)[
        ["drug", "sig_id", "cell", "dose_um", "rank", "nearest"]
    ]


def _by_name(features, rows, others, labels, drug, targets) -> pd.DataFrame:
    scores = score_genes(features[rows], np.repeat(drug, len(rows)), features[others], labels).iloc[0]
    table = pd.DataFrame({"drug": drug, "name": scores.index, "score": scores.to_numpy()})
    table = table.sort_values(["score", "name"], ascending=[False, True]).reset_index(drop=True)
    return table.assign(rank=np.arange(1, len(table) + 1), is_target=table["name"].isin(targets))


def _null(ranks: np.ndarray, n_targets: int, n_permutations: int, seed: int) -> np.ndarray:
    """Mean first rank (choice,) of as many names: of every choice, or of random ones."""
    there = np.flatnonzero(np.isfinite(ranks).all(axis=0))
    n_targets = min(n_targets, len(there))
    if comb(len(there), n_targets) <= n_permutations:
        picks = [list(pick) for pick in combinations(there, n_targets)]
    else:
        rng = np.random.default_rng(seed)
        picks = [rng.choice(there, n_targets, replace=False) for _ in range(n_permutations)]
    return np.array([ranks[:, pick].min(axis=1).mean() for pick in picks])


def _p_of_names(mean: float, null: np.ndarray, n_names: int, k_names: int) -> float:
    """Share of choices of names with a mean rank as low; the observed one is added to random ones."""
    as_low = int((null <= mean + 1e-9).sum())
    is_whole = len(null) == comb(n_names, k_names)
    return as_low / len(null) if is_whole else (1 + as_low) / (1 + len(null))


def _summary(by_signature, by_name, null, sizes) -> pd.DataFrame:
    rows = []
    for drug, part in by_signature.groupby("drug", sort=False):
        found = by_name[by_name["drug"] == drug]
        best = found[found["is_target"]].iloc[0]
        n_names, k_names = len(found), int(found["is_target"].sum())
        mean, (n, k) = part["rank"].mean(), sizes[drug]
        p = _p_of_names(mean, null[drug], n_names, k_names)
        best_p = float(p_of_rank(best["rank"], n_names, k_names))
        chance = mean_rank_by_chance(n, k)
        rows.append((drug, len(part), n, k, mean, chance, p, best["name"], best["rank"], best_p))
    columns = ["drug", "n_signatures", "n_reference", "n_of_targets", "mean_rank", "by_chance", "p"]
    return pd.DataFrame(rows, columns=[*columns, "best_name", "best_rank", "best_p"])
