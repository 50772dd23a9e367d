from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.genomes.chapters import ch06_variant_effects as figures
from reread.genomes.data import cohort as cohorts
from reread.genomes.io import gwas
from reread.genomes.methods import variant_effects

TRACKS = (cohorts.EXPRESSION,)


@pytest.fixture(scope="module")
def cohort():
    return cohorts.load_cohort("simulated", n_genes=3, n_people=12, n_train=3, seed=6)


def oracle(sequences, bins=None, tracks=None):
    """The ground truth of the simulation in place of a network."""
    made = cohorts.simulated_tracks(sequences)
    made = made if tracks is None else made[..., list(tracks)]
    return made if bins is None else made[:, slice(*bins)]


@pytest.fixture(scope="module")
def effects(cohort):
    return variant_effects.effects(oracle, oracle, cohort, tracks=TRACKS)


def test_each_window_differs_from_the_reference_by_one_variant(cohort):
    alone, variants = variant_effects.allele_windows(cohort, 0)
    single = variants.length_change == 0
    n_changed = (alone != cohort.reference_window(0)).sum(axis=1)

    assert len(alone) == len(variants)
    assert set(n_changed[single]) == {1}


def test_the_truth_in_place_of_a_network_has_the_true_effects(cohort, effects):
    truth = figures.true_effects(cohort)

    np.testing.assert_allclose(effects["fold"], truth, atol=1e-4)
    assert figures.sign_agreement(effects, truth)["fold"] == 1.0
    assert effects["distance"].abs().max() <= cohort.window


def test_mutagenesis_is_zero_at_the_base_of_the_reference(cohort):
    window = cohort.reference_window(1)
    ratio = variant_effects.mutagenesis(oracle, window, tracks=TRACKS, length=20)
    reference = np.searchsorted(np.frombuffer(b"ACGT", dtype=np.uint8), window[246:266])

    assert ratio.shape == (20, 4)
    np.testing.assert_allclose(ratio[np.arange(20), reference], 0, atol=1e-6)
    assert np.abs(ratio).max() > 0


def test_a_score_that_knows_nothing_reaches_a_large_overlap_in_the_published_ranking():
    rng = np.random.default_rng(0)
    p, score = rng.random(1_400), rng.normal(size=1_400)
    found = variant_effects.overlap_null(score, p, k=50, n=99)

    assert found["overlap"] > 15 and found["null_low"] <= found["overlap"] <= found["null_high"]
    assert found["score_only"] <= 6
    assert found["chance"] == pytest.approx(1.786, abs=1e-3)
    informed = variant_effects.overlap_null(-np.log10(p), p, k=50, n=99)
    assert (informed["overlap"], informed["score_only"], informed["p"]) == (50, 50, 0.01)
    with pytest.raises(ParameterError, match="best 50 needs more variants than that, but has 20"):
        variant_effects.overlap_null(score[:20], p[:20])


def test_published_tables_are_joined_by_name(tmp_path):
    (tmp_path / "a.csv").write_text("SNP\tResult\nrs1\t-0.5\nrs2\t0.25\n")
    (tmp_path / "b.csv").write_text("SNP\tP-value\nrs2\t0.01\nrs3\t\nrs1\t\n")
    found = variant_effects.read_scores(tmp_path / "a.csv", tmp_path / "b.csv")

    assert found["whole"].tolist() == [-0.5, 0.25]
    assert found["p"].isna().tolist() == [True, False]


def test_every_figure_is_drawn(cohort, effects):
    truth = figures.true_effects(cohort)
    table = figures.overlap_table(effects, k=20, n=19, seed=0).set_index("score")
    window = cohort.reference_window(1)
    ratio = variant_effects.mutagenesis(oracle, window, tracks=TRACKS, length=40)
    shown = [
        figures.overlaps(table.loc["whole"]), figures.circle(), figures.logo(ratio, window),
        figures.mutations(ratio, window), figures.against_truth(effects.assign(trait=""), truth),
    ]  # fmt: skip

    assert all(one.figure is not None and 40 <= len(one.alt) <= 250 for one in shown)
    assert figures.null_word({"overlap": 41, "null_high": 43}) == "does not exceed"


HEADER = ["SNPS", "CHR_ID", "CHR_POS", "P-VALUE", "DISEASE/TRAIT", "MAPPED_GENE", "STRONGEST SNP-RISK ALLELE"]


def write_catalogue(path, *rows):
    path.write_text("\n".join("\t".join(row) for row in (HEADER, *rows)) + "\n")
    return path


def test_rows_of_the_gwas_catalogue_that_cannot_be_placed_are_counted(tmp_path):
    more = ("height", "APOE", "rs7-g")
    path = write_catalogue(
        tmp_path / "gwas.tsv", ("rs7", "19", "44908684", "2E-8", *more), ("rs8", "", "", "1E-9", *more),
        ("rs1 x rs2", "1 x 2", "5 x 9", "1E-9", *more), ("rs1; rs2", "1;1", "5;9", "1E-9", *more),
        ("rs3", "X", "12", "NR", *more), ("rs4", "X", "13", "0.0", *more[:2], "rs4-?"),
    )  # fmt: skip
    found, excluded = gwas.read_gwas(path)

    assert found["position"].tolist() == [44_908_684, 13] and found["contig"].tolist() == ["19", "X"]
    assert found["risk_allele"].tolist() == ["G", "?"] and found["p"].tolist() == [2e-8, 0.0]
    assert excluded["n"].tolist() == [1, 1, 1, 1]
    with pytest.raises(DataError, match="none of 1 rows has one variant"):
        gwas.read_gwas(write_catalogue(tmp_path / "none.tsv", ("rs8", "", "", "1E-9", *more)))
    (tmp_path / "other.tsv").write_text("SNPS\tCHR_ID\nrs1\t1\n")
    with pytest.raises(DataError, match="CHR_POS"):
        gwas.read_gwas(tmp_path / "other.tsv")


def test_variants_of_a_simulated_gwas_are_marked_at_their_position(cohort, effects, tmp_path):
    truth = figures.true_effects(cohort)
    found, excluded = gwas.read_gwas(figures.simulate_gwas(effects, truth, tmp_path / "gwas.tsv", seed=0))
    marked = figures.mark(effects, found)
    listed = marked["trait"] != ""

    assert listed.sum() == len(found) and excluded["n"].tolist() == [1, 1, 1, 0]
    assert set(marked.loc[listed, "position"]) == set(found["position"])
    assert np.abs(truth[listed]).min() > np.median(np.abs(truth))
    assert figures.listed_share(marked, k=5)["fold"] > figures.listed_share(marked, k=5)["all"]
