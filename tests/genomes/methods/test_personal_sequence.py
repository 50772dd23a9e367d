from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.genomes.chapters import ch01_personal_sequence as figures
from reread.genomes.data.load import Locus, load_locus
from reread.genomes.methods import personal_sequence

TEXT = "ACGTACGTACGTACGTACGT"


@pytest.fixture(scope="module")
def locus():
    return load_locus("simulated", window=16_384, n_people=12)


def test_the_published_allele_lands_one_base_to_the_right_and_heterozygous_is_homozygous(
    genome, make_variants
):
    variants = make_variants([(9, "C", "T"), (12, "A", "G")], [[[0, 1], [0, 0]], [[-1, -1], [1, 1]]])
    found = personal_sequence.published_sequences(Locus(genome(TEXT), variants, 10, ""), 8)

    assert [row.tobytes() for row in found] == [b"GTACTTAN", b"GTACCTAG"]


def test_one_protocol_puts_no_allele_on_its_base_and_the_other_all(locus):
    found = personal_sequence.audit(locus, 16_384).set_index("protocol")

    assert found["right_base"].tolist() == [pytest.approx(0, abs=0.02), 1.0]
    assert found["written_homozygous"].tolist() == [1.0, 0.0]
    assert found.loc["published", "wrong_bases"] > 50
    assert personal_sequence.published_tail(196_608) == 608


def test_no_carried_substitution_is_an_error(genome, make_variants):
    variants = make_variants([(9, "C", "T")], [[[0, 0]]])

    with pytest.raises(DataError, match="No person carries a substitution"):
        personal_sequence.audit(Locus(genome(TEXT), variants, 10, ""), 8)


def test_a_stretch_shows_the_site_of_both_haplotypes_and_the_base_overwritten(locus):
    found = personal_sequence.stretch(locus, 16_384)
    kinds = found.groupby("sequence")["kind"].value_counts()

    assert len(found) == 4 * 24
    assert kinds["published", "base overwritten by mistake"] >= 1
    assert kinds["published", "alternative allele missing"] >= 1
    assert "alternative allele on its base" in set(found["kind"])
    assert figures.letters(found).figure is not None


def test_longer_windows_have_more_distinct_haplotypes_and_far_sites_less_linkage(locus):
    shares = personal_sequence.distinct_shares(locus, [256, 16_384])
    decay = personal_sequence.linkage(locus.variants, locus.tss, reach=20_000)

    assert (np.diff(shares["share"].to_numpy().reshape(2, 2), axis=0) > 0).all()
    assert decay["r2"].iloc[:3].mean() > 1.5 * decay["r2"].iloc[-1]
    for drawn in (figures.distinct(shares), figures.linkage(decay), figures.data_flow()):
        assert drawn.figure is not None and drawn.alt
    assert [figures.dedup_word(share) for share in (0.95, 0.6, 0.2)] == [
        "nearly all",
        "most",
        "less than half",
    ]
