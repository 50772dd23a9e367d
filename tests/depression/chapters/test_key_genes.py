"""Chapters 03 and 04: tables and sentences that depend on what a run found."""

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import ParameterError
from reread.depression.chapters import ch04_key_genes as ch04
from reread.depression.data.vocabulary import Vocabulary
from reread.depression.methods import shift_statistics

GENES = [f"ENSG{i:011d}" for i in range(30)]
WORDS = Vocabulary({"<pad>": 0, "<mask>": 1, **{gene: i + 2 for i, gene in enumerate(GENES)}}, {})
FOLD = np.r_[1.0, 1.0, -1.0, -1.0, np.zeros(26)]
TRUTH = pd.DataFrame({"gene": GENES, "log2_fold": FOLD})
CHANGES = ["delete", "overexpress"]


def shifts(n_refits=20, effect=6.0, n_cells=8):
    rng = np.random.default_rng(0)
    tables = []
    for model in range(n_refits + 1):
        for change, sign in zip(CHANGES, (-1, 1), strict=True):
            gene_effect = rng.normal(size=30) + (sign * effect * FOLD if model == 0 else 0)
            cell, gene = np.divmod(np.arange(n_cells * 30), 30)
            start = np.where(cell % 2, "case", "control")
            value = (gene_effect[gene] + 0.1 * rng.normal(size=len(cell))) * np.where(cell % 2, -1, 1)
            columns = {"model": model, "cell": cell, "unit": cell, "rank": gene, "gene": gene + 2}
            tables.append(
                pd.DataFrame(columns | {"start": start, "shift": value, "from_start": 0.0, "change": change})
            )
    return pd.concat(tables, ignore_index=True)


def baselines():
    rng = np.random.default_rng(1)
    values = {"coefficient": FOLD + 0.1 * rng.normal(size=30), "pseudobulk_t": FOLD + rng.normal(size=30)}
    return pd.DataFrame({"gene": GENES, **values})


@pytest.fixture(scope="module")
def run():
    table = shifts()
    names = ch04.gene_names(WORDS)
    tests = {change: shift_statistics.against_refits(table, change, level=0.1) for change in CHANGES}
    genes = ch04.gene_table(tests, baselines(), names, TRUTH)
    return table, names, tests, genes


def test_genes_of_the_truth_are_found_by_both_changes_and_with_their_signs(run):
    found = ch04.recovery(run[3]).set_index("ranking")
    assert list(found.index) == ["delete", "overexpress", "coefficient", "pseudobulk_t"]
    assert (found.loc[["delete", "overexpress", "coefficient"], ["auroc", "sign_auroc"]] == 1).all(axis=None)


def test_calls_have_power_and_a_false_share(run):
    table, names, _, genes = run
    calls = ch04.calls(genes, table, CHANGES, names).set_index(["change", "test"])
    assert calls.loc[("delete", "refits"), "power"] == 1
    assert calls.loc[("delete", "published"), "false_share"] > calls.loc[("delete", "refits"), "false_share"]
    totals = calls.groupby("test")["n_called"].mean()
    assert totals["refits"] >= 4 and totals["published"] > 4


def test_without_truth_nothing_is_said_of_it(run):
    table, names, tests, _ = run
    genes = ch04.gene_table(tests, baselines(), names, None)
    assert not len(ch04.recovery(genes))
    assert ch04.draw_recovery(ch04.recovery(genes)).figure is None
    calls = ch04.calls(genes, table, CHANGES, names)
    assert calls[["power", "false_share", "type_1"]].isna().all(axis=None)
    assert "power" not in ch04.call_table(calls)
    models = pd.DataFrame({"model": range(21), "auroc": 0.6})
    words = ch04.answers(ch04.recovery(genes), calls, models, 0.7)
    assert words["truth"] == "No ground truth is known for these cells."
    assert "below logistic regression" in words["limitation"] and words["interpretation"].startswith(
        "They may not"
    )


def test_sentences_follow_the_numbers(run):
    table, names, _, genes = run
    calls, recovery = ch04.calls(genes, table, CHANGES, names), ch04.recovery(genes)
    models = pd.DataFrame({"model": range(21), "auroc": 0.9})
    words = ch04.answers(recovery, calls, models, 0.8)
    assert words["interpretation"].startswith("They may: AUROC 0.900")
    assert "does not exceed" in words["rankings"] and "fair (1.00)" in words["limitation"]
    weak = calls.assign(power=0.2)
    assert "low (0.20)" in ch04.answers(recovery, weak, models, 0.8)["limitation"]
    silent = calls.assign(power=0.0, n_called=0, false_share=np.nan)
    assert "ours calls no gene, with a power of 0.00" in ch04.answers(recovery, silent, models, 0.8)["truth"]
    assert "direction is wrong" not in words["rankings"]
    turned = recovery.assign(
        sign_auroc=recovery["sign_auroc"].where(recovery["ranking"] != "overexpress", 0.0)
    )
    said = ch04.answers(turned, calls, models, 0.8)["rankings"]
    assert "The direction is wrong for overexpression" in said and "wrong for deletion" not in said


def test_figures_say_what_they_show(run):
    _, names, tests, genes = run
    drawn = [
        ch04.draw_top(ch04.top_genes(tests, names, 5)),
        ch04.draw_recovery(ch04.recovery(genes)),
        ch04.draw_agreement(ch04.agreement(genes)),
        ch04.draw_scatter(genes, CHANGES),
        ch04.draw_scatter(genes, CHANGES[:1]),
        ch04.draw_scatter(genes, CHANGES[1:]),
    ]
    assert all(one.figure is not None and 40 <= len(one.alt) <= 250 for one in drawn)
    assert set(GENES[:4]) <= set(drawn[0].table["name"])


def test_controls_name_genes(run):
    table, names, _, genes = run
    found = ch04.control_table(table, genes, CHANGES, names)
    assert found["gene"].isin(GENES).all() and found["excess"].dropna().abs().is_monotonic_decreasing


def test_chapter_3_tables():
    ch03 = pytest.importorskip("reread.depression.chapters.ch03_perturbation")
    table = shifts(n_cells=60)
    classes = ch03.gene_classes(WORDS, TRUTH)
    assert classes[[2, 4, 9]].tolist() == [ch03.RAISED, ch03.LOWERED, ch03.OTHER]
    means = ch03.run_means(table, classes)
    assert set(means["run"]) == set(ch03.RUNS.values())
    assert set(means.loc[means["model"] > 0, "group"]) == {ch03.REFIT}
    found = ch03.recovery(means)
    assert len(found) == 4 and (found["auroc"] > 0.95).all()
    calls = ch03.published_calls(table, classes)
    shares = ch03.scores(pd.DataFrame({"model": range(3), "auroc": [0.9, 0.4, 0.6]}), calls)
    assert shares["auroc.true"] == 0.9 and shares["auroc.permuted"] == 0.5
    assert shares["share_called.permuted"] > 0.3 and shares["false_share.published"] > 0.5
    words = ch03.answers(found, calls)
    assert "of its calls are no disease genes" in words["truth"] and "AUROC of" in words["truth"]
    assert "it calls no gene;" in ch03.answers(found, calls.assign(false_share=np.nan))["truth"]
    assert "No ground truth" in ch03.answers(found[:0], calls)["truth"]
    by_cells = ch03.calls_by_cells(table, classes)
    shares = by_cells[by_cells["labels"] == "permuted"].groupby("cells")["share_called"].mean()
    assert len(shares) == 4 and shares.iloc[-1] > shares.iloc[0]
    for drawn in (ch03.draw_runs(means), ch03.draw_calls(by_cells), ch03.draw_method()):
        assert drawn.figure is not None and 40 <= len(drawn.alt) <= 250
    assert ch03.tokens_of(WORDS, []) is None and ch03.tokens_of(WORDS, GENES[:2]) == [2, 3]
    with pytest.raises(ParameterError, match="not in the vocabulary"):
        ch03.tokens_of(WORDS, ["ENSG0"])


def test_chapter_3_of_a_shard_without_the_true_labels():
    ch03 = pytest.importorskip("reread.depression.chapters.ch03_perturbation")
    table = shifts()
    part = table[table["model"] > 15]
    classes = ch03.gene_classes(WORDS, TRUTH)
    calls = ch03.published_calls(part, classes)
    models = pd.DataFrame({"model": [16, 17], "auroc": 0.5})
    assert list(ch03.scores(models, calls)) == ["auroc.permuted", "share_called.permuted"]
    assert not len(ch03.recovery(ch03.run_means(part, classes)))
    assert ch03.part_shares(pd.DataFrame()) == {}
    assert ch03.draw_parts(pd.DataFrame()).figure is None
