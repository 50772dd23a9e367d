"""What codes say: which class is near to which, and what each class does to each gene."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reread.core import validate as check
from reread.core.errors import DataError
from reread.lincs.data.published_weights import PublishedSvqvae
from reread.lincs.methods.target_ranks import unit_rows


def distance(codes: np.ndarray) -> np.ndarray:
    """Correlation distance of every pair of codes.

    Parameters
    ----------
    codes : float array, (pcl, unit)

    Returns
    -------
    float64 array, (pcl, pcl)
        1 minus Pearson's correlation; 0 on the diagonal.

    Raises
    ------
    DataError
        If a code is constant: it has no correlation.
    """
    apart = 1 - _correlation(codes, codes, "codes")
    np.fill_diagonal(apart, 0)
    return apart


def nearest(apart: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nearest other class (pcl,) and its distance (pcl,), from distances (pcl, pcl)."""
    check.axes(apart, "distance", pcl=len(apart), other=len(apart))
    others = apart + np.where(np.eye(len(apart), dtype=bool), np.inf, 0)
    return others.argmin(axis=1), others.min(axis=1)


def against_printed(apart: np.ndarray, pcls: tuple[str, ...], printed: pd.DataFrame) -> pd.DataFrame:
    """Set our nearest classes beside the printed ones.

    Parameters
    ----------
    apart : float array, (pcl, pcl)
    pcls : tuple of str, (pcl,)
    printed : DataFrame, (pcl,)
        ``pcl``, ``nn_pcl``, ``corr_dist``; in the order of ``pcls``.

    Returns
    -------
    DataFrame, (pcl,)
        ``pcl``, ``nearest``, ``distance``, ``printed_nearest``, ``printed_distance``, ``is_equal``,
        ``difference`` (absolute, to the printed class).

    Raises
    ------
    DataError
        If the printed list is of other classes, or names one that is unknown.
    """
    place = {pcl: i for i, pcl in enumerate(pcls)}
    unknown = sorted(set(printed["nn_pcl"]) - set(place))
    if tuple(printed["pcl"]) != tuple(pcls) or unknown:
        raise DataError(
            f"The printed neighbours are of other classes than the codes: {unknown[:1] or 'another order'}."
        )
    best, near = nearest(apart)
    theirs = printed["nn_pcl"].map(place).to_numpy()
    return pd.DataFrame(
        {
            "pcl": pcls,
            "nearest": np.asarray(pcls)[best],
            "distance": near,
            "printed_nearest": printed["nn_pcl"].to_numpy(),
            "printed_distance": printed["corr_dist"].to_numpy(),
            "is_equal": best == theirs,
            "difference": np.abs(apart[np.arange(len(pcls)), theirs] - printed["corr_dist"].to_numpy()),
        }
    )


def leaf_order(apart: np.ndarray) -> np.ndarray:
    """Order (pcl,) in which average linkage puts the classes, so that near ones stand together."""
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    return leaves_list(linkage(squareform(apart, checks=False), method="average", optimal_ordering=True))


def top_genes(
    profiles: np.ndarray, pcls: tuple[str, ...], symbols: tuple[str, ...], n_top: int = 5
) -> pd.DataFrame:
    """Genes that each class raises and lowers most.

    Parameters
    ----------
    profiles : float array, (pcl, gene)
        Z-scores.
    pcls : tuple of str, (pcl,)
    symbols : tuple of str, (gene,)
    n_top : int
        Genes at each end.

    Returns
    -------
    DataFrame, (pcl,)
        ``pcl``, ``norm`` (length of the profile), ``up`` and ``down`` as text, most changed first.
    """
    check.axes(profiles, "profiles", pcl=len(pcls), gene=len(symbols))
    order = np.argsort(profiles, axis=1, kind="stable")
    text = [
        (
            _listed(profiles[i], order[i, ::-1][:n_top], symbols),
            _listed(profiles[i], order[i, :n_top], symbols),
        )
        for i in range(len(pcls))
    ]
    up, down = zip(*text, strict=True)
    return pd.DataFrame({"pcl": pcls, "norm": np.linalg.norm(profiles, axis=1), "up": up, "down": down})


def textbook_ranks(
    profiles: np.ndarray,
    pcls: tuple[str, ...],
    symbols: tuple[str, ...],
    expected: tuple[tuple[str, str, int], ...],
) -> pd.DataFrame:
    """Where a gene that a textbook expects stands among all genes of its class.

    Parameters
    ----------
    profiles, pcls, symbols
        As for :func:`top_genes`.
    expected : tuple of (class, symbol, sign)
        Sign -1 expects the gene to fall, 1 to rise.

    Returns
    -------
    DataFrame, (expectation,)
        ``pcl``, ``symbol``, ``direction``, ``z``, ``rank`` (1 is the most lowered, or the most raised).

    Raises
    ------
    DataError
        If a class or a gene is unknown.
    """
    rows = []
    for pcl, symbol, sign in expected:
        if pcl not in pcls or symbol not in symbols:
            raise DataError(f"The textbook expects {symbol} of {pcl}, but one of them is not in the weights.")
        signed = sign * profiles[pcls.index(pcl)]
        gene = symbols.index(symbol)
        rank = 1 + int((signed > signed[gene]).sum())
        rows.append((pcl, symbol, "down" if sign < 0 else "up", sign * signed[gene], rank))
    return pd.DataFrame(rows, columns=["pcl", "symbol", "direction", "z", "rank"])


def reconstruction(model: PublishedSvqvae, values: np.ndarray, own: np.ndarray) -> dict[str, float]:
    """How well the network tells a signature, by four ways to decode it.

    Parameters
    ----------
    model : PublishedSvqvae
    values : float array, (signature, gene)
    own : int array, (signature,)
        Code of each signature's class.

    Returns
    -------
    dict
        Mean squared errors: ``zero`` (say nothing), ``own_code`` (the class is given, as in training),
        ``nearest_code`` (it is inferred, by Euclidean distance), ``unquantised`` (no code at all);
        ``saturated``, share of hidden values beyond 0.99; and ``same_nearest``, share of the signatures whose
        nearest code is also the one that points most nearly where the hidden state does (cosine).
    """
    hidden = model.encode(values)
    apart = (model.codes.astype(float) ** 2).sum(axis=1) - 2 * hidden @ model.codes.T.astype(float)
    length = np.maximum(np.linalg.norm(model.codes.astype(float), axis=1), 1e-12)
    near, aligned = apart.argmin(axis=1), (hidden @ model.codes.T.astype(float) / length).argmax(axis=1)
    told = {
        "zero": np.zeros_like(values),
        "own_code": model.decode(model.codes)[own],
        "nearest_code": model.decode(model.codes)[near],
        "unquantised": model.decode(hidden),
    }
    errors = {name: float(np.mean((values - said) ** 2)) for name, said in told.items()}
    saturated, same = np.mean(np.abs(hidden) > 0.99), np.mean(near == aligned)
    return {**errors, "saturated": float(saturated), "same_nearest": float(same)}


def told_table(told: dict[str, float]) -> pd.DataFrame:
    """The errors of :func:`reconstruction`, as a table for readers."""
    words = {
        "zero": "nothing: zero for every gene",
        "own_code": "the code of the class, which is given",
        "nearest_code": "the code nearest to the hidden state",
        "unquantised": "the hidden state itself",
    }
    rows = [(text, told[name]) for name, text in words.items()]
    return pd.DataFrame(rows, columns=["what is decoded", "mean squared error"])


def _listed(profile: np.ndarray, genes: np.ndarray, symbols: tuple[str, ...]) -> str:
    return ", ".join(f"{symbols[gene]} {profile[gene]:+.1f}" for gene in genes)


def _correlation(left: np.ndarray, right: np.ndarray, what: str) -> np.ndarray:
    """Pearson's correlation of every row with every row, double precision."""
    rows = []
    for values in (left, right):
        unit = unit_rows(values)
        if not unit.any(axis=1).all():
            flat = int((~unit.any(axis=1)).argmax())
            raise DataError(f"A row of {what} is constant, so it has no correlation: row {flat}.")
        rows.append(unit)
    return rows[0] @ rows[1].T
