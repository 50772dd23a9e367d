"""The published substitution beside exact haplotypes, and what the genotypes say about both."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core import stats
from reread.core.errors import DataError
from reread.genomes.data.haplotypes import haplotypes
from reread.genomes.data.load import Locus
from reread.genomes.io.fasta import N
from reread.genomes.io.tables import MISSING, Variants

TAIL = 608 / 196_608  # share of the published window that is filled with N
MOST_SITES = 1_500  # sites of the linkage curve


def substitutions(variants: Variants) -> Variants:
    """Variants that replace one base by one base."""
    is_single = np.array(
        [len(a) == len(b) == 1 for a, b in zip(variants.ref, variants.alt, strict=True)], dtype=bool
    )
    return variants.take(is_single)


def published_sequences(locus: Locus, window: int) -> npt.NDArray[np.uint8]:
    """Sequences (person, base) as the published scripts make them, one for each person.

    The window reaches equally far to both sides of the start and is 0.3 % short; N is appended. Heterozygous
    and homozygous calls both write ALT, a missing call writes N. POS of the VCF, which counts from 1, is used
    as an index from 0, so that each allele lands one base to the right. Source: ``gene_prediction.py``
    (``convert_genotype_to_allele``, ``apply_variants``, ``fix_sequence_length``).
    """
    half = (window - published_tail(window)) // 2
    start = max(0, locus.tss - half)
    found = substitutions(locus.variants)
    out = np.full((len(found.people), window), N, dtype=np.uint8)
    out[:, : 2 * half] = locus.reference.fetch(found.contig, start, start + 2 * half)
    at = found.position + 1 - start
    inside = np.flatnonzero((at >= 0) & (at < window))
    calls = found.genotype[inside]
    ref, alt = (
        np.array([ord(one) for one in column[inside]], dtype=np.uint8) for column in (found.ref, found.alt)
    )
    letters = np.where((calls == 1).any(axis=2), alt[:, None], ref[:, None])
    letters[(calls == MISSING).any(axis=2)] = N
    out[:, at[inside]] = letters.T
    return out


def published_tail(window: int) -> int:
    """Number of N that the published window ends with: 608 of 196,608, in proportion for shorter ones."""
    return 2 * round(window * TAIL / 2)


def audit(locus: Locus, window: int) -> pd.DataFrame:
    """Count what each protocol does to the sequences of the people of a locus.

    Returns
    -------
    DataFrame
        One row for each protocol, ``published`` and ``corrected``.

        - ``sequences``: sequences for each person.
        - ``right_base``: share of carried alternative alleles that lie on their base.
        - ``wrong_bases``: bases changed where the person has no variant, mean of a sequence.
        - ``written_homozygous``: share of heterozygous calls whose sequences all carry ALT.
        - ``n_tail``: N at the end. ``shift``: bases between the start and the middle of the window.

    Raises
    ------
    DataError
        If no person carries a substitution in the window.
    """
    found = substitutions(locus.variants)
    half = (window - published_tail(window)) // 2
    start, exact_start = locus.tss - half, locus.tss - window // 2
    inside = found.take((found.position >= start) & (found.position < start + 2 * half - 1))
    carries = inside.genotype == 1
    if not carries.any():
        raise DataError(f"No person carries a substitution within {window:,} bases of {locus.tss + 1:,}.")
    alt = np.array([ord(one) for one in inside.alt], dtype=np.uint8)
    published = published_sequences(locus, window)
    exact = haplotypes(locus.reference, inside, locus.tss, window, unphased="file", indels=False).sequences
    first, second = inside.position - start, inside.position - exact_start
    on_base = alt[:, None] == published[:, first].T
    on_haplotype = exact[:, :, second].transpose(2, 0, 1) == alt[:, None, None]
    plain = locus.reference.fetch(inside.contig, start, start + 2 * half)
    is_changed = published[:, : 2 * half] != plain
    is_changed[:, first] = False  # what is changed at a site is no error of place
    is_open = carries.any(axis=2) & ~carries.all(axis=2)
    written = alt[:, None] == published[:, np.minimum(first + 1, window - 1)].T
    return pd.DataFrame(
        {
            "protocol": ["published", "corrected"],
            "sequences": [1, 2],
            "right_base": [on_base[carries.any(axis=2)].mean(), on_haplotype[carries].mean()],
            "wrong_bases": [is_changed.sum(axis=1).mean(), 0.0],
            "written_homozygous": [written[is_open].mean(), on_haplotype[is_open].all(axis=1).mean()],
            "n_tail": [published_tail(window), 0],
            "shift": [window // 2 - half, 0],
        }
    )


def stretch(locus: Locus, window: int, *, length: int = 24) -> pd.DataFrame:
    """Bases around a heterozygous site of one person, as each protocol writes them.

    Columns ``position`` (1-based), ``sequence``, ``base`` and ``kind``; one row for each base of the
    reference, the published sequence and both haplotypes. The site is the one with most substitutions of that
    person nearby.
    """
    found = substitutions(locus.variants)
    half = (window - published_tail(window)) // 2
    found = found.take(np.abs(found.position - locus.tss) < half - 2 * length)
    carried = (found.genotype == 1).any(axis=2)
    is_open = carried & (found.genotype == 0).any(axis=2)
    near = np.abs(found.position[:, None] - found.position[None, :]) < length // 3
    row, person = np.unravel_index(np.argmax((near @ carried) * is_open), is_open.shape)
    first = int(found.position[row]) - length // 2
    positions = np.arange(first, first + length)
    exact = haplotypes(locus.reference, found, locus.tss, window, unphased="file", indels=False).sequences[
        person
    ]
    published = published_sequences(locus, window)[person]
    bases = {
        "reference": locus.reference.fetch(found.contig, first, first + length),
        "published": published[positions - (locus.tss - half)],
        "haplotype 1": exact[0, positions - (locus.tss - window // 2)],
        "haplotype 2": exact[1, positions - (locus.tss - window // 2)],
    }
    parts = []
    for name, letters in bases.items():
        kind = np.where(
            letters == bases["reference"], "as in the reference", "alternative allele on its base"
        )
        if name == "published":
            is_site = np.isin(positions, found.position[carried[:, person]])
            kind[letters != bases["reference"]] = "base overwritten by mistake"
            kind[is_site & (letters == bases["reference"])] = "alternative allele missing"
        text = [chr(one) for one in letters]
        parts.append(pd.DataFrame({"position": positions + 1, "sequence": name, "base": text, "kind": kind}))
    return pd.concat(parts, ignore_index=True)


def distinct_shares(locus: Locus, windows: list[int]) -> pd.DataFrame:
    """Share of haplotypes that are distinct, by window.

    ``windows`` are lengths in bases. Columns: window, variants (of which kinds the haplotypes are made, in
    words) and share (0 to 1); one row for substitutions, and one with insertions and deletions where there
    are any.
    """
    protocols = [("substitutions", False), ("with insertions and deletions", True)]
    protocols = protocols if locus.variants.length_change.any() else protocols[:1]
    rows = []
    for window in windows:
        for words, indels in protocols:
            made = haplotypes(
                locus.reference, locus.variants, locus.tss, window, unphased="file", indels=indels
            )
            rows.append((window, words, len(made.distinct()[0]) / len(made.rows)))
    return pd.DataFrame(rows, columns=["window", "variants", "share"])


def linkage(variants: Variants, tss: int, *, reach: int = 100_000) -> pd.DataFrame:
    """Mean squared correlation of the alleles of two sites by their distance.

    Sites with a minor allele on at least 5 % of the haplotypes count, up to 1,500 nearest to ``tss``. Columns
    ``distance`` (bases, upper end of the bin), ``r2`` and ``pairs``.
    """
    alleles = np.maximum(variants.genotype, 0).reshape(len(variants), -1)
    share = alleles.mean(axis=1)
    common = np.flatnonzero(np.minimum(share, 1 - share) >= 0.05)
    common = np.sort(common[np.argsort(np.abs(variants.position[common] - tss), kind="stable")[:MOST_SITES]])
    squared = stats.row_correlation(alleles[common].astype(float)) ** 2
    left, right = np.triu_indices(len(common), 1)
    distance = np.abs(variants.position[common][right] - variants.position[common][left])
    edges = np.unique(np.geomspace(100, reach, 13).astype(int))
    at = np.digitize(distance, edges)
    n = np.bincount(at, minlength=len(edges) + 1)[: len(edges)]
    total = np.bincount(at, squared[left, right], len(edges) + 1)[: len(edges)]
    return pd.DataFrame({"distance": edges, "r2": total / np.maximum(n, 1), "pairs": n}).query("pairs > 0")
