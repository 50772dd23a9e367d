"""Class codes of the published S-VQ-VAE: nearest classes, genes of each class, reconstruction."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reread.core import validate
from reread.core.errors import DataError
from reread.core.stats import unit_rows
from reread.lincs.models.numpy_weights import Svq, nearest_code


def distance(codes: np.ndarray) -> np.ndarray:
    """Correlation distance (pcl, pcl) of every pair of codes (pcl, unit); a constant code is a DataError."""
    apart = 1 - correlation(codes, codes, "codes")
    np.fill_diagonal(apart, 0)
    return apart


def correlation(left: np.ndarray, right: np.ndarray, what: str) -> np.ndarray:
    """Pearson's correlation of every row with every row; a constant row is a DataError that names it."""
    rows = []
    for values in (left, right):
        unit = unit_rows(np.asarray(values, dtype=float))
        flat = np.flatnonzero(~unit.any(axis=1))
        if len(flat):
            raise DataError(f"A row of {what} is constant, so it has no correlation: row {flat[0]}.")
        rows.append(unit)
    return rows[0] @ rows[1].T


def against_printed(apart: np.ndarray, pcls: tuple[str, ...], printed: pd.DataFrame) -> pd.DataFrame:
    """Compare the nearest class of each class with the printed one.

    ``apart``: float array, (pcl, pcl); distances. ``pcls``: tuple of str, (pcl,). ``printed``: DataFrame,
    (pcl,); ``pcl``, ``nn_pcl``, ``corr_dist``; in the order of ``pcls``.
    Returns DataFrame, (pcl,): ``pcl``, ``nearest``, ``distance``, ``printed_nearest``, ``printed_distance``,
    ``is_equal``, ``difference`` (absolute, to the printed class).
    DataError if the printed list has other classes.
    """
    index = {pcl: i for i, pcl in enumerate(pcls)}
    unknown = sorted(set(printed["nn_pcl"]) - set(index))
    if tuple(printed["pcl"]) != tuple(pcls) or unknown:
        raise DataError(
            f"The printed neighbours are of other classes than the codes: {unknown[:1] or 'another order'}."
        )
    others = apart + np.where(np.eye(len(apart), dtype=bool), np.inf, 0)
    best, theirs = others.argmin(axis=1), printed["nn_pcl"].map(index).to_numpy()
    return pd.DataFrame(
        {
            "pcl": pcls,
            "nearest": np.asarray(pcls)[best],
            "distance": others.min(axis=1),
            "printed_nearest": printed["nn_pcl"].to_numpy(),
            "printed_distance": printed["corr_dist"].to_numpy(),
            "is_equal": best == theirs,
            "difference": np.abs(apart[np.arange(len(pcls)), theirs] - printed["corr_dist"].to_numpy()),
        }
    )


def top_genes(
    profiles: np.ndarray, pcls: tuple[str, ...], symbols: tuple[str, ...], n_top: int = 5
) -> pd.DataFrame:
    """List the genes that each class raises and lowers most.

    ``profiles``: float array, (pcl, gene); Z-scores. ``pcls``: tuple of str, (pcl,). ``symbols``: tuple of
    str, (gene,). ``n_top``: genes at each end.
    Returns DataFrame, (pcl,): ``pcl``, ``norm`` (length of the profile), ``up`` and ``down`` as text, most
    changed first.
    DataError if sizes do not fit.
    """
    validate.axes(profiles, "profiles", pcl=len(pcls), gene=len(symbols))
    order = np.argsort(profiles, axis=1, kind="stable")
    up, down = (
        [
            ", ".join(f"{symbols[g]} {row[g]:+.1f}" for g in genes[:n_top])
            for row, genes in zip(profiles, ends, strict=True)
        ]
        for ends in (order[:, ::-1], order)
    )
    return pd.DataFrame({"pcl": pcls, "norm": np.linalg.norm(profiles, axis=1), "up": up, "down": down})


def textbook_ranks(
    profiles: np.ndarray, pcls: tuple[str, ...], symbols: tuple[str, ...],
    expected: tuple[tuple[str, str, int], ...],
) -> pd.DataFrame:  # fmt: skip
    """Rank of an expected gene among all genes of its class.

    ``profiles``, ``pcls``, ``symbols``: as for :func:`top_genes`. ``expected``: tuple of (class, symbol,
    sign); sign -1 expects the gene to fall, 1 to rise.
    Returns DataFrame, (expectation,): ``pcl``, ``symbol``, ``direction``, ``z``, ``rank`` (1 is the most
    lowered, or the most raised).
    DataError if a class or a gene is unknown.
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

    ``values``: float array, (signature, gene). ``own``: int array, (signature,);
    code of the class of each signature.
    Returns dict: mean squared errors: ``zero`` (zero for every gene), ``own_code`` (label given, as in
    training), ``nearest_code`` (inferred by Euclidean distance), ``unquantised`` (hidden state without a
    code); ``saturated``, share of hidden values beyond 0.99; ``same_nearest``, share of signatures whose
    nearest code by distance is also the nearest by angle.
    """
    hidden = model.encode(values)
    near, aligned = (nearest_code(hidden, model.codes, metric) for metric in ("euclidean", "cosine"))
    rebuilt = {
        "zero": np.zeros_like(values),
        "own_code": model.profiles()[own],
        "nearest_code": model.profiles()[near],
        "unquantised": model.decode(hidden),
    }
    errors = {name: float(np.mean((values - one) ** 2)) for name, one in rebuilt.items()}
    saturated, same = np.mean(np.abs(hidden) > 0.99), np.mean(near == aligned)
    return {**errors, "saturated": float(saturated), "same_nearest": float(same)}
