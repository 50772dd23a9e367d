"""Annotation of the genes: GO terms, the names of the terms, transcription factors."""

from __future__ import annotations

import csv
from pathlib import Path

from reread.core.data import registry
from reread.core.errors import DataError
from reread.core.tables import door

VERIFY = "Run:  reread data verify maize"


def load_go() -> tuple[dict[str, frozenset[str]], dict[str, str]]:
    """Genes (B73 v4) of each GO term, and the name of each term, from the recorded files."""
    terms = read_go_terms(registry.fetch("maize/go-terms"))
    return terms, read_go_names(registry.fetch("maize/go-names"))


def load_transcription_factors() -> frozenset[str]:
    """Genes that GRASSIUS lists as transcription factors, from the recorded file."""
    return read_transcription_factors(registry.fetch("maize/transcription-factors"))


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
        raise DataError(
            f"{path} must begin with the columns {', '.join(header)}, but begins with {found}.\n{VERIFY}"
        )
    for number, row in rows[1:]:
        if len(row) != n_cells or not row[0].strip():
            raise DataError(
                f"{path}, line {number}: must hold {n_cells} cells and a name in the first, but holds "
                f"{len(row)} cells.\n{VERIFY}"
            )
    if len(rows) < 2:
        raise DataError(f"{path} holds no row below its header.\n{VERIFY}")
    return [(row[0].strip(), row[1].strip()) for _, row in rows[1:]]
