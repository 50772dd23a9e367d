"""Expression of a reader: the same from h5ad, loom and tables, and a malformed file named with a cure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.core.data.matrix import from_anndata
from reread.core.errors import DataError, ParameterError
from reread.core.files import sha256
from reread.maize.data import gene_knowledge, load, own
from reread.maize.methods import attribution, gene_files, ranking_tables

anndata = pytest.importorskip("anndata")

GENES = ("1-Mar", "NA", "TRUE", "007")
SAMPLES = tuple(f"{i:02d}" for i in range(9))
VALUES = np.random.default_rng(1).gamma(1, 200, (9, 4)).round(1)
TISSUES, BATCHES = list("aabbccabc"), list("xxxxxxyyy")
KEYS = {"label_key": "tissue", "group_key": "batch"}


def fields(**columns):
    given = {"tissue": TISSUES, "batch": BATCHES, **columns}
    return pd.DataFrame(given, index=pd.Index(SAMPLES, name="name"))


def table(values=VALUES, samples=SAMPLES, genes=GENES):
    return pd.DataFrame(values, index=list(samples), columns=list(genes))


def annotated(values=VALUES, genes=GENES, **columns):
    return anndata.AnnData(np.asarray(values, float), fields(**columns), pd.DataFrame(index=list(genes)))


@pytest.fixture
def read(tmp_path):
    """Write expression and labels, and load them as the chapters do."""

    def written(name, content, genes_in="columns"):
        path = tmp_path / name
        if isinstance(content, anndata.AnnData):
            content.write_h5ad(path)
        elif isinstance(content, pd.DataFrame):
            (content.T if genes_in == "rows" else content).to_csv(path, sep="," if "csv" in name else "\t")
        else:
            path.write_bytes(content)
        return str(path)

    def load_own(expression=None, labels=None, *, name="cells.csv", genes_in="columns", changes=None, **more):
        expression = table() if expression is None else expression
        given = {**KEYS, "expression": written(name, expression, genes_in), "genes_in": genes_in}
        if labels is None and not name.endswith(".h5ad"):
            labels = fields()
        if labels is not None:
            given["labels"] = written("labels.tsv", labels)
        return load.load("own", **given | more | (changes or {}))

    load_own.folder = tmp_path
    return load_own


def test_every_way_to_give_the_file_gives_the_same_samples(read):
    ways = [read(), read(genes_in="rows"), read(annotated(), name="cells.h5ad", genes_in="")]
    ways.append(own.from_matrix(from_anndata(annotated()), **KEYS))

    for data in ways:
        assert (data.genes, data.samples, data.tissues) == (GENES, SAMPLES, ("a", "b", "c"))
        assert data.values.tolist() == VALUES.astype(np.float32).tolist()
        assert data.tissue_names.tolist() == TISSUES
        assert data.group.tolist() == BATCHES
        assert data.replicate.tolist() == [1, 2, 1, 2, 1, 2, 1, 1, 1]


def test_the_report_keeps_the_digests_and_the_genes_are_narrowed(read):
    data = read(n_genes=2)

    digests = {"sha256_expression": read.folder / "cells.csv", "sha256_labels": read.folder / "labels.tsv"}
    assert data.report == {name: sha256(path) for name, path in digests.items()}
    assert len(data.genes) == 2
    assert load.load("simulated").report == {}


def test_known_genes_become_markers_and_terms_and_may_be_left_out(read):
    data, known = read(), read.folder / "known.csv"
    known.write_text("gene,tissue\n1-Mar,b\n007,b\n007,b\nXIST,a\n")

    found = gene_knowledge.knowledge_of(data, 0, str(known))
    without = gene_knowledge.knowledge_of(data)

    assert found.markers == [("b", "1-Mar", 1, 0), ("b", "007", 1, 3)]
    assert (without.markers, without.terms, without.is_tf.any()) == ([], {}, False)
    assert (found.report, without.report) == ({"sha256_known_genes": sha256(known)}, {})
    for text, says in (
        ("gene,tissue\nNA,d\n", "known.csv names the tissue 'd', which no sample has. Known: a, b, c"),
        (
            "gene,tissue\nXIST,a\n",
            "none of its 1 genes, such as XIST, is among those of the data, such as 1-Mar",
        ),
        ("gene,organ\nNA,a\n", "known.csv has no column 'tissue'"),
    ):
        known.write_text(text)
        with pytest.raises(DataError, match=says):
            gene_knowledge.knowledge_of(data, 0, str(known))


def test_tables_of_known_genes_are_empty_and_no_error_without_any(read):
    from reread.maize.chapters import ch03_marker_genes as figures
    from reread.maize.data import splits

    data = read()
    held_out, known = splits.split(data, "random")[0], gene_knowledge.knowledge_of(data)
    scores = {"tau": np.random.default_rng(0).random((3, 4)), "F": np.random.default_rng(1).random((3, 4))}
    ranks = ranking_tables.marker_ranks(scores, known.markers)
    recovered = ranking_tables.recovery_table(data, held_out, [], 2)
    terms, counts = ranking_tables.enriched(scores, data, known, 2)

    assert figures.markers_caption(ranks, 0, 4) == ""
    assert "name some with -p known_genes" in figures.marker_ranks(ranks).alt
    assert figures.answer(ranking_tables.methods_table(scores, ranks, recovered, 2)) == {}
    assert figures.enrichment(counts).figure is None
    assert terms.empty and ranking_tables.best_terms(terms).empty
    assert ranking_tables.wide_ranks(ranks).empty
    assert ranking_tables.tf_table(scores, data, held_out, known, 2).empty


def test_later_chapters_read_the_same_files_and_refuse_a_changed_one(read):
    from dataclasses import dataclass

    from reread.maize.data import splits

    @dataclass
    class Upstream:
        record: dict

        def artifact(self, name):
            return read.folder / name

    data = read()
    scores = {attribution.PUBLISHED: np.random.default_rng(0).random((3, 4))}
    gene_files.save(read.folder, scores, data, splits.split(data, "random")[0])
    files = {"expression": str(read.folder / "cells.csv"), "labels": str(read.folder / "labels.tsv")}
    given = {"source": "own", "n_genes": 0, "seed": 0, **KEYS, **files, "genes_in": "columns", "layer": ""}
    values = {f"own.{name}": digest for name, digest in data.report.items()}

    samples, ranked = gene_files.load_again([Upstream({"parameters": given, "values": values})], "own")
    assert samples.values.tolist() == data.values.tolist()
    assert ranked.genes == GENES

    table(VALUES + 1).to_csv(files["expression"])
    with pytest.raises(DataError, match="own files have changed since the genes were ranked"):
        gene_files.load_again([Upstream({"parameters": given, "values": values})], "own")


def test_a_file_that_is_not_named_is_asked_for():
    with pytest.raises(ParameterError, match=r"source=own needs expression.*\n.*-p expression=PATH"):
        load.load("own")


COUNTS = np.random.default_rng(2).poisson(300, (9, 4))
H5AD = {"name": "cells.h5ad", "genes_in": ""}
HOLE = np.where(VALUES.max() == VALUES, np.nan, VALUES)
EMPTY = VALUES * (np.arange(9) != 3)[:, None]
BAD = {
    "another format": ({"name": "cells.xlsx", "expression": b"PK"},
        "cells.xlsx must be a .h5ad, .loom, .csv"),
    "no h5ad": ({"expression": b"sample,gene\n", **H5AD}, "cells.h5ad cannot be read as an h5ad file"),
    "no loom": ({"expression": b"\0", "name": "cells.loom"}, "cells.loom cannot be read as a loom file"),
    "an empty file": ({"expression": b""}, "cells.csv must be a table of text, but is empty"),
    "only a header": ({"expression": b"name,A,B\n"}, "cells.csv holds no row below its header"),
    "genes nowhere": ({"genes_in": ""}, "cells.csv is a table.*-p genes_in=columns .* -p genes_in=rows"),
    "turned": ({"expression": table().T}, "labels.tsv lacks 4 of the 4 samples.*say where the genes are"),
    "commas for tabs": ({"expression": b"a,b\n1,2\n", "name": "cells.tsv"},
        "cells.tsv has one column.*tabs"),
    "a word": ({"expression": table().map("x{:.0f}".format)}, "line 2, column '1-Mar'.*'x"),
    "a hole": ({"expression": table(HOLE)}, "must be a finite number"),
    "a hole in h5ad": ({"expression": annotated(HOLE), **H5AD},
                       "cells.h5ad: gene .* is nan in sample .*1 such values.*Fill the value in"),
    "centred": ({"expression": table(VALUES - 100)},
        "but FPKM, TPM or CPM are never negative.*Undo the centring"),
    "a logarithm": ({"expression": table(np.log1p(VALUES))}, "as a logarithm does.*numpy.expm1"),
    "counts": ({"expression": table(COUNTS)}, "holds whole numbers with sums from .*as counts do.*CPM"),
    "an empty sample": ({"expression": table(EMPTY)}, "sample 03 holds zeros only"),
    "a gene twice": ({"expression": annotated(genes=("A", "B", "B", "C")), **H5AD},
        "gene B is listed 2 times"),
    "a sample twice": ({"expression": table(samples=["00", *SAMPLES[:-1]])}, "sample 00 is listed 2 times"),
    "no labels": ({"labels": b"", "label_key": "tissue"},
        "labels.tsv must be a table of text, but is empty"),
    "no file of labels": ({"changes": {"labels": ""}}, "has no labels of its samples.*-p labels=PATH"),
    "labels of others": ({"labels": fields().rename(index="X{}".format)},
        "lacks 9 of the 9 samples.*its first is X00"),
    "a label twice": ({"labels": pd.concat([fields(), fields().iloc[:1]])},
        "labels.tsv: sample 00 is listed 2 times"),
    "a missing column": ({"changes": {"label_key": "tisue"}},
        "no column 'tisue' for the tissue. Did you mean 'tissue'"),
    "no key": ({"changes": {"group_key": ""}}, "no column named for the group.*-p group_key=COLUMN"),
    "a missing label": ({"labels": fields(tissue=["", *TISSUES[1:]])},
        "1 samples have no tissue, such as 00"),
    "one tissue": ({"labels": fields(tissue="leaf")},
        "'tissue' must name at least three tissues, but holds leaf"),
    "one group": ({"labels": fields(batch="1")}, "'batch' must name at least two groups"),
    "a tissue of one": ({"labels": fields(tissue=["d", *TISSUES[1:]])},
        "d has one sample, but a tissue needs two"),
    "no such layer": ({"expression": annotated(), **H5AD, "changes": {"layer": "tpm"}},
        "has no layer 'tpm'"),
}  # fmt: skip


@pytest.mark.parametrize("fault", BAD)
def test_a_malformed_file_is_refused_with_its_name_and_the_next_step(read, fault):
    given, says = BAD[fault]

    with pytest.raises((DataError, ParameterError), match=f"(?s){says}") as caught:
        read(**given)

    assert len(str(caught.value)) < 700


def test_too_few_groups_for_the_folds_is_said_when_they_are_split(read):
    from reread.maize.data import splits

    with pytest.raises(DataError, match="5 folds by group need 5 groups"):
        splits.split(read(), "group", n_folds=5)


def test_a_missing_file_is_named(tmp_path):
    for name in ("cells.csv", "cells.h5ad", "cells.loom"):
        with pytest.raises(DataError, match=rf"{name} must be a file, but is not there"):
            load.load("own", expression=str(tmp_path / name), genes_in="rows", **KEYS)
