"""What is known of the genes: GO terms, the names of the terms, transcription factors."""

from __future__ import annotations

import csv
from pathlib import Path

from reread.core.errors import DataError


def load_go() -> tuple[dict[str, frozenset[str]], dict[str, str]]:
    """Give the genes of each GO term, and the name of each term, from the recorded files.

    Returns
    -------
    dict of str to frozenset of str, dict of str to str
        ``GO:0005730`` to gene identifiers of B73 v4; ``GO:0005730`` to ``nucleolus``.

    Raises
    ------
    DataError
        If a file is missing or not what was recorded.
    """
    from reread.core.data import registry

    terms = read_go_terms(registry.fetch("maize/go-terms"))
    return terms, read_go_names(registry.fetch("maize/go-names"))


def load_transcription_factors() -> frozenset[str]:
    """Give the genes that GRASSIUS lists as transcription factors, from the recorded file."""
    from reread.core.data import registry

    return read_transcription_factors(registry.fetch("maize/transcription-factors"))


def read_go_terms(path: Path) -> dict[str, frozenset[str]]:
    """Read the genes of each term from a table GeneID, GO_Terms (tab between, commas within).

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of str to frozenset of str
        Term to genes. Terms are those written down, without their parents in the ontology.

    Raises
    ------
    DataError
        If the header is another, or there is no row.
    """
    found: dict[str, set[str]] = {}
    for gene, terms in _rows(path, "\t", ("GeneID", "GO_Terms")):
        for term in filter(None, (word.strip() for word in terms.split(","))):
            found.setdefault(term, set()).add(gene)
    return {term: frozenset(genes) for term, genes in sorted(found.items())}


def read_go_names(path: Path) -> dict[str, str]:
    """Read the name of each term from a csv GO, Term. Errors as :func:`read_go_terms`."""
    return dict(_rows(path, ",", ("GO", "Term")))


def read_transcription_factors(path: Path) -> frozenset[str]:
    """Read the genes of a csv GeneID, TF_Family, TFID, whose lines end with CR. Errors as above."""
    return frozenset(gene for gene, _ in _rows(path, ",", ("GeneID", "TF_Family")))


def _rows(path: Path, delimiter: str, header: tuple[str, str]) -> list[tuple[str, str]]:
    """First two cells of each row below the header; CR, LF and both end a line."""
    # universal newlines: csv alone refuses the bare CR of one file
    with Path(path).open(encoding="utf-8-sig", newline=None) as stream:
        rows = [row for row in csv.reader(stream, delimiter=delimiter) if row]
    if not rows or tuple(word.strip() for word in rows[0][:2]) != header:
        found = ", ".join(rows[0][:2]) if rows else "nothing"
        raise DataError(
            f"{path} must begin with the columns {', '.join(header)}, but begins with {found}.\n"
            f"Run:  reread data verify maize"
        )
    short = next((number for number, row in enumerate(rows, 1) if len(row) < 2 or not row[0].strip()), 0)
    if short or len(rows) < 2:
        where = f"row {short}" if short else "its end"
        raise DataError(f"{path}: {where} lacks a gene or what it has.\nRun:  reread data verify maize")
    return [(row[0].strip(), row[1].strip()) for row in rows[1:]]
