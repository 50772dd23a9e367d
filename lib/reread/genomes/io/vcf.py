"""Read genotypes of a region from VCF or BCF through its index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from reread.core.errors import DataError, did_you_mean, need, short
from reread.core.tables import door
from reread.genomes.io.tables import ABSENT, MISSING, Variants, same_contig

LARGEST_UNINDEXED = 20_000_000  # bytes; a smaller file is read whole
LETTERS = frozenset("ACGTN")
BGZF_START = b"\x1f\x8b\x08\x04"
BGZF_END = BGZF_START + bytes.fromhex("00000000 00ff0600 42430200 1b000300 00000000 00000000")


def read_vcf(
    path: Path, contig: str, start: int, end: int, *, people: Sequence[str] | None = None
) -> Variants:
    """Read the variants of one region, for all people or some.

    Parameters
    ----------
    path : Path
        VCF or BCF, compressed by bgzip and indexed (``.tbi`` or ``.csi``). A file below 20 MB may lack the
        index and is then read whole.
    contig : str
        Contig, with or without ``chr``.
    start, end : int
        Bases, 0-based and exclusive. Variants that begin before ``start`` and reach into it are included.
    people : sequence of str, optional
        Names of people to read.

    Returns
    -------
    Variants
        Alternatives of a multiallelic site are rows of their own; symbolic alleles are dropped and counted.

    Raises
    ------
    DataError
        If the file is damaged, unsorted, lacks the index it needs, the contig, or one of the people.
    """
    cyvcf2 = need("cyvcf2", "genomes")
    path = Path(path)
    with door(path, "VCF or BCF"):
        _refuse_cut(path)
        try:
            file = cyvcf2.VCF(str(path))
        except Exception as error:  # cyvcf2 has no class of its own
            raise DataError(
                f"{path} cannot be read as VCF or BCF: {short(str(error))}.\nIt must begin with "
                f"##fileformat, name each person once, and be plain text or compressed by bgzip."
            ) from None
        lacking = [one for one in people or () if one not in file.samples]
        if lacking:
            raise DataError(
                f"{path} has no person {short(lacking[0])!r}. {did_you_mean(lacking[0], file.samples)}"
            )
        if people is not None:
            file.set_samples(list(people))
        records = _records(file, path, contig, start, end)
        return _variants(records, tuple(file.samples), contig)


def _refuse_cut(path: Path) -> None:
    """Refuse a file of bgzip without its last block: cut between two blocks, it would read as a whole one."""
    with path.open("rb") as file:
        start = file.read(len(BGZF_START))
        file.seek(max(path.stat().st_size - len(BGZF_END), 0))
        if start == BGZF_START and file.read() != BGZF_END:
            raise DataError(f"{path} is cut short: the last block of bgzip is missing.\nCopy it again.")


def _records(file, path: Path, contig: str, start: int, end: int):
    """Records that touch the region: by the index, or by reading a small file whole."""
    is_indexed = any(path.with_name(path.name + suffix).is_file() for suffix in (".tbi", ".csi"))
    if not is_indexed and path.stat().st_size > LARGEST_UNINDEXED:
        raise DataError(
            f"{path} has {path.stat().st_size / 1e6:.0f} MB and no index, so that each region would need the "
            f"whole file.\nRun:  bcftools index {path}   (after bgzip, if it is plain text)"
        )
    bare, seen, last = contig.removeprefix("chr"), set(), "its header"
    if is_indexed:
        file = file(f"{same_contig(contig, file.seqnames, path)}:{max(start, 0) + 1}-{end}")
    try:
        for record in file:
            seen.add(record.CHROM)
            last = f"{record.CHROM}:{record.start + 1}"
            if record.CHROM.removeprefix("chr") == bare and record.start < end and record.end > start:
                yield record
    except Exception:  # cyvcf2 has no class of its own
        raise DataError(
            f"{path} is damaged: what follows {last} is cut short or is no variant.\n"
            f"Run:  bcftools view {path} > /dev/null   (it says what is wrong)"
        ) from None
    if not is_indexed:
        same_contig(contig, sorted(seen), path)


def _variants(records, people: tuple[str, ...], contig: str) -> Variants:
    rows, calls, phased, dropped = [], [], [], Counter()
    for record in records:
        found = record.genotype.array() if people else np.empty((0, 3), dtype=np.int16)
        alleles = (
            found[:, :2] if found.shape[1] > 2 else np.column_stack([found[:, 0], [ABSENT] * len(found)])
        )
        for number, alt in enumerate(record.ALT, start=1):
            if not set(alt.upper()) <= LETTERS:
                dropped["symbolic allele"] += 1
                continue
            rows.append((record.start, record.REF.upper(), alt.upper()))
            calls.append(np.where(alleles < 0, alleles, alleles == number).astype(np.int8))
            phased.append(found[:, -1].astype(bool))
        if not record.ALT:
            dropped["no alternative allele"] += 1
    if not rows:
        return empty(contig, people, dict(dropped))
    position, ref, alt = (list(column) for column in zip(*rows, strict=True))
    genotype = np.stack(calls) if people else np.empty((len(rows), 0, 2), dtype=np.int8)
    genotype = np.where((genotype < 0) & (genotype != ABSENT), MISSING, genotype).astype(np.int8)
    return Variants(
        contig, np.array(position, dtype=np.int64), np.array(ref, dtype=object), np.array(alt, dtype=object),
        genotype, np.stack(phased) if people else np.empty((len(rows), 0), dtype=bool), people, dict(dropped),
    )  # fmt: skip


def empty(contig: str, people: tuple[str, ...], dropped: dict[str, int]) -> Variants:
    """No variant at all, for people who are known."""
    none = np.empty(0, dtype=object)
    return Variants(
        contig, np.empty(0, dtype=np.int64), none, none, np.empty((0, len(people), 2), dtype=np.int8),
        np.empty((0, len(people)), dtype=bool), people, dropped,
    )  # fmt: skip
