from __future__ import annotations

import json
import shutil

import pytest
from reread.book.status import claims as ledger
from reread.book.status import staleness as stale
from reread.book.status.run_record import RunRecord
from reread.core.files import read_json
from reread.pages import page


def answer(root, profile: str, *, value: float, scope: str, is_fresh: bool = True) -> None:
    """Pretend that a profile has measured the sum of the tiny study."""
    ref = page("maize/02-genes.short", profile)
    if not ref.folder.exists():
        shutil.copytree(page("maize/02-genes.short", "demo").folder, ref.folder)
    record = read_json(ref.folder / "record.json")
    fields = stale.Status().fields(ref) | ({} if is_fresh else {"lock": "other"})
    record |= {"values": {"sum": value}, "scope": scope, "profile": profile, "parameters": ref.parameters}
    RunRecord.seal(ref.folder, record | {"stale": {"key": stale.key(fields), "fields": fields}})


def test_simulated_data_never_answer_a_published_claim(finished):
    (row,) = ledger.ledger()

    assert row.verdict.word == "not tested"
    assert "simulated data cannot answer it" in row.verdict.reason


def test_the_highest_profile_that_can_answer_does(finished):
    answer(finished, "real", value=15.2, scope="subset")
    answer(finished, "paper", value=15.9, scope="subset")

    (row,) = ledger.ledger("maize")

    assert (row.page.profile, row.verdict.word, row.verdict.ours) == ("paper", "close", 15.9)


def test_a_fresh_run_answers_before_a_stale_one_of_a_higher_profile(finished):
    answer(finished, "real", value=15.2, scope="subset")
    answer(finished, "paper", value=15.9, scope="subset", is_fresh=False)

    (row,) = ledger.ledger()

    assert (row.page.profile, row.verdict.word) == ("real", "reproduced on a subset")


CHECK_ON_REAL_DATA = """\
  - {id: N1, says: as measured before, scope: subset,
     answered_by: {chapter: 02-genes, page: short, key: sum}, min: 15, max: 15.5}
"""


def test_a_claim_whose_only_answer_is_stale_is_stale(finished):
    answer(finished, "real", value=15.2, scope="subset", is_fresh=False)

    assert [row.verdict.word for row in ledger.ledger()] == ["outdated"]


def test_without_a_run_nothing_is_asked(tiny):
    (row,) = ledger.ledger()

    assert (row.verdict.word, row.page) == ("not tested", None)
    assert ledger.checks()[0].outcome == "not measured"


@pytest.mark.parametrize(
    "text", ["", "[]", '{"values": 3, "scope": "full"}', '{"values": {"sum": 15}, "scope": "moon"}', "{"]
)
def test_a_record_that_is_none_answers_nothing_and_stops_nobody(tiny, text):
    folder = tiny / "runs/real/maize/02-genes.short"
    folder.mkdir(parents=True)
    (folder / "record.json").write_text(text)

    (row,) = ledger.ledger()

    assert row.verdict.word == "not tested"


def test_a_word_answers_nothing(finished):
    answer(finished, "real", value="15", scope="subset")

    (row,) = ledger.ledger()

    assert row.verdict.word == "not tested"


def test_planted_truth_holds_fails_or_is_stale_by_the_record_of_the_demo(finished):
    assert [row.outcome for row in ledger.checks()] == ["passed"]

    folder = page("maize/01-cells").folder
    record = read_json(folder / "record.json")
    RunRecord.seal(folder, record | {"values": record["values"] | {"cells": 6}})
    assert [row.outcome for row in ledger.checks()] == ["failed"]

    (finished / "requirements.lock").write_text("numpy==2.1\n")
    assert [row.outcome for row in ledger.checks()] == ["outdated"]


def test_a_check_of_our_own_on_real_data_is_judged_by_a_run_on_such_data(finished):
    study = finished / "chapters/maize/study.yml"
    study.write_text(study.read_text() + CHECK_ON_REAL_DATA)
    assert [row.outcome for row in ledger.checks()][1] == "not measured"

    answer(finished, "real", value=15.2, scope="subset")

    row = ledger.checks()[1]
    assert (row.outcome, row.ours, row.page.profile) == ("passed", 15.2, "real")


def test_nan_fails_in_the_ledger_as_on_the_page(finished):
    folder = page("maize/01-cells").folder
    record = read_json(folder / "record.json")
    RunRecord.seal(folder, record | {"values": record["values"] | {"cells": float("nan")}})
    answer(finished, "real", value=float("nan"), scope="subset")

    assert [row.outcome for row in ledger.checks()] == ["failed"]
    assert [row.verdict.word for row in ledger.ledger()] == ["not reproduced"]


def test_a_value_altered_by_hand_answers_nothing_and_the_reason_says_so(finished):
    answer(finished, "real", value=15.2, scope="subset")
    path = page("maize/02-genes.short", "real").folder / "record.json"
    path.write_text(path.read_text().replace("15.2", "15.0"))

    (row,) = ledger.ledger()

    assert (row.verdict.word, row.verdict.ours) == ("not tested", None)
    assert "maize/02-genes.short is altered: values in record.json" in row.verdict.reason


def test_a_scope_that_the_study_does_not_give_is_not_believed(finished):
    answer(finished, "real", value=15.0, scope="full")

    (row,) = ledger.ledger()

    assert row.verdict.word == "outdated"
    assert stale.Status().state(page("maize/02-genes.short", "real")).moved == ["scope"]


def test_the_text_gives_verdict_reason_and_page(finished):
    answer(finished, "real", value=15.2, scope="subset")

    text = ledger.as_text(ledger.ledger())

    assert text.startswith("reproduced on a subset")
    assert "off by 0.2, allowed 0.5  [maize/02-genes.short, real]" in text
    assert text.endswith("1 reproduced on a subset")


def test_the_json_holds_what_a_program_asks_for(finished):
    answer(finished, "real", value=15.2, scope="subset")

    (row,) = json.loads(ledger.as_json(ledger.ledger()))

    assert row["id"] == "M1"
    assert row["published"] == 15
    assert row["ours"] == 15.2
    assert row["verdict"] == "reproduced on a subset"
    assert row["profile"] == "real"
    assert row["tolerance"] == {"rule": "absolute", "value": 0.5, "why": "counted by hand"}


def test_a_file_that_is_not_the_published_one_makes_a_claim_unanswered_whatever_the_record_says(finished):
    answer(finished, "real", value=15.2, scope="subset")
    folder = page("maize/02-genes.short", "real").folder
    read = {"key": "maize/plants", "sha256": "0" * 64, "bytes": 17, "pinned_on_first_use": False}
    content = read_json(folder / "record.json")
    stale_of = content["stale"]["fields"] | {"data maize/plants": "0" * 64}
    content |= {"data": [read], "stale": {"key": stale.key(stale_of), "fields": stale_of}}
    RunRecord.seal(folder, content)

    (row,) = ledger.ledger()

    assert row.verdict.word not in ("reproduced", "close", "outdated")
