"""What ``reread runs clean`` removes, and above all what it leaves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from reread.book.running import removal
from reread.book.running.atomic_folder import landing
from reread.core.errors import ParameterError

PAGE = "demo/maize/01-cells"


def folder(runs: Path, name: str) -> Path:
    """A folder with seven bytes in it."""
    (runs / name / "figures").mkdir(parents=True)
    (runs / name / "figures/a.csv").write_text("1,2,3\n\n")
    return runs / name


@pytest.fixture
def runs(tmp_path, monkeypatch) -> Path:
    """Runs of every kind: of two profiles, custom, failed, half-made."""
    for name in ("RUNS", "STATE"):
        monkeypatch.setenv(f"REREAD_{name}", str(tmp_path / name.lower()))
    for name in (PAGE, "real/maize/01-cells", "custom/maize/01-cells-0123abcd", "failed/demo/maize/01-cells",
                 "failed/custom/maize/01-cells-0123abcd", "demo/maize/.01-cells.0a1b2c3d.part",
                 "demo/maize/.01-cells.0a1b2c3d.old", "real/maize/.05-lost.0a1b2c3d.old"):  # fmt: skip
        folder(tmp_path / "runs", name)
    return tmp_path / "runs"


def names(runs: Path, *asked: str, older_than: float = 0) -> set[str]:
    return {path.relative_to(runs).as_posix() for path in removal.removable(list(asked), older_than)}


OF_NOBODY = {
    "custom/maize/01-cells-0123abcd",
    "failed/demo/maize/01-cells",
    "failed/custom/maize/01-cells-0123abcd",
    "demo/maize/.01-cells.0a1b2c3d.part",
    "demo/maize/.01-cells.0a1b2c3d.old",
}


def test_without_a_name_no_run_of_a_profile_is_removed_nor_one_moved_aside_that_is_the_only_one(runs):
    found = removal.removable([])

    assert names(runs) == OF_NOBODY
    assert set(found.values()) == {7}
    assert removal.remove(found) == "Removed 5 folders, 35 bytes are free."
    left = {path.parents[1].relative_to(runs).as_posix() for path in runs.rglob("a.csv")}
    assert left == {PAGE, "real/maize/01-cells", "real/maize/.05-lost.0a1b2c3d.old"}
    assert names(runs) == set()


@pytest.mark.parametrize("name", [PAGE, f"runs/{PAGE}", "failed/demo/maize/01-cells"])
def test_a_run_is_removed_by_its_name_and_nothing_else_is(runs, name):
    assert names(runs, name) == {name.removeprefix("runs/")}
    assert names(runs, str(runs / name.removeprefix("runs/"))) == {name.removeprefix("runs/")}

    removal.remove(removal.removable([name]))

    assert not (runs / name.removeprefix("runs/")).exists()
    assert (runs / "real/maize/01-cells/figures/a.csv").exists()
    assert (runs / "custom/maize/01-cells-0123abcd/figures/a.csv").exists()


@pytest.mark.parametrize(
    "name",
    ["demo", "demo/maize", "", ".", "..", "demo/maize/..", "demo/maize/01-cell", f"{PAGE}/figures", "../runs",
     "/etc/ssl", "demo/maize/../maize", "demo/maize/.01-cells.0a1b2c3d.part"],
)  # fmt: skip
def test_what_is_no_run_is_refused(runs, name):
    with pytest.raises(ParameterError, match="There is no run"):
        removal.removable([name])


def test_only_what_is_old_enough_is_removed(runs):
    two_days = 2 * 86_400
    old = runs / "failed/demo/maize/01-cells"
    os.utime(old, (old.stat().st_mtime - two_days,) * 2)

    assert names(runs, older_than=1) == {"failed/demo/maize/01-cells"}
    assert names(runs, older_than=3) == set()


def test_what_a_process_is_at_work_on_stays(runs):
    asked = removal.removable([PAGE])
    with landing(runs / PAGE) as part:
        assert part.relative_to(runs).as_posix() not in names(runs)
        said = removal.remove(asked)

        assert "Left in place: another process is at work on" in said
        assert "Removed 0 folders, 0 bytes are free." in said
        assert part.is_dir()


def test_a_link_is_removed_and_not_what_it_leads_to(runs, tmp_path):
    kept = folder(tmp_path, "elsewhere")
    (runs / "custom/maize/linked-0123abcd").symlink_to(kept)

    removal.remove(removal.removable([]))

    assert (kept / "figures/a.csv").exists()
    assert not (runs / "custom/maize/linked-0123abcd").is_symlink()
