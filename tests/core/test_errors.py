"""An error names the thing, what was wanted, what came and the next command; a code for each kind."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from reread.core.errors import (
    DataError,
    ExitCode,
    MissingExtra,
    ParameterError,
    RereadError,
    RunError,
    did_you_mean,
    need,
    short,
)


@pytest.mark.parametrize(
    ("kind", "code"),
    [(RereadError, 1), (ParameterError, 2), (DataError, 3), (MissingExtra, 4), (RunError, 5)],
)
def test_each_kind_has_its_exit_code_and_one_parent(kind, code):
    error = kind("what, wanted, came, next")

    assert error.exit_code == code
    assert isinstance(error, RereadError)
    assert str(error) == "what, wanted, came, next"


def test_every_exit_code_has_its_number_in_one_place():
    assert {code.name: int(code) for code in ExitCode} == {
        **{"OK": 0, "PARAMETER": 2, "DATA": 3, "ENVIRONMENT": 4, "NOTEBOOK": 5, "TIMEOUT": 6},
        **{"KILLED": 7, "INTERRUPTED": 8, "STALE": 9, "VERDICT": 10},
    }
    assert type(DataError("x").exit_code) is type(RunError("x", 9).exit_code) is ExitCode


def test_a_long_value_is_cut_in_a_message():
    assert short("x" * 30_000_000) == "x" * 80 + "... (30,000,000 characters)"
    assert short("two\nlines") == "two lines"


def test_the_exit_code_of_a_run_is_said_by_who_raises_it():
    assert RunError("out of time", 6).exit_code == 6
    assert RunError("a cell failed").exit_code == 5


def test_the_nearest_name_is_suggested():
    assert did_you_mean("epohcs", ["seed", "epochs", "n_cells"]) == "Did you mean 'epochs'?"


def test_without_a_near_name_all_are_listed_in_order():
    assert did_you_mean("zzz", {"seed": 1, "epochs": 2}) == "Known: epochs, seed."


def test_an_empty_word_is_no_reason_to_fail():
    assert did_you_mean("", ["seed"]) == "Known: seed."
    assert did_you_mean("seed", []) == did_you_mean("seed", [""]) == "None is known."


def test_a_long_list_of_known_names_is_cut():
    known = [f"gene{number:03}" for number in range(100, 131)]

    assert did_you_mean("zzz", known).endswith("gene118, gene119 and 11 more.")


def test_known_names_may_be_numbers():
    assert did_you_mean("zzz", ["gene", 7]) == "Known: 7, gene."


def test_an_installed_package_comes_back():
    assert need("json", "networks") is sys.modules["json"]
    assert need("xml.dom", "networks").__name__ == "xml.dom"


@pytest.mark.parametrize("module", ["no_such_package", "no_such_package.deep.inside"])
def test_a_missing_package_names_the_extra_that_brings_it(module):
    with pytest.raises(MissingExtra) as caught:
        need(module, "maize")

    assert str(caught.value) == (
        "The extra 'maize' brings no_such_package, which is needed here and not installed.\n"
        "Run, at the top of the checkout:  pip install -e '.[maize]'"
    )
    assert caught.value.exit_code == 4


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Put a package ``broken`` on the path that fails when it is imported."""

    def write(text: str) -> None:
        (tmp_path / "broken").mkdir()
        (tmp_path / "broken/__init__.py").write_text(text)

    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "broken", raising=False)
    return write


SAFE_ORDER = """
from reread.core.errors import need
need("umap", "maize")
need("tensorflow", "maize")
import torch
parameter = torch.nn.Parameter(torch.zeros(2))
optimizer = torch.optim.AdamW([parameter])
parameter.sum().backward()
optimizer.step()
"""


def test_tensorflow_and_a_torch_optimizer_live_in_one_process():
    """In the other order, a CUDA build of torch ends in a segmentation fault (exit code -11)."""
    done = subprocess.run([sys.executable, "-c", SAFE_ORDER], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr[-2000:]


STAND_INS = """
import builtins, sys
builtins.loaded = []
from reread.core.errors import need
need(sys.argv[1], "maize")
print(*builtins.loaded)
"""


@pytest.mark.parametrize("module", ["tensorflow", "keras", "umap"])
def test_triton_is_loaded_before_whatever_loads_tensorflow(tmp_path, module):
    """In a process of its own: a stand-in that stays in ``sys.modules`` breaks every test after this one."""
    for name in ("triton", module):
        (tmp_path / f"{name}.py").write_text(f"import builtins; builtins.loaded.append({name!r})")

    done = subprocess.run(
        [sys.executable, "-c", STAND_INS, module],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.split() == ["triton", module], done.stderr[-2000:]


@pytest.mark.parametrize(
    "text", ["import no_such_part", "from json import no_such_name", "import broken.inside"]
)
def test_an_import_error_from_inside_an_installed_package_is_not_hidden(package, text):
    package(text)

    with pytest.raises(ImportError) as caught:
        need("broken", "maize")

    assert "no_such" in str(caught.value) or "broken.inside" in str(caught.value)
