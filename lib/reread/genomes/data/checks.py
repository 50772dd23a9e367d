"""Compare genotypes, reference and expression before they are used, and count what does not fit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reread.core.errors import DataError, short
from reread.genomes.io.fasta import Reference
from reread.genomes.io.tables import MISSING, Expression, Variants, same_contig

MOST_MISMATCHES = 0.01


def check_reference(reference: Reference, variants: Variants) -> dict[str, int]:
    """Compare REF of every variant with the bases of the reference.

    Returns counts: ``variants``, ``REF differs``, ``REF and ALT swapped`` (ALT is the base of the reference)
    and ``outside of the contig``.

    Raises
    ------
    DataError
        If REF differs at more than 1 % of the variants: the files are of two genome builds.
    """
    length = reference.lengths[same_contig(variants.contig, list(reference.lengths))] + reference.offset
    is_outside = (variants.end > length) | (variants.position < reference.offset)
    inside = variants.take(~is_outside)
    differs = np.zeros(len(inside), dtype=bool)
    swapped = np.zeros(len(inside), dtype=bool)
    if len(inside):
        start = int(inside.position[0])
        text = reference.fetch(variants.contig, start, int(inside.end.max())).tobytes().decode()
        for row, (position, ref, alt) in enumerate(
            zip(inside.position - start, inside.ref, inside.alt, strict=True)
        ):
            differs[row] = text[position : position + len(ref)] != ref
            swapped[row] = differs[row] and text[position : position + len(alt)] == alt
    counts = {
        "variants": len(variants),
        "REF differs": int(differs.sum()),
        "REF and ALT swapped": int(swapped.sum()),
        "outside of the contig": int(is_outside.sum()),
    }
    if len(variants) and differs.sum() + is_outside.sum() > MOST_MISMATCHES * len(variants):
        row = int(np.flatnonzero(differs)[0]) if differs.any() else 0
        example = (
            f"; the first is {variants.contig}:{inside.position[row] + 1}, REF {short(inside.ref[row])}"
            if differs.any()
            else ""
        )
        raise DataError(
            f"REF differs from the reference at {counts['REF differs']:,} of {len(variants):,} variants, and "
            f"{counts['outside of the contig']:,} lie outside of the contig (at most 1 % may){example}. The "
            f"genome builds differ, or REF and ALT are swapped ({counts['REF and ALT swapped']:,} sites).\n"
            f"Lift the variants over, or run:  bcftools norm --check-ref s"
        )
    return counts


def shared_people(variants: Variants, expression: Expression) -> tuple[Variants, Expression]:
    """Both tables for the people that they share, in the order of the genotypes; DataError if none is."""
    known = set(expression.people)
    both = [name for name in variants.people if name in known]
    if not both:
        raise DataError(
            f"No person of the genotypes ({short(variants.people[0])}, ...) has expression "
            f"({short(expression.people[0])}, ...).\nMap the names of one file to those of the other."
        )
    columns = [expression.people.index(name) for name in both]
    found = Expression(expression.genes, expression.values[:, columns], tuple(both))
    return variants.of_people(both), found


def describe(variants: Variants) -> pd.DataFrame:
    """Count variants, people and calls by kind.

    Columns: what, in words, and n, a number of people, of alternative alleles or of calls (of one allele in
    one person).
    """
    change, calls = variants.length_change, variants.genotype
    multi = pd.Series(variants.position).duplicated(keep=False).to_numpy()
    is_open = ~variants.is_phased & (calls[..., 0] != calls[..., 1])
    counts = {
        "people": len(variants.people),
        "alternative alleles": len(variants),
        "of these substitutions": int((change == 0).sum()),
        "of these insertions": int((change > 0).sum()),
        "of these deletions": int((change < 0).sum()),
        "alleles that share their position with another": int(multi.sum()),
        "heterozygous calls": int(((calls[..., 0] + calls[..., 1]) == 1).sum()),
        "heterozygous calls without phase": int(is_open.sum()),
        "missing calls": int((calls == MISSING).any(axis=2).sum()),
        **{f"dropped: {reason}": n for reason, n in variants.dropped.items()},
    }
    return pd.DataFrame({"what": list(counts), "n": list(counts.values())})
