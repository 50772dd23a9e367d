from __future__ import annotations

from pathlib import Path

import pytest
from reread.book.running import atomic_folder as landing
from reread.core.errors import RunError


@pytest.fixture
def target(tmp_path, monkeypatch) -> Path:
    """Where a run lies already."""
    monkeypatch.setenv("REREAD_RUNS", str(tmp_path))
    monkeypatch.setenv("REREAD_STATE", str(tmp_path.parent / "state"))
    folder = tmp_path / "demo/maize/01-cells"
    folder.mkdir(parents=True)
    (folder / "record.json").write_text("old")
    return folder


def here(target: Path) -> dict[str, str]:
    """Every file beside and in the target, but for the locks."""
    return {str(p.relative_to(target.parent)): p.read_text() for p in target.parent.rglob("*") if p.is_file()}


def test_what_was_written_takes_the_place_of_what_was_there(target):
    with landing.landing(target) as part:
        (part / "record.json").write_text("new")
        assert here(target)["01-cells/record.json"] == "old"

    assert here(target) == {"01-cells/record.json": "new"}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_what_was_there_and_nothing_else(target, error):
    with pytest.raises(error), landing.landing(target) as part:
        (part / "record.json").write_text("new")
        raise error

    assert here(target) == {"01-cells/record.json": "old"}


def test_a_rename_that_fails_puts_the_old_one_back(target, monkeypatch):
    rename = Path.rename

    def fail(path: Path, new: Path) -> Path:
        if path.suffix == ".part":
            raise OSError("the disk is gone")
        return rename(path, new)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="the disk is gone"), landing.landing(target) as part:
        (part / "record.json").write_text("new")

    assert here(target) == {"01-cells/record.json": "old"}


def test_a_run_moved_aside_by_a_killed_runner_is_put_back(target):
    target.rename(target.with_name(".01-cells.0a1b2c3d.old"))
    abandoned = target.with_name(".01-cells.0a1b2c3d.part")
    abandoned.mkdir()

    with pytest.raises(ValueError), landing.landing(target):
        raise ValueError

    assert here(target) == {"01-cells/record.json": "old"}
    assert not abandoned.exists()


def test_leftovers_of_another_page_are_not_touched(target):
    other = target.with_name(".01-cells.short.0a1b2c3d.part")
    other.mkdir()

    with landing.landing(target):
        pass

    assert other.is_dir()


def test_two_cannot_land_on_one_target(target):
    with landing.landing(target), pytest.raises(RunError, match="Another process") as caught:  # noqa: SIM117
        with landing.landing(target):
            pass

    assert caught.value.exit_code == 4
