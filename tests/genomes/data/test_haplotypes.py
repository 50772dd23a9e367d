from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.genomes.data.haplotypes import consensus, haplotypes
from reread.genomes.io.fasta import Reference
from reread.genomes.io.vcf import read_vcf

TEXT = "ACGTACGTACGTACGTACGT"
LENGTH, WINDOWS = 3_000, 12


def rows(found) -> list[str]:
    return [one.tobytes().decode() for one in found.rows]


def test_a_substitution_lands_on_its_own_base_of_its_own_haplotype(genome, make_variants):
    found = haplotypes(genome(TEXT), make_variants([(9, "C", "T")], [[[0, 1]]]), 10, 8)

    assert rows(found) == ["GTACGTAC", "GTATGTAC"]
    assert found.counts["applied"] == 1


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        ((6, "G", "GTTT"), "TTACGTAC"),
        ((7, "TAC", "T"), "ACGTGTAC"),
        ((11, "T", "TAA"), "GTACGTAA"),
        ((9, "CGT", "C"), "GTACACGT"),
        ((8, "AC", "GT"), "GTGTGTAC"),
    ],
    ids=["inserted before", "deleted before", "inserted after", "the start itself deleted", "two bases"],
)
def test_the_transcription_start_stays_in_the_middle(genome, make_variants, site, expected):
    found = haplotypes(genome(TEXT), make_variants([site], [[[1, 0]]]), 10, 8)

    assert rows(found) == [expected, "GTACGTAC"]


def test_beyond_the_ends_of_a_contig_there_is_n(genome, make_variants):
    found = haplotypes(genome("ACGT"), make_variants([(1, "C", "G")], [[[1, 1]]]), 1, 8)

    assert rows(found) == ["NNNAGGTN"] * 2


@pytest.mark.parametrize(
    ("unphased", "expected"), [("file", ["A", "C"]), ("ref", ["A", "A"]), ("alt", ["C", "C"])]
)
def test_an_unphased_heterozygote_follows_the_policy_that_was_asked_for(
    genome, make_variants, unphased, expected
):
    called = make_variants([(8, "A", "C")], [[[0, 1]]], is_phased=False)
    found = haplotypes(genome(TEXT), called, 10, 8, unphased=unphased)

    assert [one[2] for one in rows(found)] == expected
    assert found.counts["unphased heterozygote"] == 1
    with pytest.raises(DataError, match=r"1 heterozygous calls have no phase, the first at chr1:9 in P0"):
        haplotypes(genome(TEXT), called, 10, 8)
    with pytest.raises(ParameterError, match="unphased must be one of"):
        haplotypes(genome(TEXT), called, 10, 8, unphased="fle")


def test_missing_haploid_overlapping_and_early_calls_are_counted(genome, make_variants):
    sites = [(3, "TACG", "T"), (8, "A", "T"), (9, "CG", "C"), (10, "G", "A"), (11, "T", "G")]
    calls = [[[1, 0]], [[-1, -1]], [[1, 1]], [[1, 0]], [[1, -2]]]
    found = haplotypes(genome(TEXT), make_variants(sites, calls), 10, 8)

    assert found.counts["missing call"] == 2
    assert found.counts["haploid call"] == 1
    assert found.counts["overlaps another variant"] == 1
    assert (
        rows(consensus_rows := haplotypes(genome(TEXT), make_variants(sites[:1], calls[:1]), 10, 4))[1]
        == "ACGT"
    )
    assert consensus_rows.counts["applied"] == 1


def test_indels_can_be_left_out_and_are_counted(genome, make_variants):
    variants = make_variants([(6, "G", "GTTT"), (9, "C", "T")], [[[1, 0]], [[1, 0]]])
    found = haplotypes(genome(TEXT), variants, 10, 8, indels=False)

    assert rows(found) == ["GTATGTAC", "GTACGTAC"]
    assert found.counts["indel left out"] == 1


def test_distinct_haplotypes_point_back_to_their_people(genome, make_variants):
    found = haplotypes(genome(TEXT), make_variants([(9, "C", "T")], [[[0, 1], [1, 1], [0, 0]]]), 10, 8)
    unique, inverse = found.distinct()

    assert len(unique) == 2
    assert (unique[inverse] == found.sequences).all()


def written(folder, rng) -> tuple[Reference, str, str]:
    """A random contig, and a VCF with every kind of site that is hard: paths of FASTA and VCF."""
    text = "".join(rng.choice(list("ACGT"), LENGTH))
    fasta, plain = folder / "ref.fa", folder / "calls.vcf"
    fasta.write_text(f">chr1\n{text}\n")
    lines = ["##fileformat=VCFv4.2", f"##contig=<ID=chr1,length={LENGTH}>"]
    lines += ['##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">']
    lines += [
        "\t".join(
            ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "A", "B", "C", "D"]
        )
    ]
    position = 20
    while position < LENGTH - 40:
        ref = text[position : position + int(rng.choice([1, 1, 1, 2, 3, 5]))]
        n_alternatives, alts = int(rng.choice([1, 1, 1, 2])), set()
        while len(alts) < n_alternatives:
            kind = rng.integers(3)
            random = "".join(rng.choice(list("ACGT"), int(rng.integers(1, 5))))
            alt = (ref[0] + random, ref[0], "".join(rng.choice(list("ACGT"), len(ref))))[kind]
            alts |= {alt} - {ref}
        alleles = [".", *map(str, range(n_alternatives + 1))]
        weight = np.array([0.1, 0.45, *[0.45 / n_alternatives] * n_alternatives])
        pair = rng.choice(alleles, (4, 2), p=weight)
        calls = [str(rng.choice(["|", "/"])).join(one) for one in pair]
        fields = ["chr1", str(position + 1), ".", ref, ",".join(sorted(alts)), ".", ".", ".", "GT", *calls]
        lines.append("\t".join(fields))
        position += int(rng.choice([0, 1, 1, 2, 4, 15, 40]))
    plain.write_text("\n".join(lines) + "\n")
    packed = folder / "calls.vcf.gz"
    subprocess.run(["bcftools", "view", "-Oz", "-o", packed, plain], check=True, capture_output=True)
    subprocess.run(["bcftools", "index", packed], check=True)
    return Reference(path=fasta), text, packed


@pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not installed")
@pytest.mark.parametrize("seed", range(6))
def test_haplotypes_equal_bcftools_consensus_byte_for_byte(tmp_path, seed):
    """576 cases in six files, with sites that touch, overlap, or reach over the edge of a window."""
    rng = np.random.default_rng(seed)
    reference, text, vcf = written(tmp_path, rng)
    starts = rng.integers(1, LENGTH - 600, WINDOWS)
    ends = starts + rng.integers(50, 600, WINDOWS)
    asked = "".join(f">chr1:{a + 1}-{b}\n{text[a:b]}\n" for a, b in zip(starts, ends, strict=True))
    ours = [consensus(reference, read_vcf(vcf, "1", a, b), a, b) for a, b in zip(starts, ends, strict=True)]
    n_equal = 0
    for person, name in enumerate("ABCD"):
        for haplotype in (0, 1):
            command = ["bcftools", "consensus", "-s", name, "-H", str(haplotype + 1), str(vcf)]
            done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)
            theirs = ["".join(one.split("\n")[1:]) for one in done.stdout.split(">")[1:]]
            for window in range(WINDOWS):
                assert ours[window][2 * person + haplotype].decode() == theirs[window], (name, window)
                n_equal += 1
    assert n_equal == 96
