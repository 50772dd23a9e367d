"""Folders are found from wherever the command is typed, and each can be moved by a variable."""

from __future__ import annotations

from pathlib import Path

import pytest
import reread
from reread.core import paths as places
from reread.core.errors import ParameterError

NAMES = ("REREAD_HOME", "REREAD_RUNS", "REREAD_DATA", "REREAD_STATE", "REREAD_MIRROR")


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def checkout(tmp_path) -> Path:
    for name in ("chapters/maize", "lib/reread", "book/deep"):
        (tmp_path / "checkout" / name).mkdir(parents=True)
    return tmp_path / "checkout"


@pytest.mark.parametrize("folder", [".", "chapters/maize", "book/deep"])
def test_the_nearest_checkout_upwards_is_the_root(checkout, monkeypatch, folder):
    monkeypatch.chdir(checkout / folder)

    assert places.root() == checkout.resolve()


def test_a_folder_named_chapters_alone_is_no_checkout(tmp_path, monkeypatch):
    (tmp_path / "chapters").mkdir()
    monkeypatch.chdir(tmp_path)

    assert places.root() == Path(reread.__file__).resolve().parents[2]


def test_reread_home_comes_before_the_current_folder(checkout, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("REREAD_HOME", str(tmp_path / "elsewhere"))

    assert places.root() == (tmp_path / "elsewhere").resolve()


def test_a_home_that_is_no_folder_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("REREAD_HOME", str(tmp_path / "nowhere"))

    with pytest.raises(ParameterError, match="REREAD_HOME must be the folder of a checkout, but is"):
        places.root()


def test_a_tilde_is_the_folder_of_the_user(checkout, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, folder in zip(NAMES, ("checkout", "my-runs", "my-data", "my-state", "checkout"), strict=True):
        monkeypatch.setenv(name, f"~/{folder}")

    assert places.root() == checkout.resolve()
    assert (places.runs(), places.data()) == (tmp_path / "my-runs", tmp_path / "my-data")
    assert places.mirror() == checkout.resolve()


def test_home_may_be_relative_and_comes_back_absolute(checkout, monkeypatch):
    monkeypatch.chdir(checkout.parent)
    monkeypatch.setenv("REREAD_HOME", "checkout")

    assert places.root() == checkout.resolve()
    assert places.runs().is_absolute()


def test_runs_and_data_lie_in_the_checkout_unless_somebody_says_otherwise(checkout, tmp_path, monkeypatch):
    monkeypatch.chdir(checkout)
    assert (places.runs(), places.data()) == (checkout.resolve() / "runs", checkout.resolve() / "data")

    monkeypatch.setenv("REREAD_RUNS", str(tmp_path / "big/runs"))
    monkeypatch.setenv("REREAD_DATA", str(tmp_path / "big/data"))

    assert (places.runs(), places.data()) == (tmp_path / "big/runs", tmp_path / "big/data")


def test_locks_keys_and_checkpoints_have_a_place_of_their_own(checkout, tmp_path, monkeypatch):
    monkeypatch.chdir(checkout)
    assert places.state() == checkout.resolve() / ".reread"

    monkeypatch.setenv("REREAD_STATE", str(tmp_path / "state"))

    assert places.state() == tmp_path / "state"


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_variable_is_ignored(checkout, monkeypatch, name):
    monkeypatch.chdir(checkout)
    before = (places.root(), places.runs(), places.data())
    monkeypatch.setenv(name, "")

    assert (places.root(), places.runs(), places.data()) == before


@pytest.mark.parametrize(
    "named", ["/no/such/folder", "https://example.org/data", "file://data", "file://elsewhere{}", "file:data"]
)
def test_a_mirror_that_is_no_folder_of_this_machine_is_refused(checkout, monkeypatch, named):
    monkeypatch.chdir(checkout)
    (checkout / "data").mkdir()
    monkeypatch.setenv("REREAD_MIRROR", named.format(checkout))

    with pytest.raises(ParameterError, match=f"REREAD_MIRROR must be a folder.*{named.format(checkout)}"):
        places.mirror()


@pytest.mark.parametrize("has_mirror", [True, False])
def test_a_process_elsewhere_finds_everything_where_it_is_here(checkout, monkeypatch, has_mirror):
    folders = ("checkout", "my-runs", "my-data", "my-state", "my-mirror")[: 4 + has_mirror]
    relative = dict(zip(NAMES, folders, strict=False))
    (checkout.parent / "my-mirror").mkdir()
    monkeypatch.chdir(checkout.parent)
    for name, folder in relative.items():
        monkeypatch.setenv(name, folder)

    found = places.surroundings()

    assert found == {name: str(checkout.parent.resolve() / folder) for name, folder in relative.items()}
