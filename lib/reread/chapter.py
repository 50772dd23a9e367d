"""What a notebook calls: the guard, measured values, figures, tables, the verdict.

Under ``reread run`` everything lands in the folder of the run; elsewhere (JupyterLab, plain papermill) in
``runs/scratch``.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reread import pages, studies
from reread.core import figures, measured, show, verdicts
from reread.core import paths as places
from reread.core.data import registry
from reread.core.errors import DataError, ExitCode, ParameterError, RunError, did_you_mean
from reread.core.files import digest, read_json, write_json

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1
NOT_PARAMETERS = ("In", "Out")


@dataclass(frozen=True)
class Upstream:
    """A finished page that this one builds on.

    ``page`` is its name, empty for a chapter of one page; ``folder`` holds its run, ``record`` what the run
    recorded.
    """

    page: str
    folder: Path
    record: dict[str, Any]

    def artifact(self, name: str) -> Path:
        """Path of a file that the page left behind; DataError if it left no such file."""
        path = self.folder / "artifacts" / name
        if not path.is_file():
            near = did_you_mean(name, (other.name for other in path.parent.glob("*")))
            raise DataError(f"{self.folder} left no artifact {name!r}. {near}")
        return path


@dataclass
class Page:
    """An open page: what is measured and drawn goes through it into the record.

    ``values`` are what was measured so far, ``parameters`` those of this run; :func:`open_page` makes it.
    """

    ref: pages.PageRef
    parameters: dict[str, studies.Value]
    folder: Path
    is_published: bool
    values: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, list[dict[str, str]]] = field(default_factory=lambda: {"figures": [], "tables": []})
    _upstream_scopes: set[str] = field(default_factory=set)
    _started: float = field(default_factory=time.process_time)

    def measure(self, key: str, value: float | str) -> float | str:
        """Record one value under ``key`` and glue it, so that prose can quote it.

        ParameterError if the key was measured before on this page or cannot be quoted, or the value is
        neither a number nor a word.
        """
        if measured.check_key(key) in self.values:
            raise ParameterError(f"{key!r} is measured twice in {self.ref.name}; each value has its own key.")
        self.values[key] = measured.plain(key, value)
        show.glue(key, self.values[key], for_book=self.is_published)
        return self.values[key]

    def measure_all(self, values: dict[str, float] | pd.Series, prefix: str = "") -> None:
        """Record every value of a mapping or Series under its key (``prefix.key``), as :meth:`measure`."""
        for key, value in dict(values).items():
            self.measure(f"{prefix}.{key}" if prefix else str(key), value)

    def measure_table(self, data: pd.DataFrame, *, by: Iterable[str], values: Iterable[str]) -> None:
        """Record the columns ``values`` of every row, keyed ``value.by.by``: ``auroc.pair.pearson``.

        A cell that holds NaN was not measured and gets no key. Errors as :meth:`measure`.
        """
        import pandas as pd

        by, values = list(by), list(values)  # a generator would be empty from the second row on
        for row in data.to_dict("records"):
            for name in (name for name in values if not pd.isna(row[name])):
                self.measure(".".join([name, *(measured.slug(row[key]) for key in by)]), row[name])

    def figure(self, drawn: figures.Drawn, name: str, *, caption: str) -> None:
        """Show a figure: SVG, PNG and its data as CSV, with caption and alt text.

        ``drawn`` is what every function that draws returns. Where its data are empty or all equal there is no
        figure, and the page shows its sentence instead. ``name`` names the files and the cross-reference.
        ``caption`` is the finding, in MyST; text that came with data goes through
        :func:`reread.core.show.plain`. ParameterError if the alt text is too short or too long, or the name
        is taken or no file name.
        """
        figure, data, alt = drawn
        self._check_name(name)
        if figure is None:
            return self.say(alt)
        alt = figures.check_alt(name, alt)
        figures.save(figure, data, self.folder / "figures", name)
        self.shown["figures"].append({"id": name, "caption": caption, "alt": alt, "label": self._label(name)})
        if self.is_published:
            show.markdown(show.directive(name, self._label(name), caption, alt))
        else:
            show.image(self.folder / "figures" / f"{name}.png", alt, caption)

    def table(self, data: pd.DataFrame, name: str, *, caption: str, is_whole: bool = False) -> None:
        """Show a table with its CSV; a long one shows eight rows, unless ``is_whole``.

        ``name`` and ``caption`` as in :meth:`figure`. ParameterError if the name is taken or no file name.
        """
        self._check_name(name)
        figures.save_table(data, self.folder / "tables" / f"{name}.csv")
        self.shown["tables"].append({"id": name, "caption": caption, "label": self._label(name)})
        if self.is_published:
            show.markdown(show.table_text(data, name, self._label(name), caption, is_whole=is_whole))
        else:
            show.web(show.table_html(data, caption, is_whole=is_whole), data.to_string())

    def say(self, text: str) -> None:
        """Show a sentence that was computed, in a box; one that begins with WARNING warns."""
        if self.is_published:
            show.markdown(show.box_text(text))
        else:
            show.web(show.box_html(text), text)

    def artifact(self, name: str) -> Path:
        """Path of a file for later pages, in a folder that exists; ParameterError outside the artifacts."""
        path = self.folder / "artifacts" / name
        if not path.resolve().is_relative_to((self.folder / "artifacts").resolve()):
            raise ParameterError(f"{name!r} does not stay in the artifacts of {self.ref.name}.")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def scope(self) -> studies.Scope:
        """What this run can answer: that of its sources, of the files it read and of the runs it built on."""
        own = self.ref.scope(self.parameters, registry.used())
        return "own" if "own" in self._upstream_scopes else own

    @property
    def checkpoints(self) -> Path:
        """Folder that outlives a killed run; named by the stale key, so that it never meets other code."""
        key = os.environ.get("REREAD_KEY", "")
        return places.state() / "checkpoints" / key[:16] if key else self.folder / "checkpoints"

    def upstream(self, chapter: str) -> list[Upstream]:
        """Finished pages of a chapter that this one needs, run with the same shared parameters.

        Returns one for each page that fits: of the profile, else a run that was made with ``-p``.
        ParameterError if the record does not name the chapter under ``needs``, since it would not be run
        before. RunError if none fits, or one that would fit has not run: its command is in the message.
        """
        if chapter not in self.ref.chapter.needs:
            near = did_you_mean(chapter, self.ref.chapter.needs)
            raise ParameterError(f"{self.ref.name} does not need {chapter!r} by its record. {near}")
        shared = pages.shared_parameters(self.ref, chapter)
        wanted = {name: self.parameters[name] for name in shared}
        refs = [ref for ref in self.ref.upstream if ref.chapter.key == chapter]
        found = {ref.name: run for ref in refs if (run := _finished(ref, wanted))}
        lacking = [ref for ref in refs if ref.name not in found and _fits(ref.parameters, wanted)]
        if lacking or not found:
            # with other parameters, any page of that chapter can be the upstream: name the shortest command
            lacking = lacking or [min(refs, key=lambda ref: len(pages.command(ref, wanted)))]
            commands = "\nRun:  ".join(pages.command(ref, wanted) for ref in lacking)
            values = ", ".join(f"{name}={value}" for name, value in wanted.items())
            name = lacking[0].name + (f" with {values}" if values else "")
            raise RunError(
                f"{self.ref.name} needs a finished run of {name}.\nRun:  {commands}", ExitCode.STALE
            )
        self._upstream_scopes |= {up.record.get("scope", "") for up in found.values()}
        return list(found.values())

    def close(self) -> None:
        """Show verdicts and checks, and write what was measured; RunError if nothing was measured."""
        if not self.values:
            raise RunError(
                f"{self.ref.name} measured nothing; a page needs at least one value.",
                exit_code=ExitCode.STALE,
            )
        claims, checks = self._verdicts(), self._checks()
        for name, data, caption in (
            ("verdicts", claims, "Claims that this page answers"),
            ("checks", checks, "Checks of this page"),
        ):
            if len(data):
                self.table(data, name, caption=caption, is_whole=True)
        shutil.rmtree(self.checkpoints, ignore_errors=True)
        write_json(self.folder / "measured.json", self._measured())

    def _measured(self) -> dict[str, Any]:
        """Everything the kernel knows of the run; the runner adds where and how it ran."""
        files = sorted((self.folder / "artifacts").rglob("*")) if (self.folder / "artifacts").is_dir() else []
        return {
            "schema": SCHEMA,
            "study": self.ref.study.key, "chapter": self.ref.chapter.key, "page": self.ref.page,
            "profile": self.ref.profile, "scope": self.scope,
            "parameters": self.parameters, "values": self.values, **self.shown,
            "artifacts": [str(f.relative_to(self.folder / "artifacts")) for f in files if f.is_file()],
            "data": registry.used(), "device": _device(),
            "cost": {"cpu_s": time.process_time() - self._started, "peak_mb": _peak_mb()},
        }  # fmt: skip

    def _check_name(self, name: str) -> None:
        """Refuse a name that is taken, or that files and cross-references cannot bear."""
        if any(name == entry["id"] for entries in self.shown.values() for entry in entries):
            raise ParameterError(f"{self.ref.name} shows {name!r} twice; each figure and table has its name.")
        measured.check_name(name)

    def _answers(self, entry: Any) -> bool:
        wanted = entry.answered_by
        return wanted is not None and (wanted.chapter, wanted.page) == (self.ref.chapter.key, self.ref.page)

    def _verdicts(self) -> pd.DataFrame:
        import pandas as pd

        rows = []
        for claim in filter(self._answers, self.ref.study.claims):
            found = verdicts.judge(claim, self.values.get(claim.answered_by.key), scope=self.scope)
            rows.append((claim.id, claim.says, claim.published.value, found.ours, found.word, found.reason))
        return pd.DataFrame(rows, columns=["claim", "says", "published", "ours", "verdict", "because"])

    def _checks(self) -> pd.DataFrame:
        import pandas as pd

        rows = []
        asked = [check for check in self.ref.study.checks if check.scope == self.scope]
        for check in filter(self._answers, asked):
            value = self.values.get(check.answered_by.key)
            outcome = verdicts.outcome(value, check.min, check.max)
            rows.append((check.id, check.says, check.min, check.max, value, outcome))
        return pd.DataFrame(rows, columns=["check", "says", "at least", "at most", "ours", "outcome"])

    def _label(self, name: str) -> str:
        return "-".join(filter(None, (self.ref.profile, *self.ref.name.replace(".", "/").split("/"), name)))


def open_page(name: str, variables: dict[str, Any]) -> Page:
    """Guard a notebook: check its parameters against the record before any data is read.

    ``name`` is ``study/chapter``; ``variables`` are the ``globals()`` of the notebook: its parameters, and
    whatever papermill injected. ParameterError if a parameter is unknown, missing, mistyped or out of range.
    RunError if a page that it builds on has no finished run.
    """
    study_key, _, chapter_key = name.partition("/")
    study = studies.find(study_key)
    chapter = study.chapter(chapter_key)
    given = {k: v for k, v in variables.items() if k in chapter.parameters or _may_be_parameter(k, v)}
    parameters = chapter.fitting(given)
    for missing in chapter.parameters.keys() - given.keys():
        raise ParameterError(f"{name} lacks its parameter {missing!r}.\nRun:  reread sync {study_key}")
    ref, run = _ref(study, chapter), os.environ.get("REREAD_RUN", "")
    folder = Path(run) if run else _scratch(name, parameters)
    page = Page(ref, parameters, folder, is_published=bool(run))
    for needed in filter(lambda key: pages.builds_on(ref, key), chapter.needs):
        page.upstream(needed)  # a page that cannot find what it builds on stops before any work
    folder.mkdir(parents=True, exist_ok=True)
    return page


def _scratch(name: str, parameters: dict[str, studies.Value]) -> Path:
    """Folder of a run outside of the runner: one for each set of parameters and process."""
    import psutil

    above = places.runs() / "scratch" / name
    key = digest(parameters)[:8]
    for old in above.glob(f"{key}-*"):
        pid = int(old.name.rpartition("-")[2])
        if pid == os.getpid() or not psutil.pid_exists(pid):
            shutil.rmtree(old, ignore_errors=True)
    return above / f"{key}-{os.getpid()}"


def _finished(ref: pages.PageRef, wanted: dict[str, studies.Value]) -> Upstream | None:
    """The finished run of a page with these values: of the profile, else the newest that was made with -p."""
    custom = (places.runs() / "custom").glob(f"{ref.name}-????????")
    newest = sorted(custom, key=lambda folder: (folder.stat().st_mtime, folder.name), reverse=True)
    for folder in (ref.folder, *newest):
        if not (folder / "record.json").is_file():
            continue
        record = read_json(folder / "record.json")
        if _fits(record.get("parameters", {}), wanted):
            return Upstream(ref.page, folder, record)
    return None


def _fits(parameters: dict[str, studies.Value], wanted: dict[str, studies.Value]) -> bool:
    return wanted.items() <= parameters.items()


def _ref(study: studies.Study, chapter: studies.Chapter) -> pages.PageRef:
    """The page that the runner says this is; by itself, the chapter in ``demo``."""
    profile, page = os.environ.get("REREAD_PROFILE") or "demo", os.environ.get("REREAD_PAGE", "")
    for name, value, known in (("PROFILE", profile, studies.PROFILES), ("PAGE", page, ["", *chapter.pages])):
        if value not in known:
            raise ParameterError(
                f"REREAD_{name} names no {name.lower()}: {value!r}. {did_you_mean(value, known)}"
            )
    return pages.PageRef(profile, study, chapter, page)


def _may_be_parameter(name: str, value: Any) -> bool:
    """Whether a variable of the notebook is data that somebody set, and not Python's or papermill's."""
    ours = not name.startswith(("_", "PAPERMILL_")) and name not in NOT_PARAMETERS
    return ours and (value is None or isinstance(value, (bool, int, float, str, list, tuple, dict)))


def _device() -> str:
    """Name of the accelerator, if a framework was loaded and found one."""
    torch = sys.modules.get("torch")
    return torch.cuda.get_device_name(0) if torch is not None and torch.cuda.is_available() else "cpu"


def _peak_mb() -> float:
    """Most memory that this process held, in units of 1024 squared bytes."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        import psutil

        return psutil.Process().memory_info().peak_wset / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)  # macOS counts bytes, Linux thousands
