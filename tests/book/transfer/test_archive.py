"""Runs come home whole; hostile and broken archives are refused by name and leave nothing behind."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from reread.book import transfer as archive
from reread.book.running.atomic_folder import landing
from reread.book.status import staleness as stale
from reread.book.status.run_record import RunRecord
from reread.core.errors import DataError, ParameterError, RereadError, RunError
from reread.core.files import digest, sha256, write_json
from reread.pages import page, pages

PAGES = ("maize/01-cells", "maize/02-genes.long", "maize/02-genes.short")
CELLS = "runs/demo/maize/01-cells"
Member = tuple[zipfile.ZipInfo, bytes]


@pytest.fixture
def packed(finished, tmp_path) -> Path:
    """An archive of the three runs, and a checkout that holds none."""
    out = tmp_path / "runs.zip"
    archive.export_runs(out, "demo")
    shutil.rmtree(finished / "runs")
    return out


@pytest.fixture
def forged(packed) -> Callable[..., Path]:
    """Rewrite the archive: ``forged(change)``, where ``change(members)`` edits the list in place."""

    def forge(change: Callable[[list[Member]], None]) -> Path:
        members = read_members(packed)
        change(members)
        write_members(packed, members)
        return packed

    return forge


def read_members(path: Path) -> list[Member]:
    with zipfile.ZipFile(path) as opened:
        return [(member, opened.read(member)) for member in opened.infolist()]


def write_members(path: Path, members: list[Member]) -> None:
    with zipfile.ZipFile(path, "w") as opened:
        for member, content in members:
            opened.writestr(member, content)


def plain(name: str, content: bytes = b"x", kind: int = stat.S_IFREG) -> Member:
    member = zipfile.ZipInfo(name)
    member.filename = member.orig_filename = name
    member.external_attr = (kind | 0o644) << 16
    return member, content


def runs_in(path: Path) -> set[str]:
    names = [member.filename for member, _ in read_members(path)]
    return {name.rpartition("/")[0] for name in names if name.endswith("/record.json")}


def at(members: list[Member], name: str) -> int:
    return next(number for number, (member, _) in enumerate(members) if member.filename == name)


def edit_json(members: list[Member], name: str, edit: Callable[[dict], None]) -> None:
    """Change a JSON file of a run, as somebody would who knows the format."""
    number = at(members, name)
    whole = json.loads(members[number][1])
    edit(whole)
    members[number] = plain(name, json.dumps(whole).encode())


def edit_record(members: list[Member], run: str, edit: Callable[[dict], None]) -> None:
    """Change the record of a run and mend its digests, as somebody would who knows how."""

    def mended(record: dict) -> None:
        record.pop("seal")
        edit(record)
        fields = {name: digest(value) for name, value in record.items()}
        record["seal"] = {"fields": fields, "digest": digest(fields)}

    edit_json(members, f"{run}/record.json", mended)


def left_behind() -> list[str]:
    """Files below runs that are no lock."""
    from reread.core import paths as places

    paths = places.runs().rglob("*") if places.runs().is_dir() else []
    return [str(p.relative_to(places.runs())) for p in paths if p.is_file() and ".locks" not in p.parts]


def refused(path: Path, error: type[RereadError] = DataError) -> str:
    with pytest.raises(error) as caught:
        archive.import_runs(path)
    assert left_behind() == []
    return str(caught.value)


def test_runs_come_home_as_they_were_and_are_fresh(finished, tmp_path):
    before = contents(finished / "runs/demo")
    archive.export_runs(tmp_path / "out/runs.zip", "demo")
    digest = sha256(tmp_path / "out/runs.zip")
    shutil.rmtree(finished / "runs")
    assert stale.Status().state(page("maize/01-cells")).word == "never run"

    report = archive.import_runs(tmp_path / "out/runs.zip")

    after = contents(finished / "runs/demo")
    assert {name for name in before if before[name] != after.pop(name)} == {f"{p}/record.json" for p in PAGES}
    assert not after
    for ref in pages("demo"):
        assert RunRecord.read(ref.folder).imported == f"runs.zip (SHA-256 {digest[:12]})"
    assert {state.word for state in stale.Status().states(pages("demo")).values()} == {"fresh"}
    assert report.startswith("3 runs taken from ")
    assert {p.name for p in page("maize/01-cells").folder.iterdir()} >= {"figures", "tables", "artifacts"}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_equal_runs_give_equal_bytes(packed, tmp_path):
    archive.import_runs(packed)
    archive.export_runs(packed, "demo")
    archive.export_runs(tmp_path / "again.zip", "demo")

    assert (tmp_path / "again.zip").read_bytes() == packed.read_bytes()


def test_an_archive_tells_nothing_of_the_machine_and_holds_whole_runs(packed):
    members = [member for member, _ in read_members(packed)]

    assert {(member.date_time, member.create_system, member.extra) for member in members} == {
        ((1980, 1, 1, 0, 0, 0), 3, b"")
    }
    assert runs_in(packed) == {f"runs/demo/{name}" for name in PAGES}
    assert f"{CELLS}/artifacts/drawn.csv" in {member.filename for member in members}


def test_importing_twice_replaces_the_run_that_is_there(packed):
    archive.import_runs(packed)
    (page("maize/01-cells").folder / "tables/old.csv").write_text("old")

    archive.import_runs(packed)

    assert not (page("maize/01-cells").folder / "tables/old.csv").exists()


def test_what_is_not_fresh_is_left_out_and_said(finished, tmp_path):
    (page("maize/02-genes.long").folder / "record.json").unlink()

    report = archive.export_runs(tmp_path / "runs.zip", "demo")

    assert "left out: maize/02-genes.long  hollow" in report
    assert len(runs_in(tmp_path / "runs.zip")) == 2


def test_packing_nothing_is_an_error_and_writes_nothing(tiny, tmp_path):
    with pytest.raises(RunError, match=r"(?s)no fresh run of demo.*01-cells  never run") as caught:
        archive.export_runs(tmp_path / "runs.zip", "demo")

    assert caught.value.exit_code == 9
    assert not (tmp_path / "runs.zip").exists()


def test_a_run_with_a_link_is_altered_and_not_packed(finished, tmp_path):
    (page("maize/01-cells").folder / "artifacts/link").symlink_to("/etc/passwd")

    report = archive.export_runs(tmp_path / "runs.zip", "demo")

    assert "left out: maize/01-cells  altered: artifacts/link was added" in report


def test_one_study_may_be_packed_alone(finished, tmp_path):
    archive.export_runs(tmp_path / "runs.zip", "demo", "maize")

    assert {run.split("/")[2] for run in runs_in(tmp_path / "runs.zip")} == {"maize"}
    with pytest.raises(ParameterError):
        archive.export_runs(tmp_path / "runs.zip", "demo", "lincs")


ESCAPES = [
    "/etc/cron.d/x",
    "../x",
    f"{CELLS}/../../../../x",
    f"{CELLS}/artifacts/../../x",
    f"{CELLS}/artifacts/..",
    f"{CELLS}//etc/x",
    f"{CELLS}/artifacts\\..\\x",
    f"{CELLS}/artifacts/a\nb",
    f"{CELLS}/elsewhere/x",
    f"{CELLS}/other.ipynb",
    f"{CELLS}/artifacts",
    f"{CELLS}",
    "runs/demo/maize",
    "lib/reread/cli.py",
    "",
]


@pytest.mark.parametrize("name", ESCAPES)
def test_a_file_that_would_land_elsewhere_is_refused(forged, name):
    path = forged(lambda members: members.append(plain(name)))

    assert f"{name!r} is no place for a file of a run" in refused(path)


@pytest.mark.parametrize(
    "run",
    ["runs/demo/maize/..", "runs/demo/maize", "/runs/demo/maize/01-cells", "runs/custom/maize/01-cells", "x"],
)
def test_a_run_that_would_land_elsewhere_is_refused(forged, run):
    path = forged(lambda members: members.append(plain(f"{run}/record.json")))

    assert "is no place for a file of a run" in refused(path)


SPECIAL = [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFDIR]


@pytest.mark.parametrize("kind", SPECIAL)
def test_a_member_that_is_no_plain_file_is_refused(forged, kind):
    path = forged(lambda members: members.append(plain(f"{CELLS}/artifacts/x", b"/etc/passwd", kind)))

    assert "artifacts/x' is not a plain file" in refused(path)


def test_an_altered_file_is_refused_by_name(forged):
    def alter(members):
        name = f"{CELLS}/artifacts/drawn.csv"
        members[at(members, name)] = plain(name, b"9" + members[at(members, name)][1][1:])

    assert "maize/01-cells  was altered: artifacts/drawn.csv" in refused(forged(alter), RunError)


def test_a_file_that_the_run_did_not_leave_is_refused(forged):
    path = forged(lambda members: members.append(plain(f"{CELLS}/artifacts/more")))

    assert "was altered: artifacts/more was added" in refused(path, RunError)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_is_there_twice_is_refused(forged):
    assert "is there twice" in refused(forged(lambda members: members.append(members[-1])))


def test_a_missing_file_is_refused(forged):
    path = forged(lambda members: members.pop(at(members, f"{CELLS}/artifacts/drawn.csv")))

    assert "was altered: artifacts/drawn.csv is missing" in refused(path, RunError)


@pytest.mark.parametrize("name", ["record.json", "notebook.ipynb", "parameters.yml"])
def test_a_run_without_one_of_its_files_is_refused(forged, name):
    path = forged(lambda members: members.pop(at(members, f"{CELLS}/{name}")))

    assert f"the run {CELLS} has no {name}" in refused(path)


def test_a_file_in_place_of_a_folder_is_refused(forged):
    def clash(members):
        members += [plain(f"{CELLS}/artifacts/a"), plain(f"{CELLS}/artifacts/a/b")]

    assert "in each other's way" in refused(forged(clash))


def test_more_than_the_disk_holds_is_refused_before_it_is_unpacked(packed, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(9_999, 9_998, 1))

    assert "bytes, but 1 are the most" in refused(packed)


def test_a_member_gives_no_more_than_it_says(packed):
    whole, member = packed.read_bytes(), read_members(packed)[0][0]
    size = member.file_size.to_bytes(4, "little")
    assert whole.count(size) >= 2
    packed.write_bytes(whole.replace(size, (1).to_bytes(4, "little")))

    assert "is no zip file, or damaged" in refused(packed)


@pytest.mark.parametrize("keep", [0, 9, 300, 0.5, 0.98])
def test_an_archive_that_was_cut_off_is_refused(packed, keep):
    whole = packed.read_bytes()
    packed.write_bytes(whole[: int(keep if keep > 1 else keep * len(whole))])

    assert "runs.zip is refused: " in refused(packed)


@pytest.mark.parametrize("content", [b"", b"no archive", b"no zip" * 9999, b"PK\x05\x06" + bytes(18)])
def test_a_file_that_is_no_archive_is_refused(packed, content):
    packed.write_bytes(content)

    assert "is refused" in refused(packed)


def without_origin(files: dict[str, bytes]) -> dict[str, bytes]:
    """Files of runs, without what their records say of the archive that they came from."""
    records = {name: json.loads(content) for name, content in files.items() if name.endswith("/record.json")}
    for record in records.values():
        del record["imported"], record["seal"]
    return files | {name: json.dumps(record).encode() for name, record in records.items()}


def test_every_flipped_byte_is_noticed_or_harmless(packed, finished):
    """Whatever one byte of the file does, what lands equals what was packed, or nothing lands."""
    whole = packed.read_bytes()
    archive.import_runs(packed)
    before = without_origin(contents(finished / "runs/demo"))
    n_refused = 0
    for place in range(0, len(whole), len(whole) // 40):
        shutil.rmtree(finished / "runs")
        packed.write_bytes(whole[:place] + bytes([whole[place] ^ 0x5A]) + whole[place + 1 :])
        try:
            archive.import_runs(packed)
            assert without_origin(contents(finished / "runs/demo")) == before
        except RereadError:
            n_refused += 1
            assert left_behind() == []

    assert n_refused > 30


@pytest.mark.parametrize("place", [30, 31, 32, 33], ids=["extra", "extra high", "comment", "comment high"])
def test_no_damaged_length_in_the_list_of_files_hides_a_run(packed, place):
    """zipfile takes the entries behind a length that is too large for a comment, and says nothing."""
    whole = packed.read_bytes()
    entries = [found.start() for found in re.finditer(rb"PK\x01\x02", whole)]
    assert len(entries) > 10
    for entry in entries[:-1]:  # behind the last there is nothing to hide
        at = entry + place
        packed.write_bytes(whole[:at] + bytes([whole[at] ^ 0x5A]) + whole[at + 1 :])
        with pytest.raises(RereadError, match="is refused"):
            archive.import_runs(packed)
        assert left_behind() == []


def test_a_missing_archive_is_named(tiny):
    with pytest.raises(DataError, match=r"no archive nowhere\.zip"):
        archive.import_runs(Path("nowhere.zip"))


def test_a_run_of_other_code_is_refused_by_field_and_keeps_all_others_out(packed, finished):
    study = finished / "chapters/maize/study.yml"
    study.write_text(study.read_text().replace("set: {ways: mean sum}", "set: {ways: mean}"))

    said = refused(packed, RunError)

    assert "maize/02-genes.long  differs in: parameter ways" in said
    assert "02-genes.short" not in said


def test_a_run_on_data_pinned_elsewhere_says_how_to_bring_the_pin(forged):
    def pin(members):
        def edit(record):
            record["stale"]["fields"]["data maize/x"] = "0" * 64
            record["stale"]["key"] = stale.key(record["stale"]["fields"])

        edit_record(members, CELLS, edit)

    said = refused(forged(pin), RunError)

    assert "differs in: data maize/x" in said
    assert "data/datasets.lock" in said


FORGERIES = {
    "was altered: stale key in record.json": lambda record: record["stale"].update(key="0" * 64),
    "record.json: stale: Field required": lambda record: record.pop("stale"),
    "was altered: chapter in record.json": lambda record: record.update(chapter="02-genes"),
    "was altered: parameters in record.json": lambda record: record["parameters"].update(n=9),
    "differs in: scope": lambda record: record.update(scope="full"),
    "record.json: values: ": lambda record: record.update(values={}),
    "record.json: the record: ": lambda record: record.update(artifacts=["../../../../../../secret"]),
    "record.json: the record: Value error, 'artifacts/../../secret' is no path": lambda record: record.update(
        artifacts=["drawn.csv", "../../secret"],
        files=record["files"] | {"artifacts/../../secret": "0" * 64},
    ),
    "record.json: artifacts: ": lambda record: record.update(artifacts=3),
    "record.json: figures.0.id: ": lambda record: record["figures"][0].update(id="../drawn"),
    "record.json: figures.0.label: ": lambda record: record["figures"][0].update(label="a\n:class: x"),
    "record.json: more: ": lambda record: record.update(more=1),
}


@pytest.mark.parametrize("why", FORGERIES)
def test_a_record_that_does_not_fit_its_page_is_refused(forged, why):
    path = forged(lambda members: edit_record(members, CELLS, FORGERIES[why]))

    said = f"is hollow: {why}" if why.startswith("record.json") else why
    assert f"maize/01-cells  {said}" in refused(path, RunError)


def test_a_record_edited_without_its_digests_is_refused(forged):
    edit = lambda record: record["values"].update(cells=6)  # noqa: E731 (a function of one line)
    path = forged(lambda members: edit_json(members, f"{CELLS}/record.json", edit))

    assert "maize/01-cells  was altered: values in record.json" in refused(path, RunError)


def edit_notebook(members: list[Member], edit: Callable[[dict], None]) -> None:
    """Change the notebook of a run, and its digest in the record."""
    name = f"{CELLS}/notebook.ipynb"
    edit_json(members, name, edit)
    sha = hashlib.sha256(members[at(members, name)][1]).hexdigest()
    edit_record(members, CELLS, lambda record: record["files"].update({"notebook.ipynb": sha}))


def last_shows(**output) -> Callable[[dict], None]:
    """Put one output into the last cell of a notebook."""
    shown = {"output_type": "display_data", "metadata": {}} | output
    return lambda notebook: notebook["cells"][-1].update(outputs=[shown])


def test_a_notebook_with_a_cell_that_never_ran_is_refused(forged):
    blank = lambda notebook: notebook["cells"][-1].update(execution_count=None)  # noqa: E731 (one line)
    path = forged(lambda members: edit_notebook(members, blank))

    assert "maize/01-cells  is hollow" in refused(path, RunError)


def test_a_notebook_that_ran_other_cells_is_refused(forged):
    other = lambda notebook: notebook["cells"][-2].update(source="page.measure('cells', 6)")  # noqa: E731
    path = forged(lambda members: edit_notebook(members, other))

    assert "maize/01-cells  was altered: code cells of notebook.ipynb" in refused(path, RunError)


LIVE = [
    {"text/html": "<script>alert(1)</script>"},
    {"application/javascript": "alert(1)"},
    {"image/svg+xml": "<svg onload='alert(1)'/>"},
    {"application/vnd.jupyter.widget-view+json": {}},
    {"text/markdown": "<script>alert(1)</script>"},
    {"text/markdown": "<img src=x onerror=alert(1)>"},
    {"text/markdown": "```{raw} html\n<b>\n```"},
    {"text/markdown": ":::{include} ../../../secret.txt\n:::"},
    {"text/markdown": "```{figure} ../../../secret.svg\n```"},
    {"text/markdown": "{download}`x <../../../../secret.txt>`"},
    {"text/markdown": "{download}`x </../secret.txt>`"},
    {"text/markdown": "{eval-rst}`x`"},
    {"text/markdown": "[a](javascript:alert(1))"},
    {"text/markdown": ["<scr", "ipt>"]},
]


@pytest.mark.parametrize("data", LIVE, ids=[f"{k}: {v}" for one in LIVE for k, v in one.items()])
def test_an_output_that_no_page_would_show_is_refused(forged, data):
    path = forged(lambda members: edit_notebook(members, last_shows(data=data)))

    assert "maize/01-cells  shows what no page shows, in cell " in refused(path, RunError)


def test_a_page_that_is_not_in_the_record_is_refused(packed, finished):
    study = finished / "chapters/maize/study.yml"
    study.write_text(
        study.read_text().replace("      long: {title: the long", "      wide: {title: the long")
    )

    assert "02-genes.long, which is no page of demo here" in refused(packed, ParameterError)


def test_what_is_there_stays_when_an_archive_is_refused(packed):
    archive.import_runs(packed)
    before = contents(page("maize/01-cells").folder)
    packed.write_bytes(packed.read_bytes()[:-400])

    with pytest.raises(DataError):
        archive.import_runs(packed)

    assert contents(page("maize/01-cells").folder) == before


@pytest.mark.parametrize("busy", PAGES)
def test_an_import_lands_whole_or_not_at_all(packed, busy):
    with landing(page(busy).folder) as part, pytest.raises(RunError, match="at work on") as caught:
        write_json(part / "record.json", {})
        archive.import_runs(packed)

    assert caught.value.exit_code == 4
    assert [name for name in left_behind() if not name.startswith(f"demo/{busy}/")] == []
