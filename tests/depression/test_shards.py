"""The sharded screen through Snakemake: a killed shard runs again alone, and the union equals one run."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml
from reread.book import workflow as graph
from reread.book.running import job
from reread.book.status.staleness import Status
from reread.core import paths as places
from reread.core.errors import DataError
from reread.depression.methods import refits
from reread.pages import page, pages

ROOT = Path(__file__).resolve().parents[2]
CHAPTER = "03-in-silico-perturbation"
SMALL = {
    "n_donors": 8, "cells_per_donor": 6, "n_genes": 20, "n_disease_genes": 4, "n_folds": 4, "max_len": 20,
    "n_cells": 6, "n_refits": 2, "width": 8, "layers": 1, "heads": 1, "epochs": 1, "batch": 16,
}  # fmt: skip
N_SHARDS = 3


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A checkout with this chapter alone, as three shards and as one run, at the smallest sizes."""
    study = yaml.safe_load((ROOT / "chapters/depression/study.yml").read_text())
    (chapter,) = (one for one in study["chapters"] if one["key"] == CHAPTER)
    for name, value in SMALL.items():
        chapter["parameters"][name]["demo"] = value
    shards = {
        f"shard-{k}": {"title": f"{k}", "set": {"shard": k, "n_shards": N_SHARDS}} for k in range(N_SHARDS)
    }
    chapter["pages"] = shards | {"whole": {"title": "whole"}}
    kept = {name: study[name] for name in ("key", "title", "paper", "sources")}
    folder = tmp_path / "chapters/depression"
    folder.mkdir(parents=True)
    (folder / "study.yml").write_text(yaml.safe_dump(kept | {"chapters": [chapter]}))
    shutil.copy(ROOT / f"chapters/depression/{CHAPTER}.ipynb", folder)
    (tmp_path / "data").mkdir()
    shutil.copy(ROOT / "data/datasets.yml", tmp_path / "data")
    shutil.copy(ROOT / "requirements.lock", tmp_path)
    monkeypatch.setenv("REREAD_HOME", str(tmp_path))
    for name in ("RUNS", "DATA", "STATE", "RUN", "PAGE", "PROFILE", "KEY"):
        monkeypatch.delenv(f"REREAD_{name}", raising=False)
    return tmp_path


def kill_while_it_screens(name: str, folder: Path) -> None:
    """End the job of a page by SIGKILL as soon as its first network is being fitted."""
    for _ in range(2400):
        if list(folder.glob("model-*")):
            os.kill(job.result("demo", name).pid, signal.SIGKILL)
            return
        time.sleep(0.05)


def build() -> dict[str, str]:
    report = graph.build("demo", "depression", cores=2, say=lambda line: None)
    return {row.page.rpartition(".")[2]: row.word for row in report.rows}


@pytest.mark.slow
def test_a_killed_shard_runs_again_alone_and_the_union_is_that_of_one_run(home):
    name = f"depression/{CHAPTER}.shard-1"
    # worked out before: two threads of Python 3.11 must not parse at the same time
    folder = places.state() / "checkpoints" / Status().key(page(name))[:16] / "shifts"
    killer = threading.Thread(target=kill_while_it_screens, args=[name, folder])
    killer.start()
    first = build()
    killer.join()
    second = build()

    assert first == {"shard-0": "ran", "shard-1": "failed", "shard-2": "ran", "whole": "ran"}
    assert second == {"shard-0": "fresh", "shard-1": "ran", "shard-2": "fresh", "whole": "fresh"}
    *shards, whole = (ref.folder / "artifacts/shifts.npz" for ref in pages("demo", "depression"))
    for joined, alone in zip(refits.read_shards(shards), refits.read_shards([whole]), strict=True):
        pd.testing.assert_frame_equal(joined, alone, check_exact=True)
    with pytest.raises(DataError, match="missing from every shard: model 1"):
        refits.read_shards([shards[0], shards[2]])
    with pytest.raises(DataError, match="more than one shard: model 1"):
        refits.read_shards([*shards, shards[1]])
