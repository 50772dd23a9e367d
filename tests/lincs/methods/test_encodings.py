from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.lincs.data import simulate
from reread.lincs.methods import encodings as encoded
from reread.lincs.methods import generation as sampling
from reread.lincs.methods.codebooks import CodeRun
from reread.lincs.models.numpy_weights import Svq, Vae

N_GENES, HIDDEN, LATENT = 60, 9, 7
SEED = 3


def network(seed=0):
    """Weights that nobody trained: encoding and decoding need no more to be tested."""
    rng = np.random.default_rng(seed)
    sizes = {
        "encoder.0": (HIDDEN, N_GENES), "encoder.2": (HIDDEN, HIDDEN), "mu": (LATENT, HIDDEN),
        "logvar": (LATENT, HIDDEN), "decoder.0": (HIDDEN, LATENT), "decoder.2": (HIDDEN, HIDDEN),
        "decoder.4": (N_GENES, HIDDEN),
    }  # fmt: skip
    weights = {f"{name}.weight": rng.normal(size=size) / np.sqrt(size[1]) for name, size in sizes.items()}
    weights |= {f"{name}.bias": np.zeros(size[0]) for name, size in sizes.items()}
    return Vae({name: value.astype(np.float32) for name, value in weights.items()})


@pytest.fixture(scope="module")
def drawn():
    return simulate.simulate(SEED, n_genes=N_GENES, n_per_family=2, n_drugs=3, n_knockdowns=20, n_shrnas=2)


@dataclass
class Finished:
    page: str
    folder: Path
    record: dict

    def artifact(self, name):
        return self.folder / name


@pytest.fixture
def page(drawn, tmp_path, monkeypatch):
    """A page of chapter 02 that dropped the first five rows and trained on four of five."""
    monkeypatch.setattr(encoded.load, "load", lambda source, kind, seed: drawn)
    rows = np.arange(5, len(drawn))
    trained = np.flatnonzero(np.arange(len(rows)) % 5 > 0)
    values = drawn.values[rows]
    encoded.save_encodings(tmp_path / "latent.npz", network(), values, rows=rows, trained=trained)
    encoded.save_encodings(
        tmp_path / "latent-held-out.npz", network(1), values, rows=rows, trained=trained[:9]
    )
    network().save(tmp_path / "vae.npz")
    network(1).save(tmp_path / "vae-held-out.npz")
    return Finished(
        "merged",
        tmp_path,
        {"parameters": {"source": "simulated", "kind": "all", "seed": SEED, "min_per_line": 0}},
    )


@pytest.fixture
def read(page):
    return encoded.read([page], "merged", "simulated", "random")


def test_rows_that_the_page_left_out_are_read_but_did_not_teach(read, drawn):
    assert read.signatures.meta["sig_id"].tolist() == drawn.meta["sig_id"].tolist()
    assert read.is_trained[:10].tolist() == [False] * 6 + [True] * 4
    assert read.is_trained[5:].mean() == pytest.approx(0.8, abs=0.01)
    np.testing.assert_array_equal(read.mu, network().encode(drawn.values))
    assert {name: layer.shape[1] for name, layer in read.layers.items()} == {
        "e1": HIDDEN, "e2": HIDDEN, "e3": LATENT, "d1": HIDDEN, "d2": HIDDEN,
    }  # fmt: skip


def test_lines_that_the_page_did_not_use_are_not_read(page, drawn):
    page.record["parameters"]["min_per_line"] = 10**6

    with pytest.raises(DataError, match="does not reproduce the latent means"):
        encoded.read([page], "merged", "simulated", "random")


def test_each_protocol_has_its_own_network(page, drawn):
    read = encoded.read([page], "merged", "simulated", "held-out")

    assert read.is_trained.sum() == 9
    np.testing.assert_array_equal(read.mu, network(1).encode(drawn.values))


def test_a_page_or_source_that_is_not_there_is_refused(page):
    with pytest.raises(ParameterError, match=r"no page 'drugs'.*merged"):
        encoded.read([page], "drugs", "simulated")
    with pytest.raises(ParameterError, match="'simulated', not on 'pooled'"):
        encoded.read([page], "merged", "pooled")


def test_signatures_that_changed_since_are_refused(page, drawn, monkeypatch):
    other = simulate.simulate(
        SEED + 1, n_genes=N_GENES, n_per_family=2, n_drugs=3, n_knockdowns=20, n_shrnas=2
    )
    for changed in (other, drawn.take(np.arange(len(drawn) - 1))):
        monkeypatch.setattr(encoded.load, "load", lambda source, kind, seed, changed=changed: changed)

        with pytest.raises(DataError, match="does not reproduce the latent means"):
            encoded.read([page], "merged", "simulated", "random")


def test_taking_rows_takes_all_that_belongs_to_them(read):
    rows = np.array([11, 4])

    taken = read.take(rows)

    assert taken.signatures.meta["sig_id"].tolist() == read.signatures.meta["sig_id"].iloc[rows].tolist()
    np.testing.assert_array_equal(taken.layers["d1"], read.layers["d1"][rows])
    np.testing.assert_array_equal(taken.is_trained, read.is_trained[rows])


def test_kinds_classes_and_lines_are_chosen_by_what_they_are(read):
    drugs, known = read.of_kind("drug"), read.with_class(least_drugs=3)

    assert set(drugs.signatures.meta["kind"]) == {"drug"}
    assert known.signatures.pcls == drugs.signatures.pcls
    assert not len(read.with_class(least_drugs=4).signatures)
    assert set(read.in_line("LINE2").signatures.meta["cell"]) == {"LINE2"}
    assert len(read.in_line("").signatures) == len(read.signatures)
    with pytest.raises(ParameterError, match="LINE9"):
        read.in_line("LINE9")


def test_representations_have_one_row_a_signature_and_learn_from_training_rows_only(read):
    seen = encoded.representations(read, n_components=4)
    moved = encoded.representations(read.take(read.is_trained), read, n_components=4)

    assert list(seen) == ["raw", "e1", "e2", "e3", "nodes", "d1", "d2", "pca"]
    assert {len(values) for values in seen.values()} == {len(read.signatures)}
    assert seen["pca"].shape[1] == 4
    np.testing.assert_allclose(moved["pca"], seen["pca"][read.is_trained], atol=1e-5)


def test_signature_nodes_are_those_of_taught_signatures_with_a_class(read):
    has_class = (read.signatures.meta["pcl"] != "").to_numpy()
    size = np.abs(read.mu[read.is_trained & has_class]).mean(axis=0)

    nodes = encoded.signature_nodes(read)

    np.testing.assert_array_equal(nodes, np.flatnonzero(size > 0.5))
    np.testing.assert_array_equal(encoded.representations(read)["nodes"], read.mu[:, nodes])
    with pytest.raises(DataError, match="has a class"):
        encoded.signature_nodes(read.of_kind("knockdown"))


def test_families_are_planted_or_none(drawn, read):
    assert encoded.families_of(drawn) == {"A1": 0, "A2": 0, "B1": 1, "C1": 2}


def test_codes_are_means_of_training_rows_and_the_codebooks(read, tmp_path):
    codes = np.arange(12.0).reshape(6, 2)
    both = {"as published": codes + 20, "corrected": codes}
    np.savez(tmp_path / "codebooks.npz", pcls=np.array(read.signatures.pcls), **both)

    found = encoded.codes_of(read, [Finished("", tmp_path, {})])

    rows = read.is_trained & (read.signatures.meta["pcl"] == "B1").to_numpy()
    assert list(found) == ["mean signature", "latent means", "S-VQ-VAE as published", "S-VQ-VAE corrected"]
    np.testing.assert_allclose(
        found["mean signature"].loc["B1"], read.signatures.values[rows].mean(axis=0), rtol=1e-5
    )
    assert found["S-VQ-VAE corrected"].loc["A2"].tolist() == [2, 3]


# samples


@pytest.fixture
def drugs(read):
    return read.of_kind("drug")


def test_noise_is_what_training_signatures_lose_when_rebuilt(drugs):
    made = sampling.generate(drugs, 3000, n_components=5)
    train = drugs.signatures.values[drugs.is_trained]

    added = made["VAE with noise"] - made["VAE"]
    assert {name: values.shape for name, values in made.items()} == dict.fromkeys(
        ("VAE", "VAE with noise", "Gaussian", "Gaussian with noise"), (3000, N_GENES)
    )
    np.testing.assert_array_equal(made["VAE"], drugs.network.generate(3000, 0))
    wanted = (train - drugs.network.rebuild(train)).std(axis=0)
    kept = wanted < 3.5  # louder genes are clipped at 10
    assert kept.sum() > 30
    np.testing.assert_allclose(added.std(axis=0)[kept], wanted[kept], rtol=0.1)


def test_the_gaussian_has_the_variance_of_the_components(drugs):
    made = sampling.generate(drugs, 4000, n_components=5)["Gaussian"]
    train = drugs.signatures.values[drugs.is_trained]

    np.testing.assert_allclose(made.mean(axis=0), train.mean(axis=0), atol=0.15)
    assert np.linalg.matrix_rank(made - made.mean(axis=0), tol=1.0) == 5
    assert made.var(axis=0).sum() < train.var(axis=0).sum()


def test_real_halves_come_first_and_generated_ones_meet_held_out_rows(drugs):
    made = sampling.generate(drugs, 50, n_components=5)

    pairs = sampling.comparisons(drugs, made)

    held = drugs.signatures.values[~drugs.is_trained]
    assert list(pairs) == [sampling.RANDOM_HALVES, sampling.OTHER_DRUGS, *made]
    assert len(pairs["VAE"][0]) == min(len(held), 50)
    for real in pairs["VAE"][0]:
        assert (real == held).all(axis=1).any()


def test_copies_have_a_row_for_each_generator(drugs):
    train = drugs.signatures.values[drugs.is_trained]

    table = sampling.copies(drugs, {"copies": train[:30] + 0.01, "noise": 9 * np.ones((30, N_GENES))})

    assert table["generator"].tolist() == ["copies", "noise"]
    assert table["distance"][0] < table["distance"][1]
    assert table["nearer_train"][0] == 1


def test_every_class_is_generated_and_by_chance_is_its_share(drugs):
    table = sampling.conditioned(drugs, n=12, n_components=5)

    assert table["pcl"].tolist() == list(drugs.signatures.pcls)
    assert table["by_chance"].sum() == pytest.approx(1)
    assert table["n_real"].sum() == drugs.is_trained.sum()
    assert table["gaussian"].mean() > 3 * table["by_chance"].mean()
    with pytest.raises(DataError, match="No class"):
        nameless = replace(drugs.signatures, meta=drugs.signatures.meta.assign(pcl=""))
        sampling.conditioned(replace(drugs, signatures=nameless))


def test_codes_are_saved_with_their_names(tmp_path):
    books = [Svq({"codes.weight": np.full((4, 7), i, dtype=np.float32)}) for i in range(3)]
    methods = ("as published", "as published", "corrected")
    runs = [
        CodeRun(m, i, b, None, tuple("abcd"), None)
        for i, (m, b) in enumerate(zip(methods, books, strict=True))
    ]
    path = encoded.save_codebooks(tmp_path / "c.npz", runs)

    with np.load(path, allow_pickle=False) as kept:
        assert kept["pcls"].tolist() == list("abcd")
        assert (kept["as published"] == 0).all()
        assert (kept["corrected"] == 2).all()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"no archive"])
def test_damaged_encodings_are_refused_with_the_name_of_the_file(page, drawn, content):
    page.artifact("latent.npz").write_bytes(content)

    with pytest.raises(DataError, match=r"latent\.npz"):
        encoded.read([page], "merged", "simulated", "random")
