"""The wheel works outside a checkout: it carries notebooks, records, texts, and writes where it is called."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BUILD = "import setuptools.build_meta as made, sys; made.build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory) -> Path:
    """The content of a wheel that was built from the files of this checkout."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if not name.startswith(("tests/", "benchmarks/")) and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, source / name)
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(out)], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-800:]
    (wheel,) = out.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(out / "site")
    return out / "site"


def reread(site: Path, folder: Path, *words: str) -> subprocess.CompletedProcess:
    env = {name: value for name, value in os.environ.items() if not name.startswith("REREAD_")}
    env |= {"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "reread", *words]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_it_carries_every_notebook_record_and_text(unpacked):
    carried = unpacked / "reread/_checkout"
    listed = subprocess.run(
        ["git", "ls-files", "chapters", "workflow", "book"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    wanted = listed.stdout.splitlines()

    assert len(wanted) > 60
    assert [name for name in wanted if not (carried / name).is_file()] == []


def test_pages_are_listed_and_nothing_is_written_into_the_package(unpacked, tmp_path):
    before = sorted(path for path in unpacked.rglob("*") if path.is_file())

    done = reread(unpacked, tmp_path / "elsewhere", "list", "--json")

    assert done.returncode == 0, done.stderr
    assert '"page": "networks/01-pairs-and-their-audit.simulated"' in done.stdout
    assert sorted(path for path in unpacked.rglob("*") if path.is_file()) == before


def test_a_package_that_is_missing_comes_with_the_wheel(unpacked, tmp_path):
    code = "from reread.core.errors import require; require('no_such_package', 'maize')"
    env = os.environ | {"PYTHONPATH": str(unpacked), "PYTHONDONTWRITEBYTECODE": "1"}

    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True)

    assert "Run:  pip install 'reread[maize]'" in done.stderr


@pytest.mark.slow
def test_a_page_runs_and_its_run_lies_in_the_working_directory(unpacked, tmp_path):
    folder = tmp_path / "elsewhere"

    done = reread(unpacked, folder, "run", "networks/01-pairs-and-their-audit")

    assert done.returncode == 0, done.stderr[-800:]
    assert (folder / "runs/demo/networks/01-pairs-and-their-audit.simulated/record.json").is_file()
    assert "0 of " in done.stdout
