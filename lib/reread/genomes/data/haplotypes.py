"""Sequences of both haplotypes of each person, exact for substitutions, insertions and deletions.

The rules are those of ``bcftools consensus -H``: of two variants that overlap on one haplotype the first
counts, a missing call keeps the reference, and a variant that begins before the window is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.genomes.io.fasta import N, Reference
from reread.genomes.io.tables import ABSENT, MISSING, Variants

UNPHASED = ("error", "file", "ref", "alt")
SLACK = 2_000  # bases read beyond each side of a window, so that deletions do not shorten it


@dataclass(frozen=True, eq=False)
class Haplotypes:
    """Sequences of people over one window.

    Attributes
    ----------
    sequences : uint8 array, (person, 2, base)
        Bases as bytes in capitals.
    people : tuple of str, (person,)
        Names.
    counts : dict of str to int
        How many alternative alleles were applied, and how many calls were not, by reason.
    """

    sequences: npt.NDArray[np.uint8]
    people: tuple[str, ...]
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> npt.NDArray[np.uint8]:
        """The same, (person times 2, base)."""
        return self.sequences.reshape(-1, self.sequences.shape[-1])

    def distinct(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.intp]]:
        """Distinct sequences (sequence, base), and for each person the numbers (person, 2) of theirs."""
        packed = np.ascontiguousarray(self.rows).view(np.dtype((np.void, self.rows.shape[1])))[:, 0]
        _, first, inverse = np.unique(packed, return_index=True, return_inverse=True)
        return self.rows[first], inverse.reshape(-1, 2)


def haplotypes(
    reference: Reference,
    variants: Variants,
    tss: int,
    window: int,
    *,
    unphased: str = "error",
    indels: bool = True,
) -> Haplotypes:
    """Make both haplotypes of each person in a window that keeps the transcription start in its middle.

    ``tss`` is the 0-based position that lands on base ``window // 2`` of every haplotype, whatever is
    inserted or deleted before it; where it is deleted, the next base takes its place. ``window`` is the
    length of every sequence in bases; beyond the ends of the contig it holds N. Variants far from it are
    ignored. ``unphased`` says what a heterozygous call without phase becomes: ``error``, the order of the
    ``file``, or ``ref`` or ``alt`` on both haplotypes. Without ``indels``, insertions and deletions are left
    out and counted, which is much faster. DataError if a heterozygous call has no phase and ``unphased`` is
    ``error``. ParameterError if the window is empty or ``unphased`` is another word.
    """
    if window < 2:
        raise ParameterError(f"The window must have at least 2 bases, but has {window}.")
    start, end = tss - window // 2, tss + window - window // 2
    slack = SLACK if indels else 0
    near = variants.within(start - slack, end + slack)
    carried, counts = carried_alleles(near, unphased=unphased)
    is_indel = near.length_change != 0
    if not indels:
        counts["indel left out"] += int(carried[is_indel].sum())
        carried[is_indel] = False
    whole = reference.fetch(variants.contig, start - slack, end + slack)
    out = np.empty((2 * len(variants.people), window), dtype=np.uint8)
    for number, edit in enumerate(_edits(near, carried, start - slack, end + slack, counts)):
        out[number] = (
            _anchored(whole, edit, slack, window)
            if len(edit.inserted)
            else _plain(whole, edit, slack, window)
        )
    return Haplotypes(out.reshape(-1, 2, window), variants.people, dict(counts))


def consensus(
    reference: Reference, variants: Variants, start: int, end: int, *, unphased: str = "file"
) -> list[bytes]:
    """Both haplotypes of each person between two reference positions, as long as they are.

    Equal byte for byte to ``samtools faidx REF chr:start-end | bcftools consensus -s PERSON -H 1|2``. Returns
    a list in the order person, haplotype.
    """
    near = variants.within(start, end)
    carried, counts = carried_alleles(near, unphased=unphased)
    whole = reference.fetch(variants.contig, start, end)
    return [_spliced(whole, edit)[0].tobytes() for edit in _edits(near, carried, start, end, counts)]


def carried_alleles(
    variants: Variants, *, unphased: str = "error"
) -> tuple[npt.NDArray[np.bool_], Counter[str]]:
    """Whether each haplotype carries ALT, bool (variant, person, 2), and the calls that are not plain."""
    if unphased not in UNPHASED:
        raise ParameterError(
            f"unphased must be one of {', '.join(UNPHASED)}. {did_you_mean(unphased, UNPHASED)}"
        )
    calls = variants.genotype
    carried = calls == 1
    is_open = ~variants.is_phased & (calls[..., 0] != calls[..., 1]) & (calls >= 0).all(axis=2)
    counts = Counter(
        {
            "missing call": int((calls == MISSING).sum()),
            "haploid call": int((calls == ABSENT).sum()),
            "unphased heterozygote": int(is_open.sum()),
        }
    )
    if is_open.any() and unphased == "error":
        row, person = np.argwhere(is_open)[0]
        raise DataError(
            f"{int(is_open.sum()):,} heterozygous calls have no phase, the first at {variants.contig}:"
            f"{variants.position[row] + 1} in {variants.people[person]}, whose haplotype is unknown.\n"
            f"Phase the genotypes, or choose:  -p unphased=file  (or ref, or alt)"
        )
    if unphased in ("ref", "alt"):
        carried[is_open] = unphased == "alt"
    return carried, counts


@dataclass(frozen=True, eq=False)
class _Edit:
    """What turns the reference into one haplotype; positions count from the start of the window."""

    substituted: npt.NDArray[np.intp]
    letters: npt.NDArray[np.uint8]
    inserted: list[tuple[int, int, bytes]]  # first base, end and new text of each insertion or deletion


def _edits(
    variants: Variants, carried: npt.NDArray[np.bool_], start: int, end: int, counts: Counter[str]
) -> Iterator[_Edit]:
    """The edits of each haplotype, person by person."""
    position, stop, change = variants.position, variants.end, variants.length_change
    is_early = position < start
    counts["begins before the window"] += int(carried[is_early].sum())
    is_simple = (change == 0) & (stop - position == 1)
    letters = np.array([ord(alt[0]) for alt in variants.alt], dtype=np.uint8)
    flat = carried.reshape(len(variants), 2 * len(variants.people))
    touching = np.maximum.accumulate(stop)[:-1] > position[1:] if len(stop) > 1 else np.zeros(0, dtype=bool)
    may_overlap = bool(touching.any())
    for column in range(flat.shape[1]):
        rows = np.flatnonzero(flat[:, column] & ~is_early)
        if (
            may_overlap
            and len(rows) > 1
            and (np.maximum.accumulate(stop[rows])[:-1] > position[rows[1:]]).any()
        ):
            kept = _without_overlaps(variants, rows)
            counts["overlaps another variant"] += len(rows) - len(kept)
            rows = kept
        counts["applied"] += len(rows)
        simple = rows[is_simple[rows]]
        others = [_splice(variants, row, start, end) for row in rows[~is_simple[rows]]]
        yield _Edit(position[simple] - start, letters[simple], others)


def _without_overlaps(variants: Variants, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Rows left when each that overlaps an earlier one is dropped.

    An insertion or deletion whose first base is unchanged may share that base with the variant before it,
    unless that one is an insertion.
    """
    kept, frozen, after_insertion = [], -1, False
    for row in rows:
        position, ref, alt = int(variants.position[row]), variants.ref[row], variants.alt[row]
        is_anchored = _is_anchored(ref, alt)
        if position < frozen or (position == frozen and (not is_anchored or after_insertion)):
            continue
        kept.append(row)
        frozen, after_insertion = position + len(ref) - 1, len(alt) > len(ref)
    return np.array(kept, dtype=np.intp)


def _is_anchored(ref: str, alt: str) -> bool:
    """Whether one allele is the other with bases inserted behind the first: no base changes otherwise."""
    short, long = sorted((ref, alt), key=len)
    shared = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return len(ref) != len(alt) and shared > 0 and long.endswith(short[shared:])


def _splice(variants: Variants, row: int, start: int, end: int) -> tuple[int, int, bytes]:
    """First base, end and new text of a variant, cut at the end of the window."""
    position, ref, alt = int(variants.position[row]), variants.ref[row], variants.alt[row]
    length = min(len(ref), end - position)
    if length < len(ref):
        alt = alt[:length]
    anchor = int(len(variants.ref[row]) != len(variants.alt[row]) and ref[0] == alt[0])
    return position + anchor - start, position + length - start, alt[anchor:].encode()


def _plain(whole: npt.NDArray[np.uint8], edit: _Edit, slack: int, window: int) -> npt.NDArray[np.uint8]:
    """One haplotype without any change of length."""
    out = whole[slack : slack + window].copy()
    at = edit.substituted - slack
    is_inside = (at >= 0) & (at < window)
    out[at[is_inside]] = edit.letters[is_inside]
    return out


def _spliced(whole: npt.NDArray[np.uint8], edit: _Edit, tss: int = 0) -> tuple[npt.NDArray[np.uint8], int]:
    """One haplotype over the whole range, and where the base ``tss`` of the range lies in it."""
    changed = whole.copy()
    changed[edit.substituted] = edit.letters
    pieces, done, shift = [], 0, 0
    for first, stop, text in edit.inserted:
        pieces += [changed[done:first], np.frombuffer(text, dtype=np.uint8)]
        if stop <= tss:
            shift += len(text) - (stop - first)
        elif first <= tss:  # the start itself is replaced or deleted: its place, or that of the next base
            shift += min(0, len(text) - (tss - first))
        done = stop
    return np.concatenate([*pieces, changed[done:]]), tss + shift


def _anchored(whole: npt.NDArray[np.uint8], edit: _Edit, slack: int, window: int) -> npt.NDArray[np.uint8]:
    """One haplotype cut so that the transcription start is its middle base; N where too much is deleted."""
    text, middle = _spliced(whole, edit, slack + window // 2)
    first = middle - window // 2
    out = np.full(window, N, dtype=np.uint8)
    low, high = max(first, 0), min(first + window, len(text))
    out[low - first : high - first] = text[low:high]
    return out
