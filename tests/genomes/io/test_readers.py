from __future__ import annotations

import shutil
import struct
import subprocess
import zlib

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.core.files import sha256
from reread.genomes.io.bed import read_expression
from reread.genomes.io.fasta import Reference
from reread.genomes.io.genotypes import digests, read_genotypes
from reread.genomes.io.plink import read_plink
from reread.genomes.io.vcf import read_vcf

HEADER = """##fileformat=VCFv4.2
##contig=<ID=22,length=1000>
##contig=<ID=X,length=1000>
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tAnn\tBob
"""
ROWS = [
    "22\t11\t.\tA\tC\t.\t.\t.\tGT\t0|1\t1/0",
    "22\t20\t.\tG\tT,<DEL>,GA\t.\t.\t.\tGT\t1|3\t.|.",
    "22\t30\t.\tTTG\tT\t.\t.\t.\tGT\t1|1\t0|0",
    "X\t5\t.\tA\tG\t.\t.\t.\tGT\t1\t0|1",
]


def bgzf(text):
    """One block, as bgzip writes it."""
    packer = zlib.compressobj(wbits=-15)
    body = packer.compress(text.encode()) + packer.flush()
    head = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0" + struct.pack("<H", len(body) + 25)
    return head + body + struct.pack("<II", zlib.crc32(text.encode()), len(text))


@pytest.fixture
def vcf(tmp_path):
    def make(rows=ROWS):
        path = tmp_path / "calls.vcf"
        path.write_text(HEADER + "\n".join(rows) + "\n")
        return path

    return make


class TestVcf:
    def test_alleles_calls_and_phase_are_those_of_the_file(self, vcf):
        found = read_vcf(vcf(), "chr22", 0, 100)

        assert found.position.tolist() == [10, 19, 19, 29]
        assert found.alt.tolist() == ["C", "T", "GA", "T"]
        assert found.genotype[:, 0].tolist() == [[0, 1], [1, 0], [0, 1], [1, 1]]
        assert found.genotype[:, 1].tolist() == [[1, 0], [-1, -1], [-1, -1], [0, 0]]
        assert found.is_phased[0].tolist() == [True, False]
        assert found.dropped == {"symbolic allele": 1}
        assert found.people == ("Ann", "Bob")

    def test_a_region_holds_what_touches_it_and_people_can_be_chosen(self, vcf):
        found = read_vcf(vcf(), "22", 31, 40, people=["Bob"])

        assert (found.position.tolist(), found.people) == ([29], ("Bob",))

    def test_a_haploid_call_has_no_second_allele(self, vcf):
        assert read_vcf(vcf(), "chrX", 0, 100).genotype[0].tolist() == [[1, -2], [0, 1]]

    @pytest.mark.parametrize(
        ("rows", "contig", "people", "message"),
        [
            (
                ROWS,
                "chr7",
                None,
                r"no contig 'chr7', with or without chr, in .*calls\.vcf\. Contigs there: 22, X",
            ),
            (ROWS, "22", ["Bop"], r"no person 'Bop'. Did you mean 'Bob'"),
            ([ROWS[1], ROWS[0]], "22", None, r"sorted by position, but 22:11 comes after 20"),
            ([ROWS[0], ROWS[1][:20]], "22", None, r"calls\.vcf is damaged: what follows 22:11 is cut short"),
            ([ROWS[0], ROWS[1].replace("1|3", "A|G")], "22", None, "damaged: what follows 22:11"),
            ([ROWS[0].replace("11", "here")], "22", None, "damaged: what follows its header.*\n.*bcftools"),
        ],
    )
    def test_what_does_not_fit_is_refused_with_its_name(self, vcf, rows, contig, people, message):
        with pytest.raises(DataError, match=message):
            read_vcf(vcf(rows), contig, 0, 100, people=people)

    def test_a_large_file_needs_its_index_and_says_how_to_make_it(self, vcf, monkeypatch):
        monkeypatch.setattr("reread.genomes.io.vcf.LARGEST_UNINDEXED", 10)

        with pytest.raises(DataError, match=r"no index.*\nRun:  bcftools index"):
            read_vcf(vcf(), "22", 0, 100)

    def test_a_file_that_is_no_vcf_is_named(self, tmp_path):
        (tmp_path / "a.vcf").write_text("gene,value\n")

        with pytest.raises(DataError, match=r"a\.vcf cannot be read as VCF or BCF"):
            read_vcf(tmp_path / "a.vcf", "1", 0, 10)

    def test_a_person_named_twice_and_a_file_of_bgzip_without_its_end_are_refused(self, vcf):
        path = vcf()
        text, packed = path.read_text(), path.with_name("calls.vcf.gz")
        path.write_text(text.replace("Bob", "Ann"))
        with pytest.raises(DataError, match=r"(?s)calls\.vcf cannot be read as VCF or BCF.*each person once"):
            read_vcf(path, "22", 0, 100)

        half = text.index("22\t30")
        blocks = bgzf(text[:half]), bgzf(text[half:]), bgzf("")
        packed.write_bytes(b"".join(blocks))
        assert len(read_vcf(packed, "22", 0, 100)) == 4
        packed.write_bytes(b"".join(blocks[:1]))  # htslib takes this for a whole file of three variants
        with pytest.raises(
            DataError, match=r"calls\.vcf\.gz is cut short: the last block of bgzip is missing"
        ):
            read_vcf(packed, "22", 0, 100)

    @pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not installed")
    def test_an_indexed_bcf_gives_the_same_as_text(self, vcf, tmp_path):
        packed = tmp_path / "calls.bcf"
        subprocess.run(["bcftools", "view", "-Ob", "-o", packed, vcf()], check=True, capture_output=True)
        subprocess.run(["bcftools", "index", packed], check=True)

        plain, indexed = (read_vcf(path, "22", 12, 100) for path in (vcf(), packed))
        assert (plain.genotype == indexed.genotype).all()
        assert plain.position.tolist() == indexed.position.tolist() == [19, 19, 29]


def plink(folder, genotype=b"\x6c\x1b\x01\x78\x03", n_people=5):
    """One or more variants of five people; 0x78 0x03 is A1A1... in the order of the low bits."""
    (folder / "a.bed").write_bytes(genotype)
    (folder / "a.bim").write_text("22\trs1\t0\t11\tC\tA\n")
    (folder / "a.fam").write_text("".join(f"0 P{i} 0 0 0 -9\n" for i in range(n_people)))
    return folder / "a"


class TestPlink:
    def test_two_bits_are_one_genotype(self, tmp_path):
        found = read_plink(plink(tmp_path), "chr22", 0, 100)

        # 0x78 = 01 11 10 00 from the high bits: P0 A1A1, P1 A1A2, P2 A2A2, P3 missing; 0x03: P4 A2A2
        assert found.genotype[0].tolist() == [[1, 1], [0, 1], [0, 0], [-1, -1], [0, 0]]
        assert (found.position[0], found.ref[0], found.alt[0]) == (10, "A", "C")
        assert found.is_phased[0].tolist() == [True, False, True, True, True]
        np.testing.assert_array_equal(found.dosage[0], [2, 1, 0, np.nan, 0])

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"\x6c\x1b\x00\x78\x03", "must begin with the bytes 6c 1b 01"),
            (b"\x6c\x1b\x01\x78", "needs 5 bytes"),
        ],
    )
    def test_another_order_or_another_size_is_refused(self, tmp_path, content, message):
        with pytest.raises(DataError, match=message):
            read_plink(plink(tmp_path, content), "22", 0, 100)

    def test_a_region_without_variants_has_none(self, tmp_path):
        assert len(read_plink(plink(tmp_path), "22", 500, 600)) == 0

    def test_genotypes_are_named_by_prefix_or_by_one_of_the_files_or_from_home(
        self, tmp_path, vcf, monkeypatch
    ):
        monkeypatch.setenv("HOME", str(tmp_path))
        plink(tmp_path)
        for named in (tmp_path / "a", tmp_path / "a.bed", "~/a.fam"):
            assert read_genotypes(str(named), "chr22", 0, 100).people[:2] == ("P0", "P1")
        of_plink = {
            f"own.sha256_genotypes_{kind}": sha256(tmp_path / f"a.{kind}") for kind in ("bed", "bim", "fam")
        }
        assert digests(genotypes="~/a") == of_plink
        text = vcf().read_text()
        of_both = {f"own.sha256_{name}": sha256(tmp_path / "calls.vcf") for name in ("genotypes", "fasta")}
        assert digests(genotypes="~/calls.vcf", fasta="~/calls.vcf") == of_both
        assert read_genotypes("~/calls.vcf", "22", 0, 100).people == ("Ann", "Bob")
        sites = ["\t".join(line.split("\t")[:8]) for line in text.splitlines() if "FORMAT=" not in line]
        vcf().write_text("\n".join(sites) + "\n")
        with pytest.raises(DataError, match=r"calls\.vcf has no person, only sites"):
            read_genotypes(str(tmp_path / "calls.vcf"), "22", 0, 100)

    @pytest.mark.parametrize("program", ["plink2", "plink1.9"])
    def test_the_files_that_plink_makes_of_a_vcf_give_the_same_dosages(self, vcf, tmp_path, program):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
        path = vcf([row for row in ROWS if row.startswith("22") and "<DEL>" not in row])
        command = [program, "--vcf", path, "--make-bed", "--out", tmp_path / "b"]
        if program == "plink1.9":  # else it calls the rarer allele A1, and REF is lost
            command += ["--keep-allele-order", "--double-id"]
        subprocess.run(command, check=True, capture_output=True)

        theirs, ours = read_plink(tmp_path / "b", "22", 0, 100), read_vcf(path, "22", 0, 100)
        assert (theirs.ref.tolist(), theirs.alt.tolist()) == (ours.ref.tolist(), ours.alt.tolist())
        np.testing.assert_array_equal(theirs.dosage, ours.dosage)


class TestFasta:
    def test_bases_come_in_capitals_with_n_beyond_the_ends_and_either_name_of_the_contig(self, tmp_path):
        (tmp_path / "r.fa").write_text(">22\nacgt\nACG\n")
        reference = Reference(path=tmp_path / "r.fa")

        assert reference.fetch("chr22", -2, 9).tobytes() == b"NNACGTACGNN"
        with pytest.raises(DataError, match="no contig 'chr2'"):
            reference.fetch("chr2", 0, 3)
        with pytest.raises(DataError, match="lies outside of the reference, whose 22 has the bases 1 to 7"):
            reference.fetch("22", 100, 110)

    @pytest.mark.parametrize(
        ("name", "content", "says"),
        [
            ("r.fa.gz", b"\x1f\x8b", r"(?s)r\.fa\.gz is compressed.*gunzip"),
            ("r.fa", b"##x\n", "read as FASTA"),
        ],
    )
    def test_a_compressed_file_and_another_format_are_refused(self, tmp_path, name, content, says):
        (tmp_path / name).write_bytes(content)

        with pytest.raises(DataError, match=says):
            Reference(path=tmp_path / name)

    def test_a_slice_keeps_the_positions_of_its_contig(self, genome):
        assert genome("ACGT", offset=100).fetch("chr1", 101, 103).tobytes() == b"CG"


class TestExpression:
    def test_rows_are_genes_and_columns_are_people(self, tmp_path):
        path = tmp_path / "e.bed"
        path.write_text("#chr\tstart\tend\tgene_id\tstrand\tAnn\tBob\nchr22\t100\t101\tG1\t-1\t0.5\t-2\n")
        found = read_expression(path)

        assert found.genes.to_dict("records") == [
            {"gene": "G1", "contig": "chr22", "tss": 100, "strand": "-"}
        ]
        assert found.values.tolist() == [[0.5, -2.0]]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("chrom\tstart\tend\tgene_id\tAnn\n1\t2\t3\tG\t1\n", "must begin with the columns"),
            ("#chr\tstart\tend\tgene_id\tAnn\nchr1\t2\t3\tG\t1\n", "1 genes have no strand, the first G"),
            ("#chr\tstart\tend\tgene_id\tAnn\nchr1\t2\t3\tG\tNaN\n", "column 'Ann'"),
        ],
    )
    def test_bad_files_are_refused(self, tmp_path, text, message):
        (tmp_path / "e.bed").write_text(text)

        with pytest.raises(DataError, match=message):
            read_expression(tmp_path / "e.bed")
