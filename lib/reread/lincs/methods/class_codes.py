"""Class codes of the published S-VQ-VAE: nearest classes, genes, reconstruction, transfer to signatures."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from reread.core import validate
from reread.core.errors import DataError
from reread.core.stats import permutation_p, rank_descending, unit_rows
from reread.lincs.data.tables import Signatures
from reread.lincs.models.numpy_weights import Svq, nearest_code

N_TOP = 5


def distance(codes: np.ndarray) -> np.ndarray:
    """Correlation distance of every pair of codes.

    ``codes``: float array, (pcl, unit). Returns float array, (pcl, pcl): 1 minus Pearson's correlation, 0 to
    2. DataError if a code is constant.
    """
    apart = 1 - correlation(codes, codes, "codes")
    np.fill_diagonal(apart, 0)
    return apart


def correlation(left: np.ndarray, right: np.ndarray, what: str) -> np.ndarray:
    """Pearson's correlation of every row with every row; a constant row is a DataError that names it."""
    rows = [unit_rows(np.asarray(values, dtype=float)) for values in (left, right)]
    for flat in (np.flatnonzero(~unit.any(axis=1)) for unit in rows):
        if len(flat):
            raise DataError(f"A row of {what} is constant, so it has no correlation: row {flat[0]}.")
    return rows[0] @ rows[1].T


def against_printed(apart: np.ndarray, pcls: tuple[str, ...], printed: pd.DataFrame) -> pd.DataFrame:
    """Compare the nearest class of each class with the printed one.

    ``apart``: float array, (pcl, pcl); distances. ``pcls``: tuple of str, (pcl,). ``printed``: DataFrame,
    (pcl,); ``pcl``, ``nn_pcl``, ``corr_dist``; in the order of ``pcls``. Returns DataFrame, (pcl,): ``pcl``,
    ``nearest``, ``distance``, ``printed_nearest``, ``printed_distance``, ``is_equal``, ``difference``
    (absolute, to the printed class). DataError if the printed list has other classes.
    """
    index = {pcl: i for i, pcl in enumerate(pcls)}
    unknown = sorted(set(printed["nn_pcl"]) - set(index))
    if tuple(printed["pcl"]) != tuple(pcls) or unknown:
        found = unknown[:1] or "another order"
        raise DataError(f"The printed neighbours are of other classes than the codes: {found}.")
    others = apart + np.where(np.eye(len(apart), dtype=bool), np.inf, 0)
    best, theirs = others.argmin(axis=1), printed["nn_pcl"].map(index).to_numpy()
    named = {"nn_pcl": "printed_nearest", "corr_dist": "printed_distance"}
    table = printed[["pcl", *named]].reset_index(drop=True).rename(columns=named)
    table.insert(1, "nearest", np.asarray(pcls)[best])
    table.insert(2, "distance", others.min(axis=1))
    difference = np.abs(apart[np.arange(len(pcls)), theirs] - table["printed_distance"])
    return table.assign(is_equal=best == theirs, difference=difference)


def top_genes(
    profiles: np.ndarray, pcls: tuple[str, ...], symbols: tuple[str, ...], n_top: int = 5
) -> pd.DataFrame:
    """List the genes that each class raises and lowers most.

    ``profiles``: float array, (pcl, gene); Z-scores. ``pcls``: tuple of str, (pcl,). ``symbols``: tuple of
    str, (gene,). ``n_top``: genes at each end. Returns DataFrame, (pcl,): ``pcl``, ``norm`` (length of the
    profile), ``up`` and ``down`` as text, most changed first. DataError if sizes do not fit.
    """
    validate.axes(profiles, "profiles", pcl=len(pcls), gene=len(symbols))
    order = np.argsort(profiles, axis=1, kind="stable")
    up, down = (
        [", ".join(f"{symbols[g]} {row[g]:+.1f}" for g in genes[:n_top])
         for row, genes in zip(profiles, ends, strict=True)]
        for ends in (order[:, ::-1], order)
    )  # fmt: skip
    return pd.DataFrame({"pcl": pcls, "norm": np.linalg.norm(profiles, axis=1), "up": up, "down": down})


def textbook_ranks(
    profiles: np.ndarray, pcls: tuple[str, ...], symbols: tuple[str, ...],
    expected: tuple[tuple[str, str, int], ...],
) -> pd.DataFrame:  # fmt: skip
    """Rank of an expected gene among all genes of its class.

    ``profiles``, ``pcls``, ``symbols``: as for :func:`top_genes`. ``expected``: tuple of (class, symbol,
    sign); sign -1 expects the gene to fall, 1 to rise. Returns DataFrame, (expectation,): ``pcl``,
    ``symbol``, ``direction``, ``z``, ``rank`` (1 is the most lowered, or the most raised). DataError if a
    class or a gene is unknown.
    """
    rows = []
    for pcl, symbol, sign in expected:
        if pcl not in pcls or symbol not in symbols:
            raise DataError(f"{symbol} is expected of {pcl}, but one of them is not in the weights.")
        signed = sign * profiles[pcls.index(pcl)]
        gene = symbols.index(symbol)
        rank = 1 + int((signed > signed[gene]).sum())
        rows.append((pcl, symbol, "down" if sign < 0 else "up", sign * signed[gene], rank))
    return pd.DataFrame(rows, columns=["pcl", "symbol", "direction", "z", "rank"])


def reconstruction(model: Svq, values: np.ndarray, own: np.ndarray) -> dict[str, float]:
    """Reconstruction errors of the network with four inputs of its decoder.

    ``values``: float array, (signature, gene). ``own``: int array, (signature,); code of the class of each
    signature. Returns dict: mean squared errors: ``zero`` (zero for every gene), ``own_code`` (label given,
    as in training), ``nearest_code`` (inferred by Euclidean distance), ``unquantised`` (hidden state without
    a code); ``saturated``, share of hidden values beyond 0.99; ``same_nearest``, share of signatures whose
    nearest code by distance is also the nearest by angle.
    """
    hidden = model.encode(values)
    near, aligned = (nearest_code(hidden, model.codes, metric) for metric in ("euclidean", "cosine"))
    rebuilt = {
        "zero": np.zeros_like(values), "own_code": model.profiles()[own],
        "nearest_code": model.profiles()[near], "unquantised": model.decode(hidden),
    }  # fmt: skip
    errors = {name: float(np.mean((values - one) ** 2)) for name, one in rebuilt.items()}
    saturated, same = np.mean(np.abs(hidden) > 0.99), np.mean(near == aligned)
    return {**errors, "saturated": float(saturated), "same_nearest": float(same)}


@dataclass(frozen=True, eq=False)
class Transfer:
    """Correlations (signature, pcl), own class (signature,), scores of each drug, and their mean over drugs.

    ``drugs`` has drug, pcl, n, mrr (mean reciprocal rank), top1 and top5; ``macro`` is that of :func:`macro`.
    """

    score: np.ndarray = field(repr=False)
    own: np.ndarray = field(repr=False)
    drugs: pd.DataFrame
    macro: dict[str, float]


def evaluate_transfer(
    profiles: np.ndarray, pcls: tuple[str, ...], signatures: Signatures, *, n_permutations: int = 999,
    seed: int = 0,
) -> Transfer:  # fmt: skip
    """Rank the classes of each signature by correlation with their profiles, and score them by drug.

    ``profiles``: float array, (pcl, gene). ``pcls``: tuple of str, (pcl,). ``signatures``: each of a drug
    with a class. DataError if genes differ in number, a row is constant, or a class is unknown. Source: ours.
    The paper assigns by Euclidean distance between hidden state and codes.
    """
    validate.axes(signatures.values, "values", signature=None, gene=np.shape(profiles)[1])
    score = correlation(signatures.values, profiles, "values or profiles")
    rank, own = rank_descending(score, axis=1), own_class(signatures.meta["pcl"], pcls)
    drug = signatures.meta["pert_name"].to_numpy(dtype=str)
    mine = rank[np.arange(len(own)), own]
    table = pd.DataFrame({
        "drug": drug, "pcl": signatures.meta["pcl"], "n": 1, "mrr": 1 / mine, "top1": mine == 1,
        "top5": mine <= N_TOP,
    })  # fmt: skip
    how = {"pcl": "first", "n": "sum", "mrr": "mean", "top1": "mean", "top5": "mean"}
    drugs = table.groupby("drug").agg(how).reset_index()
    return Transfer(score, own, drugs, macro(rank, own, drug, n_permutations=n_permutations, seed=seed))


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
    names, first, group = np.unique(drug, return_index=True, return_inverse=True)
    reciprocal = np.zeros((len(names), rank.shape[1]))
    np.add.at(reciprocal, group, 1 / rank)
    reciprocal /= np.bincount(group)[:, None]
    own_of = own[first]
    if (own != own_of[group]).any():
        several = drug[own != own_of[group]][0]
        raise DataError(f"{several} has signatures of several classes; a drug needs one.")
    each = np.arange(len(names))
    observed = float(reciprocal[each, own_of].mean())
    rng = np.random.default_rng(seed)
    named = (rng.permutation(rank.shape[1])[own_of] for _ in range(n_permutations))
    null = np.array([reciprocal[each, one].mean() for one in named])
    mine = rank[np.arange(len(own)), own]
    return {
        "macro_mrr": observed, "null_mean": float(null.mean()), "null_q95": float(np.quantile(null, 0.95)),
        "p": permutation_p(observed, null), "top1": float((mine == 1).mean()),
        "top5": float((mine <= N_TOP).mean()),
    }  # fmt: skip


def of_example(
    score: np.ndarray, meta: pd.DataFrame, pcls: tuple[str, ...], example: tuple[str, str, tuple[str, ...]]
) -> dict[str, int]:
    """Count the signatures of one drug in one cell line whose best class is one of the expected.

    ``score``: float array, (signature, pcl). ``meta``: DataFrame, (signature,). ``pcls``: tuple of str,
    (pcl,). ``example``: drug, cell line, expected classes. Returns dict: ``n`` signatures and ``on_pathway``
    among them. DataError if there is no such signature.
    """
    drug, cell, classes = example
    rows = ((meta["pert_name"] == drug) & (meta["cell"] == cell)).to_numpy()
    if not rows.any():
        raise DataError(f"There is no signature of {drug} in {cell}.")
    first = np.asarray(pcls)[score[rows].argmax(axis=1)]
    return {"n": int(rows.sum()), "on_pathway": int(np.isin(first, classes).sum())}
