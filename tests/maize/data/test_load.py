from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from reread.core.data import registry
from reread.core.errors import DataError, ParameterError
from reread.maize.data import load as data
from reread.maize.data import readers
from reread.maize.data.readers import read_walley, write_table


def test_an_unknown_source_names_the_nearest():
    with pytest.raises(ParameterError, match="Did you mean 'walley-2016'"):
        data.load("walley")


def test_a_number_of_genes_below_zero_is_refused():
    with pytest.raises(ParameterError, match="n_genes must be 0"):
        data.load("simulated", n_genes=-1)


def test_simulated_genes_need_padding_in_the_image():
    assert data.sizes(data.load("simulated")) == {
        "n_samples": 240, "n_genes": 1500, "n_tissues": 8, "n_groups": 6,
    }  # fmt: skip


def test_the_most_variable_genes_are_kept_in_the_order_of_the_source():
    whole, part = data.load("simulated"), data.load("simulated", n_genes=40)

    spread = [np.var(np.log2(column + 1.0)) for column in whole.values.T.astype(float)]
    wanted = sorted(sorted(range(1500), key=lambda g: -spread[g])[:40])
    assert part.genes == tuple(whole.genes[g] for g in wanted)
    assert (part.truth.tissue_of == whole.truth.tissue_of[wanted]).all()


def test_which_genes_are_kept_does_not_depend_on_any_tissue(small):
    shuffled = small.values[np.random.default_rng(0).permutation(14)]

    assert data._most_variable(small.values, 2).tolist() == data._most_variable(shuffled, 2).tolist()


def test_as_many_genes_as_there_are_or_more_keep_all(small):
    assert data.narrowed(small, 3) is small
    assert data.narrowed(small, 99) is small
    assert data.narrowed(small, 0) is small


def test_the_description_counts_samples_groups_and_replicates(small):
    found = data.describe(small).set_index("tissue")

    assert found["samples"].tolist() == [6, 3, 2, 2, 1]
    assert found["groups"].tolist() == [3, 2, 2, 1, 1]
    assert found["replicates"].tolist() == [2, 2, 2, 2, 1]
    assert (found["expressed genes"] == 3).all()


def test_the_compendium_says_whom_to_ask(monkeypatch, tmp_path):
    monkeypatch.setenv("REREAD_DATA", str(tmp_path))
    monkeypatch.setenv("REREAD_MIRROR", str(tmp_path))

    with pytest.raises(DataError, match=r"ask the authors.*\n.*Filtered_Maize_expression.csv"):
        data.load("compendium")


def test_any_table_of_that_layout_can_stand_in_for_the_compendium(monkeypatch, tmp_path, small):
    """In a checkout of its own: the first use of the file is pinned there."""
    (tmp_path / "data/maize").mkdir(parents=True)
    shutil.copy(Path(__file__).parents[3] / "data/datasets.yml", tmp_path / "data")
    write_table(small, tmp_path / "data/maize/Filtered_Maize_expression.csv")
    for name, folder in (("HOME", tmp_path), ("DATA", tmp_path / "data"), ("MIRROR", tmp_path)):
        monkeypatch.setenv(f"REREAD_{name}", str(folder))

    found = data.load("compendium")

    assert found.samples == small.samples
    assert found.tissues == tuple(sorted(small.tissues))
    assert "maize/compendium" in (tmp_path / "data/datasets.lock").read_text()


@pytest.fixture(scope="module")
def walley(mirror):
    """Eight of the 68 libraries: endosperm and leaf in two stages each, two replicates."""
    folder = mirror / "maize/walley2016"
    runs = ("SRR957415", "SRR957416", "SRR957421", "SRR957422", "SRR957424", "SRR957425", "SRR957442")
    found = [next(folder.glob(f"genes.fpkm_tracking.{run}*")) for run in (*runs, "SRR957443")]
    libraries = dict(zip((*runs, "SRR957443"), found, strict=True))
    return read_walley(libraries, folder / "map_SRA_accessions.txt")


def test_the_libraries_of_walley_have_the_recorded_genes(walley):
    assert walley.values.shape == (8, 45_741)
    assert walley.tissues == ("endosperm", "leaf")
    assert walley.tissue.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert walley.replicate.tolist() == [1, 2, 1, 2, 1, 2, 1, 2]
    assert sum(gene.startswith("Zm00001d") for gene in walley.genes) > 43_000


def test_every_recorded_library_is_in_the_list_of_walley(mirror):
    keys = registry.matching(["maize/walley-2016"])
    listed = (mirror / "maize/walley2016/map_SRA_accessions.txt").read_text().splitlines()[1:]

    assert sorted(key.split("/")[-1].upper() for key in keys) == sorted(row.split("\t")[0] for row in listed)
    stages = np.array([row.split("\t")[8] for row in listed])
    tissue, names = readers.organ_of(stages)
    sizes = dict(zip(names, np.bincount(tissue).tolist(), strict=True))
    assert sizes == {
        "endosperm": 6, "pericarp": 3, "embryo": 6, "kernel": 3, "leaf": 12, "meristem": 2, "internode": 6,
        "ear": 6, "spikelet": 3, "silk": 3, "pollen": 3, "root": 15,
    }  # fmt: skip
