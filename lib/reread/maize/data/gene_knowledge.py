"""Known markers, GO terms and transcription factors among the genes of one data set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reread.maize.data import annotations, walley_2016
from reread.maize.data.tables import Expression

# Simulated genes have no annotation: random terms and factors are a control that must not be enriched.
N_RANDOM_TERMS, RANDOM_TERM_SIZE, SHARE_TF = 60, 20, 0.07


@dataclass(frozen=True, eq=False)
class Knowledge:
    """Genes of each term, names of the terms, ``is_tf`` (gene,), and markers.

    A marker is (tissue, name, index of the tissue, index of the gene).
    """

    terms: dict[str, frozenset[str]]
    names: dict[str, str]
    is_tf: np.ndarray
    markers: list[tuple[str, str, int, int]]


def knowledge_of(data: Expression, seed: int = 0) -> Knowledge:
    """Look up the annotation of real genes, or derive that of simulated genes from the simulation.

    Parameters
    ----------
    data : Expression
    seed : int
        Of the random terms and transcription factors of simulated genes.

    Returns
    -------
    Knowledge
        Simulated: the planted genes are the markers, those of one tissue form a term, and random terms and
        random transcription factors are added as a control.

    Raises
    ------
    DataError
        If a recorded file is missing or damaged.
    """
    if data.truth is not None:
        return _simulated(data, np.random.default_rng([seed, 1]))
    terms, names = annotations.load_go()
    factors = annotations.load_transcription_factors()
    is_tf = np.array([gene in factors for gene in data.genes])
    return Knowledge(terms, names, is_tf, walley_2016.control_genes(data.genes, data.tissues))


def _simulated(data: Expression, rng: np.random.Generator) -> Knowledge:
    genes, tissue_of = np.asarray(data.genes), data.truth.tissue_of
    terms = {
        f"planted:{t}": frozenset(genes[tissue_of == t].tolist())
        for t in range(data.n_tissues)
        if (tissue_of == t).any()
    }
    names = {term: f"planted for {data.tissues[int(term.split(':')[1])]}" for term in terms}
    for i in range(N_RANDOM_TERMS):
        size = min(RANDOM_TERM_SIZE, len(genes))
        terms[f"random:{i:02d}"] = frozenset(rng.choice(genes, size, replace=False).tolist())
        names[f"random:{i:02d}"] = "random genes"
    markers = [
        (data.tissues[tissue_of[g]], data.genes[g], int(tissue_of[g]), int(g))
        for g in np.flatnonzero(tissue_of >= 0)
    ]
    return Knowledge(terms, names, rng.random(len(genes)) < SHARE_TF, markers)
