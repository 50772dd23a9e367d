"""What tests share: the published files, and a tiny study with real notebooks (two seconds a run)."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("triton"):  # a CUDA build of torch: loaded after TensorFlow, it ends the process of the tests
    import_module("triton")

ROOT = Path(__file__).resolve().parents[1]
STUDY = """
key: maize
title: Which plants grow?
paper: {title: Plants, authors: nobody, year: 2020, journal: none, doi: 10.1000/none}
sources:
  planted: {holds: numbers of our own, scope: simulated}
  field: {holds: five plants, scope: subset, datasets: [maize/plants]}
chapters:
  - key: 01-cells
    title: Cells
    question: How many cells are there?
    parameters:
      n: {type: int, min: 1, max: 99, unit: cells, help: how many are drawn, demo: 5, real: 7, paper: 9}
      rate: {type: float, min: 0, help: how fast they grow, demo: 0.5, real: 0.5, paper: 0.5}
      is_wet: {type: bool, help: whether it rains, demo: true, real: true, paper: true}
      seed: {type: int, min: 0, help: seed of everything random, demo: 0, real: 0, paper: 0}
  - key: 02-genes
    title: Genes
    question: Which genes count?
    needs: [01-cells]
    parameters:
      source: {type: source, choices: [planted, field], help: where plants come from,
               demo: planted, real: field, paper: field}
      ways: {type: words, choices: [sum, mean], help: how they are counted,
             demo: sum mean, real: sum, paper: sum}
    pages:
      short: {title: the short way}
      long: {title: the long way, set: {ways: mean sum}}
claims:
  - {id: M1, says: plants grow, kind: value, locator: table 1, published: {metric: sum, value: 15},
     answered_by: {chapter: 02-genes, page: short, key: sum}, protocol: as published,
     tolerance: {rule: absolute, value: 0.5, why: counted by hand}}
checks:
  - {id: m1, says: as many cells as asked for, answered_by: {chapter: 01-cells, key: cells}, min: 5, max: 5}
"""
PLANTS = b"height\n1\n2\n3\n4\n5\n"
DATASETS = f"""
maize/plants: {{title: Plants, url: "https://example.invalid/plants.csv", file: maize/plants.csv,
  bytes: {len(PLANTS)}, sha256: {hashlib.sha256(PLANTS).hexdigest()}, licence: CC0, cite: nobody,
  holds: heights}}
"""
CELLS = [
    "import numpy as np\nimport pandas as pd\nfrom reread.core import figures",
    "drawn = np.random.default_rng(seed).normal(size=n)\n"
    'page.measure("cells", len(drawn))\npage.measure("mean", drawn.mean())\n'
    'np.savetxt(page.artifact("drawn.csv"), drawn)',
    "figure, axes = figures.new(width_in=3, height_in=2)\n"
    'axes.plot(drawn, marker="o")\n'
    'alt = "Line chart of the numbers that were drawn, in the order in which they came."\n'
    'shown = figures.Drawn(figure, pd.DataFrame({"drawn": drawn}), alt)\n'
    'page.figure(shown, "drawn", caption="What was drawn.")',
]
GENES = [
    "import numpy as np\nimport pandas as pd\nfrom reread.core.data import registry",
    'cells = page.upstream("01-cells")[0]\ndrawn = np.loadtxt(cells.artifact("drawn.csv"))\n'
    'plants = {"planted": lambda: drawn, "field": lambda: '
    'pd.read_csv(registry.fetch("maize/plants"))["height"]}[source]()',
    'counted = {"sum": float(np.sum(plants)), "mean": float(np.mean(plants))}\n'
    "page.measure_all({way: counted[way] for way in ways.split()})\n"
    'table = pd.DataFrame({"way": list(counted), "number": counted.values()})\n'
    'page.table(table, "counted", caption="Counts.")',
]
PARAMETERS = {
    "01-cells": (
        "n: int = 5  # how many are drawn, cells\n"
        "rate: float = 0.5  # how fast they grow\n"
        "is_wet: bool = True  # whether it rains\n"
        "seed: int = 0  # seed of everything random"
    ),
    "02-genes": (
        'source: str = "planted"  # where plants come from (planted, field)\n'
        'ways: str = "sum mean"  # how they are counted (sum, mean)'
    ),
}


def write_chapter(root: Path, chapter: str, codes: list[str], *, prose: str = "") -> Path:
    """Write a notebook: prose, guard, ``codes``, close."""
    guard = f'from reread import chapter\npage = chapter.open_page("maize/{chapter}", globals())'
    cells = [
        {"cell_type": "markdown", "id": "title", "metadata": {}, "source": prose or f"# Chapter {chapter}"},
        _code("parameters", PARAMETERS[chapter], tags=["parameters"]),
        _code("guard", guard),
        *(_code(f"code-{number}", text) for number, text in enumerate(codes)),
        _code("close", "page.close()"),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path = root / "chapters/maize" / f"{chapter}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return path


def _code(key: str, source: str, tags: list[str] | None = None) -> dict:
    metadata = {"tags": tags} if tags else {}
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": key,
        "metadata": metadata,
        "outputs": [],
        "source": source,
    }


def _make(root: Path) -> Path:
    (root / "chapters/maize").mkdir(parents=True)
    (root / "chapters/maize/study.yml").write_text(STUDY)
    (root / "requirements.lock").write_text("numpy==2.0\n")
    (root / "data/maize").mkdir(parents=True)
    (root / "data/datasets.yml").write_text(DATASETS)
    (root / "data/maize/plants.csv").write_bytes(PLANTS)
    write_chapter(root, "01-cells", CELLS)
    write_chapter(root, "02-genes", GENES)
    return root


def _settle(patch: pytest.MonkeyPatch, root: Path) -> Path:
    """Make ``root`` the checkout of everything that runs, also in processes started from here."""
    patch.setenv("REREAD_HOME", str(root))
    for name in (
        "REREAD_RUNS",
        "REREAD_DATA",
        "REREAD_STATE",
        "REREAD_MIRROR",
        "REREAD_RUN",
        "REREAD_PAGE",
        "REREAD_PROFILE",
    ):
        patch.delenv(name, raising=False)
    return root


@pytest.fixture
def tiny(tmp_path, monkeypatch) -> Path:
    """Top of a checkout that holds the tiny study and no run yet."""
    return _settle(monkeypatch, _make(tmp_path / "tiny"))


@pytest.fixture
def chapter_of(tiny) -> Callable[..., Path]:
    """Write a chapter of ``tiny`` anew: ``chapter_of("01-cells", [code, code])``."""
    return partial(write_chapter, tiny)


@pytest.fixture(scope="session")
def run_once(tmp_path_factory) -> Iterator[Path]:
    """The tiny study with every page of ``demo`` run; to be copied, never changed."""
    from reread.book.running.page_run import run_page
    from reread.pages import pages

    root = _make(tmp_path_factory.mktemp("once") / "tiny")
    with pytest.MonkeyPatch.context() as patch:
        _settle(patch, root)
        for ref in pages("demo"):
            run_page(ref, say=lambda line: None)
    return root


@pytest.fixture
def finished(run_once, tmp_path, monkeypatch) -> Path:
    """Top of a checkout of its own in which every page of ``demo`` has run and is fresh."""
    root = tmp_path / "finished"
    shutil.copytree(run_once, root)
    return _settle(monkeypatch, root)


@pytest.fixture
def chapter_of_finished(finished) -> Callable[..., Path]:
    """Write a chapter of ``finished`` anew."""
    return partial(write_chapter, finished)


@pytest.fixture(scope="session")
def mirror() -> Path:
    """Folder of the published files; tests that read them are skipped where it is absent."""
    folder = Path(os.environ.get("REREAD_MIRROR", "").removeprefix("file://") or ROOT.parent / "shared/data")
    if not (folder / "networks").is_dir():
        pytest.skip(f"the published files are not at {folder}; name their folder with REREAD_MIRROR")
    return folder


@pytest.fixture(scope="session")
def texts_of() -> Callable[..., list]:
    """Texts that a figure shows, each placed as it will be drawn; labels of ticks out of view are not."""
    from matplotlib.text import Text

    def texts(figure) -> list:
        figure.draw_without_rendering()
        for axes in figure.axes:
            for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
                for tick in axis.get_major_ticks() + axis.get_minor_ticks():
                    if not min(low, high) <= tick.get_loc() <= max(low, high):
                        tick.label1.set_visible(False)
                        tick.label2.set_visible(False)
        return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]

    return texts
