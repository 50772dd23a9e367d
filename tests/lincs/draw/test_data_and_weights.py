from __future__ import annotations

from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from reread.core.figures import ALT_LENGTH, check_alt
from reread.lincs import chapters as draw
from reread.lincs.chapters import sentences_data, sentences_weights, strength
from reread.lincs.data import plates
from reread.lincs.data import published_weights as weights
from reread.lincs.data.simulate import simulate
from reread.lincs.methods import class_codes as codes
from reread.lincs.methods import class_transfer as transfer
from reread.lincs.methods import leakage as leaks


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    return weights.load("simulated", tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def drawn(published):
    """Figure and alternative text of each drawing."""
    simulated = simulate(0, n_genes=60)
    by_dose, joined = strength.by_dose(simulated), plates.signatures_of(plates.load("simulated"))
    classed = leaks.with_class(simulated)
    seen, recall = leaks.seen(classed, n_folds=3), leaks.neighbour_recall(classed, n_folds=3)
    apart = codes.distance(published.model.codes)
    near = codes.against_printed(apart, published.pcls, published.printed_neighbours)
    ranks = codes.textbook_ranks(published.profiles, published.pcls, published.symbols, published.textbook)
    tried = transfer.tried(published.profiles, published.pcls, published.unseen, n_permutations=19)
    tables = {"unseen": tried.drugs, "few": tried.drugs.head(3)}
    loud = draw.loud_nodes(published.mu)
    return {
        "strength": (draw.dose_strength(by_dose), sentences_data.alt_of_strength(by_dose)),
        "replicates": (draw.replicates(joined), sentences_data.alt_of_replicates(joined)),
        "leak": (draw.leak(seen, recall), sentences_data.alt_of_leak(seen, recall)),
        "nodes": (loud, sentences_weights.alt_of_nodes(loud[1])),
        "distances": (draw.class_distances(apart, published.pcls), sentences_weights.alt_of_distances(near)),
        "genes": (
            draw.decoded_genes(published.profiles, published.pcls, ranks),
            sentences_weights.alt_of_genes(ranks),
        ),
        "transfer": (
            draw.class_transfer(tables, 0.25, published.control),
            sentences_weights.alt_of_transfer(tables, 0.25),
        ),
    }


def test_every_figure_comes_with_its_table_and_an_alternative_text_of_fit_length(drawn):
    for name, ((figure, behind), alt) in drawn.items():
        assert type(figure).__name__ == "Figure"
        assert isinstance(behind, pd.DataFrame) and len(behind) > 0
        assert check_alt(name, alt) == alt, ALT_LENGTH


def test_text_can_be_read_and_stays_inside(drawn, texts_of):
    for name, ((figure, _), _) in drawn.items():
        low, high = figure.bbox.min - 2, figure.bbox.max + 2
        for text in texts_of(figure):
            box = text.get_window_extent()
            assert text.get_fontsize() >= 7, name
            assert (box.min >= low).all() and (box.max <= high).all(), f"{name}: {text.get_text()!r} is cut"


def test_equal_data_give_equal_pictures(published):
    one, two = BytesIO(), BytesIO()
    for stream in (one, two):
        draw.loud_nodes(published.mu)[0].savefig(stream, format="png", metadata={"Software": None})

    assert one.getvalue() == two.getvalue()


def test_the_heatmap_of_75_classes_names_each_of_them(real, tmp_path, texts_of):
    found = weights.load("weights", tmp_path)
    figure, behind = draw.class_distances(codes.distance(found.model.codes), found.pcls)

    assert len({text.get_text() for text in figure.axes[0].get_yticklabels()}) == 75
    assert np.diag(behind).tolist() == [0] * 75
    assert min(text.get_fontsize() for text in texts_of(figure)) >= 7


def test_the_table_of_nodes_marks_the_loud_ones(drawn, published):
    table = drawn["nodes"][0][1]
    many = table[(table["data_set"] == "many") & table["is_loud"]]

    assert tuple(sorted(many["node"])) == published.printed_nodes
    assert (table.groupby("data_set")["norm"].diff().dropna() <= 0).all()


def test_the_sentence_of_the_leak_says_both_splits():
    seen = pd.DataFrame({"scheme": ["random", "by drug"], "what": "drug", "share_seen": [1.0, 0.0]})
    recall = pd.DataFrame({"scheme": ["random", "by drug"], "recall": [0.9, 0.6]})
    said = sentences_data.alt_of_leak(seen, recall)

    assert "at random 100% of test signatures are of a drug in training and 90% of a class find it" in said
    assert "by drug 0% and 60%" in said
