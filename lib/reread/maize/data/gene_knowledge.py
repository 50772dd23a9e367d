"""Known markers, GO terms and transcription factors among the genes of one data set."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from reread.core.data import matrix, registry
from reread.core.errors import DataError
from reread.core.tables import door
from reread.maize.data import own
from reread.maize.data.readers import VERIFY, control_genes
from reread.maize.data.tables import Expression

# Simulated genes have no annotation: random terms and factors are a control that must not be enriched.
N_RANDOM_TERMS, RANDOM_TERM_SIZE, SHARE_TF = 60, 20, 0.07
LEAST_OF_TERM = 5  # known genes of a tissue, to be tested as a term


@dataclass(frozen=True, eq=False)
class Knowledge:
    """Genes of each term, names of the terms, ``is_tf`` (gene,), and markers.

    A marker is (tissue, name, index of the tissue, index of the gene). ``report`` is what a record keeps of
    an own file.
    """

    terms: dict[str, frozenset[str]]
    names: dict[str, str]
    is_tf: np.ndarray
    markers: list[tuple[str, str, int, int]]
    report: dict[str, str] = field(default_factory=dict)


def knowledge_of(data: Expression, seed: int = 0, known: str = "") -> Knowledge:
    """Look up the annotation of real genes, or derive that of simulated genes from the simulation.

    Simulated: the planted genes are the markers, those of one tissue form a term, and random terms and random
    transcription factors (by ``seed``) are a control. Own: the markers are those of the file ``known`` (none
    without it), those of one tissue form a term, and no gene is called a transcription factor. Raises
    DataError if a file is missing or damaged.
    """
    if data.report:
        file = {"known_genes": Path(known).expanduser()} if known else {}
        markers = own.read_markers(file["known_genes"], data) if known else []
        return _of_reader(data, markers, matrix.digests(file))
    if data.truth is not None:
        return _simulated(data, np.random.default_rng([seed, 1]))
    terms = read_go_terms(registry.fetch("maize/go-terms"))
    names = read_go_names(registry.fetch("maize/go-names"))
    factors = read_transcription_factors(registry.fetch("maize/transcription-factors"))
    is_tf = np.array([gene in factors for gene in data.genes])
    return Knowledge(terms, names, is_tf, control_genes(data.genes, data.tissues))


def _simulated(data: Expression, rng: np.random.Generator) -> Knowledge:
    genes, tissue_of = np.asarray(data.genes), data.truth.tissue_of
    planted = [t for t in range(data.n_tissues) if (tissue_of == t).any()]
    terms = {f"planted:{t}": frozenset(genes[tissue_of == t].tolist()) for t in planted}
    names = {f"planted:{t}": f"planted for {data.tissues[t]}" for t in planted}
    for i in range(N_RANDOM_TERMS):
        size = min(RANDOM_TERM_SIZE, len(genes))
        terms[f"random:{i:02d}"] = frozenset(rng.choice(genes, size, replace=False).tolist())
        names[f"random:{i:02d}"] = "random genes"
    places = [(int(tissue_of[g]), int(g)) for g in np.flatnonzero(tissue_of >= 0)]
    markers = [(data.tissues[t], data.genes[g], t, g) for t, g in places]
    return Knowledge(terms, names, rng.random(len(genes)) < SHARE_TF, markers)


def _of_reader(
    data: Expression, markers: list[tuple[str, str, int, int]], report: dict[str, str]
) -> Knowledge:
    found: dict[str, set[str]] = {}
    for tissue, gene, _, _ in markers:
        found.setdefault(f"known:{tissue}", set()).add(gene)
    terms = {term: frozenset(genes) for term, genes in found.items() if len(genes) >= LEAST_OF_TERM}
    names = {term: f"known genes of {term.partition(':')[2]}" for term in terms}
    return Knowledge(terms, names, np.zeros(len(data.genes), dtype=bool), markers, report)


def read_go_terms(path: Path) -> dict[str, frozenset[str]]:
    """Read a table GeneID, GO_Terms (tab between, commas within) as term to genes, without parent terms."""
    found: dict[str, set[str]] = {}
    for gene, terms in _rows(path, "\t", ("GeneID", "GO_Terms"), 2):
        for term in filter(None, (word.strip() for word in terms.split(","))):
            found.setdefault(term, set()).add(gene)
    return {term: frozenset(genes) for term, genes in sorted(found.items())}


def read_go_names(path: Path) -> dict[str, str]:
    """Read the name of each term from a csv GO, Term."""
    return dict(_rows(path, ",", ("GO", "Term"), 2))


def read_transcription_factors(path: Path) -> frozenset[str]:
    """Read the genes of a csv GeneID, TF_Family, TFID."""
    return frozenset(gene for gene, _ in _rows(path, ",", ("GeneID", "TF_Family"), 3))


def _rows(path: Path, delimiter: str, header: tuple[str, str], n_cells: int) -> list[tuple[str, str]]:
    """First two cells of each row below the header; one file ends its lines with CR, which csv refuses."""
    with door(path, "annotations") as path, path.open(encoding="utf-8-sig", newline=None) as stream:
        lines = csv.reader(stream, delimiter=delimiter, strict=True)
        rows = [(lines.line_num, row) for row in lines if row]
    found = ", ".join(rows[0][1][:2])[:80] if rows else "nothing"
    if found != ", ".join(header):
        wanted = f"the columns {', '.join(header)}"
        raise DataError(f"{path} must begin with {wanted}, but begins with {found}.\n{VERIFY}")
    for number, row in rows[1:]:
        if len(row) != n_cells or not row[0].strip():
            wanted = f"{n_cells} cells and a name in the first, but holds {len(row)} cells"
            raise DataError(f"{path}, line {number}: must hold {wanted}.\n{VERIFY}")
    if len(rows) < 2:
        raise DataError(f"{path} holds no row below its header.\n{VERIFY}")
    return [(row[0].strip(), row[1].strip()) for _, row in rows[1:]]
