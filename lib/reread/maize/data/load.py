"""Load expression by its source: simulated, Walley 2016, a csv in the authors' format, the reader's own."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reread.core.data import registry
from reread.core.errors import ParameterError, did_you_mean
from reread.maize.data import own, simulate
from reread.maize.data.image import log_plus_one
from reread.maize.data.readers import read_expression, read_walley
from reread.maize.data.tables import Expression

SOURCES = (*simulate.DESIGNS, "walley-2016", "compendium", "own")


def load(source: str, *, n_genes: int = 0, seed: int = 0, **files: str) -> Expression:
    """Load expression (sample, gene) in FPKM or TPM, with its tissues, by the name of a source.

    ``simulated`` and ``simulated-hard`` have known specific genes and take the ``seed``; ``walley-2016`` is
    68 libraries of maize; ``compendium`` is a csv in the authors' format; ``own`` reads the ``files`` as
    ``own.read`` names them. ``n_genes`` keeps the genes of the largest variance of log2(x + 1); 0 keeps all.
    Raises ParameterError if the source is unknown, and DataError if a file is missing or damaged.
    """
    if source not in SOURCES:
        raise ParameterError(f"There is no source {source!r}. {did_you_mean(source, SOURCES)}")
    if source in simulate.DESIGNS:
        data = simulate.simulate(simulate.DESIGNS[source], seed=seed)
    elif source == "walley-2016":
        keys = registry.matching(["maize/walley-2016"])
        libraries = {key.rsplit("/", 1)[-1].upper(): registry.fetch(key) for key in keys}
        data = read_walley(libraries, registry.fetch("maize/walley-2016-samples"))
    elif source == "own":
        data = own.read(**files)
    else:
        data = read_expression(registry.fetch("maize/compendium"))
    return narrowed(data, n_genes)


def narrowed(data: Expression, n_genes: int) -> Expression:
    """Keep the genes of the largest variance of log2(x + 1) over all samples; labels are not used.

    ``n_genes`` 0, or more than there are, keeps all. Returns the same samples (sample, gene) in the same
    unit. Raises ParameterError if ``n_genes`` is negative.
    """
    if n_genes < 0:
        raise ParameterError(f"n_genes must be 0 (all) or more, but is {n_genes}.")
    return data.keep_genes(_most_variable(data.values, n_genes)) if 0 < n_genes < len(data.genes) else data


def _most_variable(values: np.ndarray, n_genes: int) -> np.ndarray:
    """Columns (gene kept,) with the largest variance of log2(x + 1) over all samples; no label is used."""
    spread = log_plus_one(values).var(axis=0, dtype=np.float64).round(6)
    return np.sort(np.argsort(-spread, kind="stable")[:n_genes])


def sizes(data: Expression) -> dict[str, int]:
    """Count the samples, genes, tissues and groups of a data set.

    Keys: n_samples, n_genes, n_tissues, n_groups (studies or stages).
    """
    found = {"n_samples": len(data.samples), "n_genes": len(data.genes), "n_tissues": data.n_tissues}
    return found | {"n_groups": len(np.unique(data.group))}


def describe(data: Expression) -> pd.DataFrame:
    """Count what is measured of each tissue.

    Columns: tissue, samples, groups, replicates, and expressed genes (median over samples of the genes above
    0).
    """
    seen = (data.values > 0).sum(axis=1)
    rows = []
    for k, tissue in enumerate(data.tissues):
        is_here = data.tissue == k
        groups, replicates = (len(np.unique(part[is_here])) for part in (data.group, data.replicate))
        rows.append((tissue, int(is_here.sum()), groups, replicates, int(np.median(seen[is_here]))))
    return pd.DataFrame(rows, columns=["tissue", "samples", "groups", "replicates", "expressed genes"])
