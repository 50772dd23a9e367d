from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.genomes.data import checks, load, simulate
from reread.genomes.io.tables import Expression


@pytest.fixture(scope="module")
def people():
    genome = simulate.simulate_genome(6, 512, seed=1)
    return genome, simulate.simulate_people(genome, genome.genes, n_people=200, heritability=0.4, seed=1)


def test_the_share_of_variance_is_the_heritability_that_was_asked_for(people):
    _, found = people
    noise = found.expression.values - found.genetic
    share = found.genetic.var(axis=1) / (found.genetic.var(axis=1) + noise.var(axis=1))

    np.testing.assert_allclose(share, found.heritability, atol=0.12)
    assert found.heritability.min() >= 0.2 and found.heritability.max() <= 0.6


def test_every_variant_fits_the_reference_and_both_populations_differ(people):
    genome, found = people

    assert {checks.check_reference(genome.reference, one)["REF differs"] for one in found.variants} == {0}
    frequency = [found.variants[0].dosage[:, found.group == one].mean(axis=1) for one in ("north", "south")]
    assert np.abs(frequency[0] - frequency[1]).max() > 0.3


def test_equal_seeds_give_equal_people(people):
    genome, found = people
    again = simulate.simulate_people(genome, genome.genes, n_people=200, heritability=0.4, seed=1)

    np.testing.assert_array_equal(found.expression.values, again.expression.values)


def test_the_truth_does_not_depend_on_the_strand():
    genome = simulate.simulate_genome(3, 512)
    windows = np.stack([genome.reference.fetch("chr1", tss - 256, tss + 256) for tss in genome.genes["tss"]])

    forward = simulate.site_activity(windows).sum(axis=2)
    np.testing.assert_allclose(forward, simulate.site_activity(simulate.complement(windows)).sum(axis=2))


def test_impossible_settings_are_refused():
    genome = simulate.simulate_genome(1, 512)

    with pytest.raises(ParameterError, match="256 bases"):
        simulate.simulate_genome(1, 100)
    with pytest.raises(ParameterError, match="heritability must lie between"):
        simulate.simulate_people(genome, genome.genes, heritability=0.9)


def test_another_build_is_refused_and_a_few_mismatches_are_counted(genome, make_variants):
    text = "ACGT" * 100
    sites = [(4 * i, "A", "C") for i in range(99)] + [(397, "G", "C")]
    calls = np.zeros((100, 1, 2))

    assert checks.check_reference(genome(text), make_variants(sites, calls)) == {
        "variants": 100, "REF differs": 1, "REF and ALT swapped": 1, "outside of the contig": 0,
    }  # fmt: skip
    with pytest.raises(
        DataError, match=r"REF differs from the reference at 2 of 50 .* the first is chr1:2, REF A"
    ):
        checks.check_reference(
            genome(text), make_variants([(1, "A", "C"), (2, "A", "G"), *sites[1:49]], calls[:50])
        )


def test_people_without_expression_are_left_out_and_strangers_are_refused(people):
    _, found = people
    variants, expression = found.variants[0], found.expression
    few = Expression(expression.genes, expression.values[:, 5:3:-1], expression.people[5:3:-1])

    both, kept = checks.shared_people(variants, few)
    assert both.people == kept.people == expression.people[4:6]
    np.testing.assert_array_equal(kept.values, expression.values[:, 4:6])
    with pytest.raises(DataError, match="No person of the genotypes"):
        checks.shared_people(
            variants, Expression(expression.genes, expression.values, tuple(map(str, range(200))))
        )


def test_sources_are_loaded_by_name_and_own_files_must_be_named():
    found = load.load_locus("simulated", window=2_048, n_people=4)

    assert len(found.variants.people) == 4
    assert checks.check_reference(found.reference, found.variants)["REF differs"] == 0
    with pytest.raises(ParameterError, match="no source 'hg38'"):
        load.load_locus("hg38")
    with pytest.raises(ParameterError, match="position must look like"):
        load.load_locus("own", fasta="a", genotypes="b", position="22")
    with pytest.raises(ParameterError, match=r"needs genotypes, the path of a file"):
        load.load_locus("own", fasta="a", position="chr22:100")
