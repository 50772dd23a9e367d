"""What is known of genes beside their expression: markers, terms, transcription factors; planted or read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reread.maize.data import annotations
from reread.maize.data import walley_2016 as organs
from reread.maize.data.tables import Expression

# Simulated genes have no annotation: terms and factors are drawn at random, a control that must stay empty.
N_RANDOM_TERMS, RANDOM_TERM_SIZE, SHARE_TF = 60, 20, 0.07


@dataclass(frozen=True, eq=False)
class Knowledge:
    """Annotation of the genes of one data set.

    Attributes
    ----------
    terms : dict of str to frozenset of str
        Genes of each term.
    names : dict of str to str
        What a term means.
    is_tf : bool array, (gene,)
        Whether a gene is a transcription factor.
    markers : list of (str, str, int, int)
        Genes known to be specific: tissue, name, index of the tissue, index of the gene.
    """

    terms: dict[str, frozenset[str]]
    names: dict[str, str]
    is_tf: np.ndarray
    markers: list[tuple[str, str, int, int]]


def knowledge_of(data: Expression, seed: int = 0) -> Knowledge:
    """Annotation of real genes from the recorded files, of simulated ones from what was planted.

    Parameters
    ----------
    data : Expression
    seed : int
        Of the random terms and factors of simulated genes.

    Returns
    -------
    Knowledge
        Simulated: the planted genes are markers, those of one tissue are a term, and random terms and factors
        stand beside as a control.

    Raises
    ------
    DataError
        If a recorded file is missing.
    """
    if data.truth is not None:
        return _planted(data, np.random.default_rng([seed, 1]))
    terms, names = annotations.load_go()
    factors = annotations.load_transcription_factors()
    is_tf = np.array([gene in factors for gene in data.genes])
    return Knowledge(terms, names, is_tf, organs.control_genes(data.genes, data.tissues))


def _planted(data: Expression, rng: np.random.Generator) -> Knowledge:
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
        names[f"random:{i:02d}"] = "genes drawn at random"
    markers = [
        (data.tissues[tissue_of[g]], data.genes[g], int(tissue_of[g]), int(g))
        for g in np.flatnonzero(tissue_of >= 0)
    ]
    return Knowledge(terms, names, rng.random(len(genes)) < SHARE_TF, markers)
