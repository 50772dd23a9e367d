"""What differs from the committed reference is said value by value, and nothing to compare never passes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from reread.book.status import regression as compare
from reread.book.status import staleness as stale
from reread.book.status.regression import Reference
from reread.book.status.run_record import RunRecord
from reread.core.errors import ParameterError, RunError
from reread.core.files import read_json, write_json
from reread.pages import page


@pytest.fixture
def home(finished) -> Path:
    """A checkout whose runs are the reference."""
    compare.write("demo")
    return finished


def reference(home: Path) -> Path:
    return home / "chapters/maize/reference/demo.json"


def change(path: Path, *keys: str, to: object) -> None:
    """Set one entry of a JSON file: ``change(path, "values", "sum", to=3.0)``."""
    whole = entry = read_json(path)
    for key in keys[:-1]:
        entry = entry[key]
    assert keys[-1] not in entry or entry[keys[-1]] != to, "the change would change nothing"
    entry[keys[-1]] = to
    if path.name == "record.json":
        RunRecord.seal(path.parent, whole)
    else:
        write_json(path, whole)


def value_of(home: Path, name: str, key: str) -> float:
    return read_json(page(name).folder / "record.json")["values"][key]


def record_of(name: str) -> Path:
    return page(name).folder / "record.json"


def test_runs_equal_their_own_reference(home):
    report = compare.compare("demo")

    assert (report.exit_code, report.drifted, report.changed) == (0, (), ())
    assert report.text() == (
        "6 values and 2 verdicts of demo compared: 0 verdicts changed, 0 other differences."
    )


def test_the_reference_holds_values_by_page_verdicts_and_checks(home):
    held = read_json(reference(home))

    assert held["verdicts"] == {"M1": "not tested"}
    assert held["checks"] == {"m1": "passed"}
    assert held["pages"]["01-cells"]["mean"] == value_of(home, "maize/01-cells", "mean")
    assert list(held["pages"]) == ["01-cells", "02-genes.long", "02-genes.short"]


def test_writing_twice_gives_equal_bytes(home):
    before = reference(home).read_bytes()
    compare.write("demo", "maize")

    assert reference(home).read_bytes() == before


def test_a_value_that_drifted_is_named_with_its_reference_and_what_was_allowed(home):
    now = value_of(home, "maize/02-genes.short", "sum")
    change(record_of("maize/02-genes.short"), "values", "sum", to=now * (1 + 1e-5))

    report = compare.compare("demo")

    assert report.exit_code == 9
    (line,) = report.drifted
    assert line.startswith(f"maize/02-genes.short  sum  reference {now!r}  now {now * (1 + 1e-5)!r}  off by ")
    assert line.endswith("(the default)")
    assert report.text().endswith("run:  reread compare --profile demo --write")


def test_a_value_off_by_less_than_the_default_has_not_drifted(home):
    now = value_of(home, "maize/02-genes.short", "sum")
    change(record_of("maize/02-genes.short"), "values", "sum", to=now * (1 + 1e-7))

    assert compare.compare("demo").exit_code == 0


RULES = [
    ({"pattern": "su*", "relative": 0.1, "why": "threads"}, 0),
    ({"pattern": "02-genes.short/su*", "relative": 0.1, "why": "threads"}, 0),
    ({"pattern": "su*", "absolute": 1.0, "why": "threads"}, 0),
    ({"pattern": "su*", "relative": 0.0501, "why": "threads"}, 0),
    ({"pattern": "su*", "relative": 0.0499, "why": "threads"}, 9),
    ({"pattern": "02-genes.long/su*", "relative": 0.1, "why": "another page"}, 9),
    ({"pattern": "mean", "relative": 0.1, "why": "another value"}, 9),
]


@pytest.mark.parametrize(("rule", "code"), RULES)
def test_a_tolerance_holds_for_the_values_it_fits(home, rule, code):
    now = value_of(home, "maize/02-genes.short", "sum")
    change(record_of("maize/02-genes.short"), "values", "sum", to=now * 1.05)
    change(reference(home), "tolerances", to=[rule])

    assert compare.compare("demo").exit_code == code


def test_the_first_rule_that_fits_counts(home):
    now = value_of(home, "maize/02-genes.short", "sum")
    change(record_of("maize/02-genes.short"), "values", "sum", to=now * 1.05)
    rules = [{"pattern": "sum", "relative": 0, "why": "exact"}, {"pattern": "*", "relative": 1, "why": "any"}]
    change(reference(home), "tolerances", to=rules)

    assert [line.split("(")[1] for line in compare.compare("demo").drifted] == ["exact)"]


def test_a_tolerance_that_fits_no_value_is_a_difference(home):
    change(reference(home), "tolerances", to=[{"pattern": "summ", "relative": 0.1, "why": "misspelt"}])

    report = compare.compare("demo")

    assert report.exit_code == 9
    assert "tolerance 'summ' in chapters/maize/reference/demo.json fits no value" in report.text()


def test_tolerances_are_kept_when_the_reference_is_written_anew(home):
    rules = [{"pattern": "sum", "relative": 1e-06, "why": "threads"}]
    change(reference(home), "tolerances", to=rules)
    compare.write("demo")

    assert read_json(reference(home))["tolerances"] == rules


WRONG_RULES = [
    ({"pattern": "*", "why": "neither"}, "needs either absolute or relative"),
    ({"pattern": "*", "absolute": 1, "relative": 1, "why": "both"}, "needs either absolute or relative"),
    ({"pattern": "*", "relative": -1, "why": "less than nothing"}, "greater than or equal to 0"),
    ({"pattern": "*", "relative": float("inf"), "why": "anything goes"}, "finite number"),
    ({"pattern": "*", "relative": 1, "why": ""}, "at least 1 character"),
    ({"pattern": "*", "relativ": 1, "why": "misspelt"}, "Did you mean 'relative'?"),
]


@pytest.mark.parametrize(("rule", "says"), WRONG_RULES)
def test_a_wrong_tolerance_names_file_and_line(home, rule, says):
    change(reference(home), "tolerances", to=[rule])

    with pytest.raises(ParameterError, match=r"demo.json, line \d+: tolerances.0") as caught:
        compare.compare("demo")

    assert says in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"tolerances": []}'])
def test_a_reference_that_is_none_is_refused(home, text):
    reference(home).write_text(text)

    with pytest.raises(ParameterError, match=r"demo\.json"):
        compare.compare("demo")


def test_a_changed_verdict_outranks_a_drifted_value(home):
    record = record_of("maize/02-genes.short")
    change(record, "values", "sum", to=15.2)
    change(reference(home), "verdicts", to={"M1": "close"})

    report = compare.compare("demo")

    assert report.exit_code == 10
    assert report.changed == ("maize  verdict M1  reference close  now not tested",)
    assert len(report.drifted) == 1


def test_a_changed_planted_outcome_counts_as_a_verdict(home):
    change(record_of("maize/01-cells"), "values", "cells", to=6)

    report = compare.compare("demo")

    assert report.exit_code == 10
    assert report.changed == ("maize  check m1  reference passed  now failed",)


@pytest.mark.parametrize("kind", ["verdicts", "checks"])
def test_a_verdict_that_came_or_went_has_changed(home, kind):
    change(reference(home), kind, to={"gone": "passed"})

    report = compare.compare("demo")

    assert report.exit_code == 10
    assert [line.split("  ")[2:] for line in report.changed if " gone " in line] == [
        ["reference passed", "now none"]
    ]


def test_a_value_that_came_or_went_is_a_difference(home):
    held = read_json(reference(home))
    held["pages"]["01-cells"]["heads"] = held["pages"]["01-cells"].pop("mean")
    write_json(reference(home), held)

    report = compare.compare("demo")

    assert report.exit_code == 9
    assert "01-cells  heads  is not measured any more" in report.text()
    assert "01-cells  mean  is not in the reference" in report.text()


@pytest.mark.parametrize(
    ("before", "now", "is_equal"),
    [
        (None, None, True),
        (1.0, None, False),
        (None, 1.0, False),
        (3e-15, -8e-15, True),
        (407, 408, False),
        (407.0, 408.0, False),
        (0.0, 0.0, True),
        (0.0, 1e-8, False),
        (1, 1.0, True),
        (1, True, False),
        ("a", "a", True),
        ("a", "b", False),
        ("1", 1, False),
    ],
)
def test_values_of_every_kind_are_compared(before, now, is_equal):
    held = Reference(pages={"a": {"b": before}})

    assert (held.difference("a", "b", now) == "") is is_equal


def test_nan_and_tiny_numbers_survive_the_file(home):
    record = record_of("maize/01-cells")
    change(record, "values", "mean", to=float("nan"))
    change(record, "values", "cells", to=1e-06)
    compare.write("demo")

    assert compare.compare("demo").exit_code == 0
    assert json.loads(reference(home).read_text())["pages"]["01-cells"]["cells"] == 1e-06


def test_a_page_that_did_not_run_is_a_difference(home):
    record_of("maize/02-genes.long").unlink()

    report = compare.compare("demo")

    assert report.exit_code == 9
    assert "maize/02-genes.long cannot be compared, its run is hollow" in report.text()


def test_a_verdict_is_not_changed_by_a_page_that_did_not_run(home):
    change(reference(home), "verdicts", to={"M1": "close"})
    change(reference(home), "checks", to={"m1": "failed"})
    assert len(compare.compare("demo").changed) == 2, "both words differ while the pages are fresh"
    record_of("maize/02-genes.short").unlink()
    record_of("maize/01-cells").unlink()

    report = compare.compare("demo")

    assert (report.exit_code, report.changed) == (9, ())


def test_a_stale_page_is_not_compared(home):
    (home / "requirements.lock").write_text("numpy==2.1\n")

    report = compare.compare("demo")

    assert report.exit_code == 9
    assert "maize/01-cells cannot be compared, its run is stale: lock" in report.text()


def test_pages_that_came_or_went_are_differences(home):
    held = read_json(reference(home))
    held["pages"]["03-leaves"] = held["pages"].pop("01-cells")
    write_json(reference(home), held)

    text = compare.compare("demo").text()

    assert "maize/03-leaves is in chapters/maize/reference/demo.json, but is no page any more" in text
    assert "maize/01-cells has no value in chapters/maize/reference/demo.json" in text


def test_without_a_reference_nothing_passes(finished):
    report = compare.compare("demo")

    assert report.exit_code == 9
    assert "maize has no reference for demo: chapters/maize/reference/demo.json" in report.text()


def test_an_empty_reference_does_not_pass(home):
    write_json(reference(home), {"pages": {}, "verdicts": {}, "checks": {}})

    assert compare.compare("demo").exit_code in (9, 10)
    assert "There was no value of demo to compare." in compare.compare("demo").text()


def test_a_profile_without_pages_does_not_pass(tiny):
    record = tiny / "chapters/maize/study.yml"
    text = record.read_text().replace("{title: the", "{profiles: [demo], title: the")
    only = "    question: How many cells are there?\n    pages: {all: {title: all, profiles: [demo]}}\n"
    text = text.replace("    question: How many cells are there?\n", only)
    record.write_text(text.replace("{chapter: 01-cells, key", "{chapter: 01-cells, page: all, key"))

    assert compare.compare("real").exit_code == 9
    with pytest.raises(RunError, match="the book has no page in real"):
        compare.write("real")


def test_only_fresh_pages_make_a_reference(home):
    before = reference(home).read_bytes()
    record_of("maize/02-genes.long").unlink()

    with pytest.raises(RunError, match=r"(?s)02-genes\.long  hollow.*reread build") as caught:
        compare.write("demo")

    assert caught.value.exit_code == 9
    assert reference(home).read_bytes() == before


def test_an_unknown_study_is_refused(home):
    with pytest.raises(ParameterError, match="Did you mean 'maize'"):
        compare.compare("demo", "maise")


# tolerances that are measured


@pytest.fixture
def others(home) -> list[Path]:
    """Folders of runs of today's code, as other kernels could have made them."""
    folders = [home / "haswell", home / "sse"]
    for folder in folders:
        shutil.copytree(home / "runs", folder)
    return folders


def moved(folder: Path, name: str, key: str, to: float) -> None:
    change(folder / "demo" / name / "record.json", "values", key, to=to)


def test_a_tolerance_is_a_multiple_of_the_largest_difference_between_kernels(home, others):
    now = value_of(home, "maize/02-genes.short", "sum")
    moved(others[0], "maize/02-genes.short", "sum", to=now + 0.01)
    moved(others[1], "maize/02-genes.short", "sum", to=now - 0.02)

    report = compare.spread("demo", others)

    held = read_json(reference(home))
    assert report.exit_code == 0
    assert held["measured"] == {"02-genes.short": {"sum": pytest.approx(0.061)}}
    assert [name.partition(" ")[0] for name in held["kernels"]] == ["haswell", "sse"]
    assert "OMP_NUM_THREADS=1" in held["kernels"][0], "the record says by what the kernels were chosen"
    change(record_of("maize/02-genes.short"), "values", "sum", to=now + 0.06)
    assert compare.compare("demo").exit_code == 0
    change(record_of("maize/02-genes.short"), "values", "sum", to=now + 0.07)
    assert "allowed 0.061 (3 times the spread over 2 sets of kernels)" in compare.compare("demo").text()


def test_a_count_that_a_kernel_moves_gets_a_tolerance_and_one_that_none_moves_stays_exact(home, others):
    moved(others[1], "maize/01-cells", "cells", to=6)
    change(reference(home), "checks", to={})

    compare.spread("demo", others)

    held = read_json(reference(home))["measured"]
    assert held == {"01-cells": {"cells": 3.0}}


def test_a_spread_within_its_rule_changes_nothing(home, others):
    change(reference(home), "tolerances", to=[{"pattern": "su*", "absolute": 1.0, "why": "threads"}])
    now = value_of(home, "maize/02-genes.short", "sum")
    moved(others[0], "maize/02-genes.short", "sum", to=now + 0.2)

    compare.spread("demo", others)

    assert read_json(reference(home))["measured"] == {}


def test_measured_tolerances_are_kept_when_a_reference_is_written_anew(home, others):
    moved(others[0], "maize/01-cells", "mean", to=1.0)
    compare.spread("demo", others)
    before = read_json(reference(home))

    compare.write("demo")

    assert read_json(reference(home)) == before


def test_an_outcome_that_a_kernel_decides_is_named_with_the_kernel(home, others):
    moved(others[1], "maize/01-cells", "cells", to=6)

    report = compare.spread("demo", others)

    assert report.exit_code == 10
    (line,) = report.changed
    assert line.startswith("maize  check m1  reference passed  now failed  with sse ")


def test_runs_of_other_code_measure_no_tolerance(home, others):
    (home / "requirements.lock").write_text("numpy==2.1\n")
    before = reference(home).read_bytes()

    with pytest.raises(RunError, match="Only fresh pages make a reference"):
        compare.spread("demo", others)

    assert reference(home).read_bytes() == before


def test_checks_on_simulated_data_are_not_judged_on_real_data(home):
    real = home / "runs/real/maize/02-genes.short"
    study = home / "chapters/maize/study.yml"
    check = "answered_by: {chapter: 02-genes, page: short, key: sum}, min: 5, max: 5}"
    study.write_text(
        study.read_text().replace("answered_by: {chapter: 01-cells, key: cells}, min: 5, max: 5}", check)
    )
    ref = page("maize/02-genes.short", "real")
    shutil.copytree(page("maize/02-genes.short").folder, real)
    fields = stale.Status().fields(ref)
    content = read_json(real / "record.json") | {"profile": "real", "parameters": ref.parameters}
    content |= {"scope": "subset", "stale": {"key": stale.key(fields), "fields": fields}}
    RunRecord.seal(real, content)

    status = stale.Status()
    assert status.state(ref).word == "fresh"
    assert compare._outcomes(ref.study, "real", status)["checks"] == {"m1": "not measured"}


@pytest.mark.parametrize(("absolute", "n_differences"), [(0.1, 0), (0.0, 1)])
def test_words_may_change_where_the_values_behind_them_may(absolute, n_differences):
    rule = {"pattern": "a/*", "absolute": absolute, "why": "training"}
    reference = Reference.model_validate({"tolerances": [rule], "pages": {"a": {"word": "above"}}})

    assert len(list(filter(None, [reference.difference("a", "word", "below")]))) == n_differences
    assert reference.difference("a", "word", 1.0), "a number is no word"
    assert not reference.difference("a", "word", "above")
