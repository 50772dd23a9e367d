"""Where expression comes from: simulated, Walley 2016, or a csv as the authors describe it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.maize.data import simulate
from reread.maize.data.readers import read_table, read_walley
from reread.maize.data.tables import Expression, Truth
from reread.maize.data.transform import log_plus_one

__all__ = [
    "SOURCES",
    "Expression",
    "Truth",
    "aligned",
    "describe",
    "load",
    "most_variable",
    "narrowed",
    "sizes",
    "stages",
]

SOURCES = (*simulate.DESIGNS, "walley-2016", "compendium")


def load(source: str, *, n_genes: int = 0, seed: int = 0) -> Expression:
    """Give expression with its tissues.

    Parameters
    ----------
    source : str
        ``simulated`` and ``simulated-hard``, with planted genes; ``walley-2016``, 68 libraries of maize;
        ``compendium``, a csv laid out as the authors' own.
    n_genes : int
        How many genes to keep, the most variable by :func:`most_variable`; 0 keeps all.
    seed : int
        Random seed of the simulation.

    Returns
    -------
    Expression

    Raises
    ------
    ParameterError
        If the source is unknown or ``n_genes`` is negative.
    DataError
        If a file is missing or not what it has to be.
    """
    if source not in SOURCES:
        raise ParameterError(f"There is no source {source!r}. {did_you_mean(source, SOURCES)}")
    if source in simulate.DESIGNS:
        data = simulate.simulate(simulate.DESIGNS[source], seed=seed)
    else:
        data = _walley() if source == "walley-2016" else _compendium()
    return narrowed(data, n_genes)


def narrowed(data: Expression, n_genes: int) -> Expression:
    """Keep the ``n_genes`` most variable genes by :func:`most_variable`; all if 0, or if there are fewer.

    Raises
    ------
    ParameterError
        If ``n_genes`` is negative.
    """
    if n_genes < 0:
        raise ParameterError(f"n_genes must be 0 (all) or more, but came as {n_genes}.")
    return data.keep_genes(most_variable(data.values, n_genes)) if 0 < n_genes < len(data.genes) else data


def most_variable(values: np.ndarray, n_genes: int) -> np.ndarray:
    """Columns of the genes whose log2(x + 1) varies most, in the order of the source.

    Parameters
    ----------
    values : float array, (sample, gene)
        FPKM or TPM. All samples are looked at, but no tissue: what is kept does not depend on any label.
    n_genes : int
        How many.

    Returns
    -------
    int array, (gene kept,)
        Ascending; of genes that vary alike, the first are kept.
    """
    spread = log_plus_one(values).var(axis=0)
    return np.sort(np.argsort(-spread, kind="stable")[:n_genes])


def aligned(data: Expression, genes: tuple[str, ...]) -> Expression:
    """Bring samples of another source to the genes that a model was trained on.

    Parameters
    ----------
    data : Expression
    genes : tuple of str, (gene,)
        The genes of the training data, in their order.

    Returns
    -------
    Expression
        ``data`` over exactly these genes.

    Raises
    ------
    DataError
        If a gene is missing: a gap filled in silence would be a pixel that no test sample has.
    """
    place = {gene: i for i, gene in enumerate(data.genes)}
    missing = [gene for gene in genes if gene not in place]
    if missing:
        raise DataError(
            f"{len(missing)} of {len(genes)} genes of the training data are not in the test data, "
            f"{missing[0]} for one.\nTrain on the genes that both have."
        )
    return data.keep_genes(np.array([place[gene] for gene in genes]))


def sizes(data: Expression) -> dict[str, int]:
    """Numbers of samples, genes, tissues and groups."""
    n_groups = len(np.unique(data.group))
    found = {"n_samples": len(data.samples), "n_genes": len(data.genes)}
    return found | {"n_tissues": data.n_tissues, "n_groups": n_groups}


def describe(data: Expression) -> pd.DataFrame:
    """What is in the data, one row a tissue: samples, groups, replicates, median genes seen in a sample."""
    seen = (data.values > 0).sum(axis=1)
    rows = []
    for k, tissue in enumerate(data.tissues):
        is_here = data.tissue == k
        groups, replicates = (len(np.unique(part[is_here])) for part in (data.group, data.replicate))
        rows.append((tissue, int(is_here.sum()), groups, replicates, int(np.median(seen[is_here]))))
    return pd.DataFrame(rows, columns=["tissue", "samples", "groups", "replicates", "genes seen"])


def stages(data: Expression) -> pd.DataFrame:
    """Tissue, group and samples of every combination that occurs."""
    names = np.asarray(data.tissues)[data.tissue]
    table = pd.DataFrame({"tissue": names, "group": data.group})
    return table.groupby(["tissue", "group"], sort=False).size().rename("samples").reset_index()


def _walley() -> Expression:
    from reread.core.data import registry

    keys = registry.matching(["maize/walley-2016"])
    libraries = {key.rsplit("/", 1)[-1].upper(): registry.fetch(key) for key in keys}
    return read_walley(libraries, registry.fetch("maize/walley-2016-samples"))


def _compendium() -> Expression:
    from reread.core.data import registry

    return read_table(registry.fetch("maize/compendium"))
