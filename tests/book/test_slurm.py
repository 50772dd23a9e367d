"""The same graph on a Slurm cluster. Opt-in: it needs a cluster, and minutes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import yaml
from reread.book import workflow as graph
from reread.book.status import staleness as stale
from reread.pages import pages

PROFILE = Path(__file__).resolve().parents[2] / "workflow/profiles/slurm"


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("REREAD_SLURM"), reason="set REREAD_SLURM=1 to submit jobs to Slurm")
@pytest.mark.skipif(shutil.which("sbatch") is None, reason="there is no Slurm here: no sbatch on the path")
def test_the_tiny_study_is_built_by_slurm_jobs(tiny):
    lines: list[str] = []

    report = graph.build("demo", workflow_profile=str(PROFILE), say=lines.append)

    assert {row.word for row in report.rows} == {"ran"}, report.text()
    assert [str(state) for state in stale.Status().states(pages("demo")).values()] == ["fresh"] * 3
    submitted = (tiny / ".reread/logs/snakemake.log").read_text()
    assert submitted.count("has been submitted with SLURM jobid") == len(report.rows)


def test_the_slurm_profile_asks_squeue_and_decides_nothing_by_clocks():
    """With sacct, the default, a cluster without an accounting data base never says that a job has ended."""
    settings = yaml.safe_load((PROFILE / "config.yaml").read_text())

    assert settings["slurm-status-command"] == "squeue"
    assert settings["executor"] == "slurm"
    local = yaml.safe_load((PROFILE.parent / "local/config.yaml").read_text())
    assert local.items() <= settings.items()
