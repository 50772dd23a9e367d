"""What a notebook calls, without a kernel: the guard, measured values, figures, tables, the verdict."""

from __future__ import annotations

import json
import math
import re
import sys
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from reread import chapter, pages
from reread.core import charts, figures
from reread.core import paths as places
from reread.core.data import registry
from reread.core.errors import ParameterError, RunError
from reread.core.files import read_json, write_json, write_text

CELLS = {"n": 5, "rate": 0.5, "is_wet": True, "seed": 0}
GENES = {"source": "planted", "ways": "sum mean"}
ALT = "Line chart of plant height against days: it doubles within ten days."


@pytest.fixture
def shown(monkeypatch) -> list[tuple[dict, dict]]:
    """What would be shown in the notebook: content by kind, and its metadata."""
    seen = []

    def display(*contents, raw=False, metadata=None):
        for content in contents:
            if not raw:
                kind = "markdown" if hasattr(content, "_repr_markdown_") else "image"
                content = {kind: content.data}
            seen.append((content, metadata or {}))

    monkeypatch.setattr("IPython.display.display", display)
    return seen


def said(shown: list[tuple[dict, dict]]) -> str:
    kinds = ("markdown", "text/html")
    return "\n".join(content[kind] for content, _ in shown for kind in kinds if kind in content)


@pytest.fixture
def page(tiny, shown) -> chapter.Page:
    """Chapter 01 as a reader opens it in JupyterLab."""
    return chapter.open_page("maize/01-cells", dict(CELLS))


@pytest.fixture
def run(tiny, shown, tmp_path, monkeypatch):
    """Open a page as the runner does, after what it builds on: ``run("02-genes", GENES, page="short")``."""

    def opened(
        key: str, variables: dict, *, page: str = "", profile: str = "demo", is_after: bool = True
    ) -> chapter.Page:
        before = places.runs() / profile / "maize/01-cells/record.json"
        if is_after and key == "02-genes" and not before.exists():
            write_json(before, {"parameters": CELLS})
        for name, value in {
            "RUN": tmp_path / "part",
            "PAGE": page,
            "PROFILE": profile,
            "KEY": "ab" * 32,
        }.items():
            monkeypatch.setenv(f"REREAD_{name}", str(value))
        registry.forget_used()
        return chapter.open_page(f"maize/{key}", dict(variables))

    return opened


@pytest.fixture
def drawn():
    figure, axes = figures.new(width_in=3, height_in=2)
    axes.plot([1, 2, 3])
    return figures.Drawn(figure, pd.DataFrame({"day": [1, 2, 3]}), ALT)


class TestGuard:
    def test_a_misspelt_parameter_is_refused_with_the_nearest(self, tiny):
        """Papermill only warns, and runs the default."""
        with pytest.raises(ParameterError, match=r"has no parameter 'sed'\. Did you mean 'seed'\?"):
            chapter.open_page("maize/01-cells", CELLS | {"sed": 3})

    @pytest.mark.parametrize(
        ("wrong", "wanted"),
        [
            ({"n": 0}, "n must be a whole number of at least 1 and at most 99 (cells), but came as 0."),
            ({"n": 100}, "at most 99"),
            ({"n": 5.0}, "n must be a whole number"),
            ({"n": "5"}, "n must be a whole number"),
            ({"n": True}, "n must be a whole number"),
            ({"n": None}, "n must be a whole number"),
            ({"n": [5]}, "n must be a whole number"),
            ({"is_wet": 1}, "is_wet must be True or False"),
            ({"rate": "fast"}, "rate must be a number"),
            ({"rate": math.nan}, "rate must be a number"),
            ({"rate": math.inf}, "rate must be a number"),
        ],
    )
    def test_a_wrong_value_is_refused_with_what_was_wanted(self, tiny, wrong, wanted):
        with pytest.raises(ParameterError) as caught:
            chapter.open_page("maize/01-cells", CELLS | wrong)

        assert wanted in str(caught.value)

    @pytest.mark.parametrize(
        ("wrong", "wanted"),
        [({"source": "plantd"}, "Did you mean 'planted'?"), ({"ways": "sum maen"}, "Did you mean 'mean'?")],
    )
    def test_a_wrong_word_is_refused_with_the_nearest(self, tiny, wrong, wanted):
        with pytest.raises(ParameterError) as caught:
            chapter.open_page("maize/02-genes", GENES | wrong)

        assert wanted in str(caught.value)

    def test_a_parameter_that_the_cell_lacks_names_the_cure(self, tiny):
        with pytest.raises(ParameterError, match=r"(?s)lacks its parameter 'seed'.*reread sync maize"):
            chapter.open_page("maize/01-cells", {name: CELLS[name] for name in ("n", "rate", "is_wet")})

    def test_nothing_is_made_before_the_parameters_are_right(self, tiny):
        with pytest.raises(ParameterError):
            chapter.open_page("maize/01-cells", CELLS | {"n": 0})

        assert not places.runs().exists()

    @pytest.mark.parametrize("name", ["maize/01-cels", "maise/01-cells", "01-cells", "maize"])
    def test_a_wrong_name_of_the_chapter_is_refused(self, tiny, name):
        with pytest.raises(ParameterError):
            chapter.open_page(name, dict(CELLS))

    def test_what_python_and_papermill_leave_among_the_variables_is_no_parameter(self, tiny, shown):
        others = {"__name__": "x", "_i1": "n = 5", "In": ["n = 5"], "Out": {}, "PAPERMILL_INPUT_PATH": "a"}
        others |= {"chapter": chapter, "np": np, "exit": print, "annotations": SimpleNamespace()}

        assert chapter.open_page("maize/01-cells", CELLS | others).parameters == CELLS

    def test_a_whole_number_stands_for_a_float(self, tiny, shown):
        opened = chapter.open_page("maize/01-cells", CELLS | {"rate": 1})

        assert repr(opened.parameters["rate"]) == "1.0"

    def test_opening_again_clears_the_scratch_folder(self, page):
        page.artifact("old.csv").write_text("old")

        again = chapter.open_page("maize/01-cells", dict(CELLS))

        assert again.folder.parent == places.runs() / "scratch/maize/01-cells"
        assert list(again.folder.iterdir()) == []

    def test_each_set_of_parameters_has_a_scratch_folder_of_its_own(self, page):
        page.artifact("old.csv").write_text("old")

        other = chapter.open_page("maize/01-cells", CELLS | {"seed": 1})

        assert other.folder != page.folder
        assert page.artifact("old.csv").read_text() == "old"

    def test_the_scratch_folder_of_a_process_that_works_is_left_alone(self, page, monkeypatch):
        page.artifact("of-another.csv").write_text("rows")
        for pid, is_alive in ((999_999, True), (999_998, False)):
            monkeypatch.setattr("os.getpid", lambda pid=pid: pid)
            monkeypatch.setattr("psutil.pid_exists", lambda _, is_alive=is_alive: is_alive)
            again = chapter.open_page("maize/01-cells", dict(CELLS))

            assert again.folder != page.folder
            assert page.folder.exists() == is_alive

    def test_the_runner_names_folder_page_and_profile(self, run, tmp_path):
        opened = run("02-genes", GENES, page="long", profile="real")

        assert (opened.folder, opened.ref.name, opened.ref.profile, opened.is_published) == (
            tmp_path / "part",
            "maize/02-genes.long",
            "real",
            True,
        )


class TestMeasure:
    @pytest.mark.parametrize(
        ("value", "plain"),
        [
            (np.float32(0.5), 0.5),
            (np.float64(0.1), 0.1),
            (np.int64(3), 3),
            (np.bool_(True), True),
            (True, True),
            (7, 7),
            ("word", "word"),
            (np.str_("word"), "word"),
            (Fraction(1, 2), 0.5),
        ],
    )
    def test_a_value_is_kept_as_json_can_say_it(self, page, value, plain):
        assert page.measure("key", value) == plain
        assert type(page.values["key"]) is type(plain)
        assert json.loads(json.dumps(page.values)) == {"key": plain}

    @pytest.mark.parametrize("value", [None, [1], {"a": 1}, np.zeros(2), pd.NA, object(), 1j])
    def test_what_is_neither_number_nor_word_is_refused_by_key(self, page, value):
        with pytest.raises(
            ParameterError, match=f"'key' must be a number or a word, but came as {type(value).__name__}"
        ):
            page.measure("key", value)

        assert page.values == {}

    def test_a_key_is_measured_once(self, page):
        page.measure("key", 1)

        with pytest.raises(ParameterError, match=r"'key' is measured twice in maize/01-cells"):
            page.measure("key", 1)

    @pytest.mark.parametrize("for_book", [True, False])
    def test_a_value_is_glued_where_the_book_finds_it_and_shows_nothing(self, page, run, shown, for_book):
        opened = run("01-cells", dict(CELLS)) if for_book else page

        opened.measure("auroc.pair", 0.1 + 0.2)

        prefix = "application/papermill.record/"
        empty = {} if for_book else {"text/html": ""}  # VS Code has no renderer for the other kind
        assert shown == [
            (
                {prefix + "text/plain": "0.30000000000000004"} | empty,
                {"scrapbook": {"name": "auroc.pair", "mime_prefix": prefix}},
            )
        ]

    @pytest.mark.parametrize("make", [dict, pd.Series])
    def test_many_values_take_their_prefix(self, page, make):
        page.measure_all(make({"sum": 3, "mean": 1.5}))
        page.measure_all(make({"sum": 4}), prefix="twice")

        assert page.values == {"sum": 3, "mean": 1.5, "twice.sum": 4}

    def test_a_table_is_measured_row_by_row_under_slugs_and_without_gaps(self, page):
        data = pd.DataFrame(
            {
                "split": ["pair", "pair", "both"],
                "method": ["one-hot names, logistic", "TIGRESS (2012)", "one-hot names, logistic"],
                "auroc": [0.9, 0.5, np.nan],
                "n": [10, 20, 30],
            }
        )

        page.measure_table(data, by=["split", "method"], values=["auroc", "n"])

        assert page.values == {
            "auroc.pair.one-hot-names-logistic": 0.9,
            "n.pair.one-hot-names-logistic": 10,
            "auroc.pair.tigress-2012": 0.5,
            "n.pair.tigress-2012": 20,
            "n.both.one-hot-names-logistic": 30,
        }

    def test_columns_may_come_from_a_generator(self, page):
        data = pd.DataFrame({"method": ["a", "b"], "auroc": [0.9, 0.5]})

        page.measure_table(data, by=(name for name in ["method"]), values=(name for name in ["auroc"]))

        assert page.values == {"auroc.a": 0.9, "auroc.b": 0.5}

    def test_rows_that_would_share_a_key_are_refused(self, page):
        data = pd.DataFrame({"method": ["A+B", "a b"], "auroc": [0.9, 0.5]})

        with pytest.raises(ParameterError, match=r"'auroc\.a-b' is measured twice"):
            page.measure_table(data, by=["method"], values=["auroc"])


class TestFigureAndTable:
    def test_a_reader_in_jupyter_sees_the_picture_with_its_alt_text(self, page, shown, drawn):
        page.figure(drawn, "heights", caption="Heights.")

        (content, _), (caption, _) = shown
        assert content["image"] == (page.folder / "figures/heights.png").read_bytes()
        assert caption == {"markdown": "Heights."}

    def test_a_figure_of_constant_data_is_a_sentence_and_no_figure(self, page, shown):
        page.figure(
            charts.dots(pd.DataFrame({"v": [1.0, 1.0], "m": ["a", "b"]}), "v", "m"), "same", caption="C."
        )

        assert "No figure is drawn: all 2 values of v are 1." in said(shown)
        assert page.shown["figures"] == []

    def test_a_run_leaves_a_directive_and_no_picture_in_the_notebook(self, run, shown, drawn):
        opened = run("01-cells", CELLS)
        opened.figure(drawn._replace(alt=f"  {ALT}\n"), "heights", caption="Heights.")

        assert f':name: demo-maize-01-cells-heights\n:alt: "{ALT}"\n' in said(shown)
        assert opened.shown["figures"] == [
            {"id": "heights", "caption": "Heights.", "alt": ALT, "label": "demo-maize-01-cells-heights"}
        ]
        assert {p.suffix for p in (opened.folder / "figures").iterdir()} == {".svg", ".png", ".csv"}

    def test_labels_tell_pages_and_profiles_apart(self, run, drawn):
        labels = set()
        for page, profile in (("short", "demo"), ("long", "demo"), ("long", "real")):
            opened = run("02-genes", GENES, page=page, profile=profile)
            opened.figure(drawn, "heights", caption="Heights.")
            labels.add(opened.shown["figures"][0]["label"])

        assert labels == {
            "demo-maize-02-genes-short-heights",
            "demo-maize-02-genes-long-heights",
            "real-maize-02-genes-long-heights",
        }

    def test_a_figure_without_words_is_refused_and_not_saved(self, page, drawn):
        with pytest.raises(ParameterError, match="alt text of figure heights"):
            page.figure(drawn._replace(alt="a chart"), "heights", caption="Heights.")

        assert not (page.folder / "figures").exists()

    def test_two_that_share_a_name_are_refused(self, page, drawn):
        page.figure(drawn, "heights", caption="Heights.")

        with pytest.raises(ParameterError, match="shows 'heights' twice"):
            page.figure(drawn, "heights", caption="Heights.")
        with pytest.raises(ParameterError, match="shows 'heights' twice"):
            page.table(drawn.table, "heights", caption="Heights.")

    @pytest.mark.parametrize("name", ["", "a b", "a/b", "../a", "A", "a_b", "a.b", "-a", "a-", "a--b", "ä"])
    def test_a_name_that_files_cannot_bear_is_refused(self, page, drawn, name):
        with pytest.raises(ParameterError, match="must be small letters, digits and hyphens"):
            page.figure(drawn, name, caption="Heights.")
        with pytest.raises(ParameterError, match="must be small letters, digits and hyphens"):
            page.table(drawn.table, name, caption="Heights.")

    def test_a_table_is_shown_and_saved(self, page, shown):
        page.table(pd.DataFrame({"way": ["sum"], "n": [3.5]}), "counted", caption="Counts.")

        assert '<td style="text-align:right">3.500</td>' in said(shown)
        assert (page.folder / "tables/counted.csv").read_text() == "way,n\nsum,3.5\n"

    def test_a_sentence_stands_in_a_box_and_a_warning_in_one_that_warns(self, run, shown):
        page = run("01-cells", CELLS)
        page.say("Names carry most of it.")
        page.say("WARNING: too few pairs")

        assert said(shown) == ("```{note}\nNames carry most of it.\n```\n```{warning}\ntoo few pairs\n```")

    def test_jupyter_shows_boxes_as_boxes(self, page, shown):
        page.say("WARNING: too few <b>pairs</b>")

        assert "Warning.</strong> too few &lt;b&gt;pairs&lt;/b&gt;</div>" in said(shown)
        assert "```" not in said(shown)

    def test_an_artifact_has_its_folder(self, page):
        path = page.artifact("deep/drawn.csv")

        assert path == page.folder / "artifacts/deep/drawn.csv"
        assert path.parent.is_dir()


class TestUpstream:
    @pytest.fixture
    def finished_cells(self, tiny) -> Path:
        folder = places.runs() / "demo/maize/01-cells"
        write_json(folder / "record.json", {"values": {"cells": 5}})
        write_text(folder / "artifacts/drawn.csv", "1\n")
        return folder

    def test_a_finished_page_gives_its_record_and_files(self, run, finished_cells):
        (cells,) = run("02-genes", GENES, page="short").upstream("01-cells")

        assert (cells.page, cells.folder, cells.record) == ("", finished_cells, {"values": {"cells": 5}})
        assert cells.artifact("drawn.csv") == finished_cells / "artifacts/drawn.csv"

    def test_a_page_that_has_not_run_names_its_command_in_the_same_profile(self, run, finished_cells):
        with pytest.raises(RunError, match=r"reread run maize/01-cells --profile real") as caught:
            run("02-genes", GENES, page="short", profile="real", is_after=False)

        assert caught.value.exit_code == 9

    @pytest.fixture
    def real_studies(self, tmp_path, monkeypatch) -> dict:
        """Parameters of a page of networks that builds on another, with an empty folder of runs."""
        monkeypatch.setenv("REREAD_RUNS", str(tmp_path / "runs"))
        return dict(pages.page("networks/03-baselines-and-nulls.simulated").parameters)

    @pytest.mark.parametrize(
        ("change", "option"),
        [({"seed": 7}, " -p seed=7"), ({"negatives": "matched"}, " -p negatives=matched"), ({}, "")],
    )
    def test_the_upstream_page_to_run_is_named_before_any_work(self, real_studies, shown, change, option):
        with pytest.raises(RunError) as caught:
            chapter.open_page("networks/03-baselines-and-nulls", real_studies | change)

        assert f"Run:  reread run networks/02-deeptgi.simulated --profile demo{option}" in str(caught.value)
        assert str(caught.value).count("Run:  ") == 1
        assert not (places.runs() / "scratch").exists()

    def test_one_upstream_page_is_named_where_any_would_do(self, real_studies, shown, monkeypatch):
        monkeypatch.setenv("REREAD_PROFILE", "real")
        monkeypatch.setenv("REREAD_PAGE", "mhsc-l")
        given = pages.page("networks/03-baselines-and-nulls.mhsc-l", "real").parameters

        with pytest.raises(RunError) as caught:
            chapter.open_page("networks/03-baselines-and-nulls", dict(given) | {"seed": 7})

        assert str(caught.value).count("Run:  ") == 1
        assert "reread run networks/02-deeptgi.mhsc-l --profile real -p seed=7" in str(caught.value)

    def test_a_run_with_the_same_shared_parameters_is_found_where_p_keeps_it(self, real_studies, shown):
        for seed, folder in (
            (0, "demo/networks/02-deeptgi.simulated"),
            (7, "custom/networks/02-deeptgi.simulated-0123abcd"),
        ):
            record = pages.page("networks/02-deeptgi.simulated").parameters | {"seed": seed, "latent": 30}
            write_json(places.runs() / folder / "record.json", {"parameters": record})

        page = chapter.open_page("networks/03-baselines-and-nulls", real_studies | {"seed": 7})

        (found,) = page.upstream("02-deeptgi")
        assert found.folder == places.runs() / "custom/networks/02-deeptgi.simulated-0123abcd"

    def test_parameters_that_only_share_a_name_need_not_agree(self, real_studies, shown):
        params = pages.page("maize/04-cluster-comparison.simulated").parameters
        for key in ("simulated", "small-effects"):
            ref = pages.page(f"maize/03-shap-genes.{key}")
            write_json(ref.folder / "record.json", {"parameters": ref.parameters})

        page = chapter.open_page("maize/04-cluster-comparison", dict(params) | {"n_null": 50, "top_k": 5})

        assert [up.page for up in page.upstream("03-shap-genes")] == ["simulated"]

    @pytest.mark.parametrize(
        ("key", "near"), [("01-cels", "Did you mean '01-cells'?"), ("02-genes", "Known: 01-cells.")]
    )
    def test_a_chapter_that_the_record_does_not_need_is_refused(self, run, finished_cells, key, near):
        with pytest.raises(ParameterError) as caught:
            run("02-genes", GENES, page="short").upstream(key)

        assert near in str(caught.value)


class TestClose:
    def test_a_page_that_measured_nothing_is_hollow(self, run):
        opened = run("01-cells", CELLS)

        with pytest.raises(RunError, match="maize/01-cells measured nothing") as caught:
            opened.close()

        assert caught.value.exit_code == 9
        assert not (opened.folder / "measured.json").exists()

    def test_what_was_measured_is_written_with_everything_the_kernel_knows(self, run, drawn, monkeypatch):
        monkeypatch.delitem(sys.modules, "torch", raising=False)
        opened = run("01-cells", CELLS | {"seed": 3}, profile="real")
        opened.measure("cells", 5)
        opened.figure(drawn, "heights", caption="Heights.")
        opened.artifact("deep/b.csv").write_text("b")
        opened.artifact("a.csv").write_text("a")
        opened.close()

        written = read_json(opened.folder / "measured.json")
        cost = written.pop("cost")
        assert [entry["id"] for entry in written.pop("figures")] == ["heights"]
        assert [entry["id"] for entry in written.pop("tables")] == ["checks"]
        assert written == {
            "schema": 1,
            "study": "maize",
            "chapter": "01-cells",
            "page": "",
            "profile": "real",
            "scope": "simulated",
            "parameters": CELLS | {"seed": 3},
            "values": {"cells": 5},
            "artifacts": ["a.csv", "deep/b.csv"],
            "data": [],
            "device": "cpu",
        }
        assert cost["cpu_s"] >= 0
        assert cost["peak_mb"] > 1

    def test_data_that_were_read_are_in_the_record(self, run):
        opened = run("02-genes", {"source": "field", "ways": "sum"}, page="short", profile="real")
        opened.measure("sum", len(registry.fetch("maize/plants").read_text()))
        opened.close()

        (read,) = read_json(opened.folder / "measured.json")["data"]
        assert (read["key"], read["bytes"], read["pinned_on_first_use"]) == ("maize/plants", 17, False)

    @pytest.mark.parametrize(("n", "outcome"), [(5, "passed"), (6, "failed")])
    def test_planted_truth_is_shown_with_its_bounds_and_outcome(self, run, shown, n, outcome):
        opened = run("01-cells", CELLS)
        opened.measure("cells", n)
        opened.close()

        row = (opened.folder / "tables/checks.csv").read_text().splitlines()[1]
        assert row == f"m1,as many cells as asked for,5,5,{n},{outcome}"
        assert f"| {outcome} |" in said(shown)

    def test_planted_truth_that_was_not_measured_says_so(self, run):
        opened = run("01-cells", CELLS)
        opened.measure("other", 1)
        opened.close()

        assert (opened.folder / "tables/checks.csv").read_text().rstrip().endswith("not measured")

    @pytest.mark.parametrize(("source", "is_shown"), [("planted", True), ("field", False)])
    def test_planted_truth_is_asked_of_simulated_data_only(self, run, tiny, source, is_shown):
        record = tiny / "chapters/maize/study.yml"
        asked = "answered_by: {chapter: 02-genes, page: short, key: sum}, min: 5"
        whole = record.read_text()
        record.write_text(whole.replace("answered_by: {chapter: 01-cells, key: cells}, min: 5", asked))
        opened = run("02-genes", {"source": source, "ways": "sum"}, page="short")
        opened.measure("sum", 5)
        opened.close()

        assert (opened.folder / "tables/checks.csv").is_file() == is_shown

    @pytest.mark.parametrize(
        ("source", "value", "word"),
        [
            ("planted", 15.0, "not tested"),
            ("field", 15.0, "reproduced on a subset"),
            ("field", 15.9, "close"),
            ("field", 19.0, "not reproduced"),
        ],
    )
    def test_a_claim_is_judged_by_the_data_that_were_used_whatever_the_profile_says(
        self, run, source, value, word
    ):
        opened = run("02-genes", {"source": source, "ways": "sum"}, page="short")
        opened.measure("sum", value)
        opened.close()

        row = (opened.folder / "tables/verdicts.csv").read_text().splitlines()[1]
        assert row.split(",")[:5] == ["M1", "plants grow", "15", f"{value:g}", word]

    def test_another_table_in_the_place_of_the_published_one_answers_no_claim(self, run, tiny):
        record = tiny / "data/datasets.yml"
        record.write_text(re.sub(r"sha256: \w+, ", "", record.read_text()))
        (tiny / "data/maize/plants.csv").write_bytes(b"height\n15\n")
        registry.forget_used()
        opened = run("02-genes", {"source": "field", "ways": "sum"}, page="short")
        registry.fetch("maize/plants")
        opened.measure("sum", 15.0)
        opened.close()
        registry.forget_used()

        assert read_json(opened.folder / "measured.json")["scope"] == "own"
        assert "own data cannot answer it" in (opened.folder / "tables/verdicts.csv").read_text()

    def test_a_page_that_no_claim_asks_shows_no_table_of_verdicts(self, run):
        opened = run("02-genes", GENES, page="long")
        opened.measure("sum", 15.0)
        opened.close()

        assert not (opened.folder / "tables").exists()

    def test_checkpoints_bear_the_stale_key_and_end_with_the_run(self, run, tiny):
        opened = run("01-cells", CELLS)
        opened.checkpoints.mkdir(parents=True)
        (opened.checkpoints / "epoch-3").write_text("half way")
        opened.measure("cells", 5)

        assert opened.checkpoints == tiny / ".reread/checkpoints/abababababababab"
        opened.close()
        assert not opened.checkpoints.exists()

    def test_without_a_runner_checkpoints_lie_in_the_scratch_folder(self, page):
        assert page.checkpoints == page.folder / "checkpoints"
