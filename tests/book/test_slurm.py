"""The same graph on a real Slurm cluster of two nodes, which the tests start and end. Opt-in: minutes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from reread.book import workflow as graph
from reread.book.status import staleness as stale
from reread.pages import pages

sys.path.insert(0, str(Path(__file__).parent))
import slurm_cluster

PROFILE = Path(__file__).resolve().parents[2] / "workflow/profiles/slurm"
opt_in = pytest.mark.skipif(
    not os.environ.get("REREAD_SLURM"), reason="set REREAD_SLURM=1 to submit jobs to Slurm"
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[Path]:
    """Two nodes with a pretended GPU each."""
    if why := slurm_cluster.lacks():
        pytest.skip(why)
    with slurm_cluster.cluster(tmp_path_factory.mktemp("slurm")) as config:
        yield config


def build() -> graph.Report:
    return graph.build("demo", workflow_profile=str(PROFILE), say=lambda line: None)


def jobs(page: str) -> list[dict[str, str]]:
    """Every job that was submitted for a page of the test that runs, in order, as Slurm keeps it."""
    said = subprocess.run(["scontrol", "show", "jobs", "-o"], capture_output=True, text=True, check=True)
    rows = [
        dict(word.split("=", 1) for word in line.split() if "=" in word) for line in said.stdout.splitlines()
    ]
    here = os.environ["REREAD_HOME"]
    return [row for row in rows if row["Comment"].endswith(page) and row["WorkDir"].startswith(here)]


def memory_mb(job: dict[str, str]) -> float:
    number, unit = job["MinMemoryNode"][:-1], job["MinMemoryNode"][-1]
    return float(number) * {"M": 1, "G": 1024}[unit]


@pytest.mark.slow
@opt_in
def test_the_tiny_study_is_built_by_jobs_on_both_nodes(cluster, tiny):
    report = build()

    assert {row.word for row in report.rows} == {"ran"}, report.text()
    assert [str(state) for state in stale.Status().states(pages("demo")).values()] == ["fresh"] * 3
    found = [jobs(row.page.partition("/")[2]) for row in report.rows]
    assert [[job["JobState"] for job in each] for each in found] == [["COMPLETED"]] * 3
    assert {job["NodeList"] for each in found for job in each} == {"node0", "node1"}


@pytest.mark.slow
@opt_in
def test_a_page_that_fails_is_tried_twice_with_more_memory_and_later_runs_alone(cluster, tiny, chapter_of):
    full = tiny / "disk-is-full"
    full.touch()
    chapter_of("02-genes", [
        f"from pathlib import Path\nassert ways == 'sum mean' or not Path({str(full)!r}).exists(), 'no room'",
        "page.measure_all({'sum': 1.0, 'mean': 1.0})",
    ])  # fmt: skip

    report = build()

    assert {row.page: row.word for row in report.rows} == {
        "maize/01-cells": "ran", "maize/02-genes.short": "ran", "maize/02-genes.long": "failed",
    }, report.text()  # fmt: skip
    tried = jobs("02-genes.long")
    assert [job["JobState"] for job in tried] == ["FAILED", "FAILED"]
    first, second = (memory_mb(job) for job in tried)
    assert second == 2 * first
    assert "no room" in Path(report.rows[-1].note.partition("log: ")[2]).read_text()

    full.unlink()
    again = build()

    assert [row.word for row in again.rows] == ["fresh", "fresh", "ran"], again.text()
    assert [job["JobState"] for job in jobs("02-genes.long")] == ["FAILED", "FAILED", "COMPLETED"]
    assert [len(jobs(page)) for page in ("01-cells", "02-genes.short")] == [1, 1]


@pytest.mark.slow
@opt_in
def test_a_job_that_is_cancelled_is_submitted_again(cluster, tiny, chapter_of):
    hold = tiny / "hold"
    hold.touch()
    chapter_of("01-cells", [
        f"import time\nfrom pathlib import Path\nwhile Path({str(hold)!r}).exists():\n    time.sleep(0.1)",
        "page.measure_all({'cells': 1.0, 'mean': 0.0})\n"
        "import numpy as np\nnp.savetxt(page.artifact('drawn.csv'), np.ones(3))",
    ])  # fmt: skip

    def cancel() -> None:
        while not (running := [job for job in jobs("01-cells") if job["JobState"] == "RUNNING"]):
            time.sleep(0.2)
        time.sleep(2)
        hold.unlink()
        subprocess.run(["scancel", running[0]["JobId"]], check=True)

    hand = threading.Thread(target=cancel)
    hand.start()
    report = build()
    hand.join()

    assert {row.word for row in report.rows} == {"ran"}, report.text()
    assert [job["JobState"] for job in jobs("01-cells")] == ["CANCELLED", "COMPLETED"]


@pytest.mark.slow
@opt_in
def test_a_page_that_asks_for_a_gpu_gets_one(cluster, tiny):
    record = tiny / "chapters/maize/study.yml"
    study = yaml.safe_load(record.read_text())
    study["chapters"][0]["resources"] = {"demo": {"memory_gb": 2, "minutes": 5, "gpus": 1}}
    record.write_text(yaml.safe_dump(study))

    assert build().exit_code == 0

    (job,) = jobs("01-cells")
    assert "gpu:1" in job.get("TresPerNode", "") + job.get("TresPerJob", "")
    assert (memory_mb(job), job["TimeLimit"]) == (2000, "00:05:00")


def test_the_slurm_profile_asks_squeue_and_decides_nothing_by_clocks():
    """With sacct, the default, a cluster without an accounting data base never says that a job has ended."""
    settings = yaml.safe_load((PROFILE / "config.yaml").read_text())

    assert settings["slurm-status-command"] == "squeue"
    assert settings["executor"] == "slurm"
    local = yaml.safe_load((PROFILE.parent / "local/config.yaml").read_text())
    assert local.items() <= settings.items()
