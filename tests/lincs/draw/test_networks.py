"""Figures of the network chapters: texts stay inside, tables are what is drawn, words are computed."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from reread.core import figures
from reread.lincs import chapters as draw
from reread.lincs.chapters import sentences_codes as say_codes
from reread.lincs.chapters import sentences_networks as say
from reread.lincs.data import rows
from reread.lincs.data import splits as split
from reread.lincs.data.simulate import simulate
from reread.lincs.methods import codebooks, spectra
from reread.lincs.methods import digits as handwriting
from reread.lincs.methods import reconstruction as reconstruct


@pytest.fixture(scope="module")
def drugs():
    found = simulate(0, n_genes=40, n_knockdowns=24)
    return found.take((found.meta["kind"] == "drug").to_numpy())


@pytest.fixture(scope="module")
def vae(drugs):
    parts = rows.splits(drugs)
    runs = reconstruct.train(drugs, parts, n_seeds=1, hidden=16, latent=6, epochs=3, batch=64)
    scores = reconstruct.over_seeds(reconstruct.compare(drugs, parts, runs, ks=(3, 9)))
    each = reconstruct.by_perturbation(drugs, parts["held out"], runs, reconstruct.CHOSEN, 3)
    return {"curves": spectra.curves(runs), "scores": scores, "each": each} | {
        "said": spectra.spectrum(drugs, parts, runs)
    }


@pytest.fixture(scope="module")
def codes(drugs):
    part = split.by_group(drugs.meta, by=("pert_name",))
    runs = codebooks.train(drugs, part, n_seeds=2, dim=12, epochs=3, batch=64)
    return {
        "history": runs[0].history,
        "given": codebooks.given_label(drugs, part, runs),
        "found": codebooks.inferred(drugs, part, runs),
        "report": codebooks.usage(drugs, part, runs[0])[0],
    }


@pytest.fixture(scope="module")
def digits():
    pictures = handwriting.load()
    part = handwriting.split(pictures)
    run = handwriting.train(pictures, part, epochs=2, channels=2)[0]
    return {
        "shown": handwriting.examples(pictures, part, run),
        "loose": handwriting.examples(pictures, part, run, is_quantised=False),
        "shares": handwriting.confusion(pictures, part, [run]),
    }


@pytest.fixture(scope="module")
def drawn(vae, codes, digits):
    return {
        "vae_curves": draw.vae_curves(vae["curves"]),
        "bottlenecks": draw.bottlenecks(vae["scores"]),
        "spectrum": draw.spectrum(vae["said"]),
        "by_perturbation": draw.by_perturbation(vae["each"], "PCA 3", "VAE"),
        "code_curves": draw.code_curves(codes["history"], codes["given"]),
        "found": draw.found(codes["found"], 12),
        "code_usage": draw.code_usage(codes["report"]),
        "rebuilt_digits": draw.rebuilt_digits(digits["shown"]),
        "loose_digits": draw.rebuilt_digits(digits["loose"]),
        "digit_confusion": draw.digit_confusion(digits["shares"]),
    }


KINDS = (
    "vae_curves", "bottlenecks", "spectrum", "by_perturbation", "code_curves", "found", "code_usage",
    "rebuilt_digits", "loose_digits", "digit_confusion",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_text_stays_inside_the_picture(drawn, kind):
    figure = drawn[kind][0]
    figure.savefig(BytesIO(), format="png")
    reach, (width, height) = figure.get_tightbbox(), figure.get_size_inches()

    assert min(reach.x0, reach.y0) >= -0.01
    assert reach.x1 <= width + 0.01 and reach.y1 <= height + 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_equal_data_give_equal_bytes(drawn, kind, tmp_path):
    figure, table = drawn[kind]
    for name in ("a", "b"):
        figures.save(figure, table, tmp_path, name)

    assert len(table)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_every_alternative_text_is_long_and_short_enough(vae, codes, digits):
    said = [
        say.alt_of_curves(vae["curves"]),
        say.alt_of_bottlenecks(vae["scores"]),
        say.alt_of_spectrum(spectra.units(vae["said"])),
        say.alt_of_perturbations(vae["each"]),
        say_codes.alt_of_codes(codes["given"], codes["history"]),
        say_codes.alt_of_found(codebooks.over_seeds(codes["found"])),
        say_codes.alt_of_usage(codes["report"].assign(code="CP_DNA_DEPENDENT_PROTEIN_KINASE_INHIBITOR")),
        say_codes.alt_of_digits(digits["shown"]),
        say_codes.alt_of_loose(digits["loose"]),
        say_codes.alt_of_confusion(digits["shares"]),
    ]

    assert [figures.check_alt("x", text) for text in said] == said
    assert len(set(said)) == len(said)


def test_the_words_move_with_the_table(vae, digits):
    better = vae["each"].assign(r2_vae=vae["each"]["r2_pca"] + 0.1)
    worse = vae["each"].assign(r2_vae=vae["each"]["r2_pca"] - 0.1)

    assert f"{len(better)} of {len(better)}" in say.alt_of_perturbations(better)
    assert f"0 of {len(worse)}" in say.alt_of_perturbations(worse)
    assert "the digit found least often is 7" in say_codes.alt_of_confusion(
        np.eye(10) - np.diag(np.arange(10) == 7) * 0.5
    )


def test_a_method_that_was_not_asked_under_a_split_leaves_a_gap_and_no_zero(vae):
    _, table = draw.bottlenecks(vae["scores"])

    assert np.isnan(table.set_index("method").loc[reconstruct.CHOSEN, "random"])


def test_only_the_largest_classes_are_drawn_and_all_are_kept_in_the_table():
    report = pd.DataFrame({"code": [f"C{i}" for i in range(40)], "labelled": np.arange(40), "assigned": 1})
    figure, table = draw.code_usage(report.assign(found=0.5, is_dead=False), most=5)

    assert len(table) == 40
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == [
        "C39",
        "C38",
        "C37",
        "C36",
        "C35",
    ]
