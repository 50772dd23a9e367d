"""Pages: one chapter with one set of parameters in one profile, and the folder of its run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reread.core import paths as places
from reread.core.data import registry
from reread.core.errors import ParameterError, did_you_mean
from reread.studies import PROFILES, SCOPES, Chapter, Profile, Scope, Source, Study, Value, every, find


@dataclass(frozen=True)
class PageRef:
    """One page in one profile: its notebook, parameters, data and folder."""

    profile: Profile
    study: Study
    chapter: Chapter
    page: str = ""

    @property
    def name(self) -> str:
        """``networks/02-deeptgi.simulated``: the word of the command line."""
        return f"{self.study.key}/{self.chapter.key}" + (f".{self.page}" if self.page else "")

    @property
    def title(self) -> str:
        """Title of the chapter, and of the page where it has one."""
        return self.chapter.title + (f": {self.chapter.pages[self.page].title}" if self.page else "")

    @property
    def folder(self) -> Path:
        """Folder of the finished run."""
        return places.runs() / self.profile / self.name

    @property
    def notebook(self) -> Path:
        """The source notebook, stored without outputs."""
        return places.root() / "chapters" / self.study.key / f"{self.chapter.key}.ipynb"

    @property
    def parameters(self) -> dict[str, Value]:
        """Value of every parameter."""
        return self.chapter.fitting(self.chapter.values(self.profile, self.page))

    @property
    def upstream(self) -> list[PageRef]:
        """Every page, in this profile, of the chapters this one needs."""
        return [ref for ref in _of(self.study, self.profile) if ref.chapter.key in self.chapter.needs]

    def datasets(self, parameters: dict[str, Value] | None = None) -> tuple[str, ...]:
        """Keys of the files that these parameter values read; of a series every member."""
        words = [word for source in self._sources(parameters) for word in source.datasets]
        return tuple(registry.matching(words))

    def scope(self, parameters: dict[str, Value] | None = None, used: list[dict] | None = None) -> Scope:
        """What the run can answer: the narrowest scope among its sources, or among those of upstream pages.

        It is ``own`` if a file in ``used`` is not byte for byte one that is pinned in ``data/datasets.yml``.
        """
        if any(registry.published(entry["key"]) != entry["sha256"] for entry in used or ()):
            return "own"
        scopes = [source.scope for source in self._sources(parameters)]
        scopes = scopes or [up.scope() for up in self.upstream]
        return min(scopes, key=SCOPES.index, default="simulated")

    def _sources(self, parameters: dict[str, Value] | None) -> list[Source]:
        return [self.study.sources[key] for key in self.chapter.sources(parameters or self.parameters)]


def pages(profile: Profile, study: str = "") -> list[PageRef]:
    """Every page of a profile, in reading order; of one study when named."""
    return [ref for record in ([find(study)] if study else every()) for ref in _of(record, profile)]


def _of(study: Study, profile: Profile) -> Iterator[PageRef]:
    for chapter in study.chapters:
        keys = [key for key, page in chapter.pages.items() if profile in page.profiles]
        yield from (PageRef(profile, study, chapter, key) for key in (keys if chapter.pages else [""]))


def page(name: str, profile: Profile = "demo") -> PageRef:
    """Find ``study/chapter.page``; the page may be left out where a profile has only one."""
    study, _, rest = name.partition("/")
    record = find(study)
    chapter, _, key = rest.partition(".")
    record.chapter(chapter)
    fits = [ref for ref in pages(profile, study) if ref.chapter.key == chapter and key in ("", ref.page)]
    if len(fits) == 1:
        return fits[0]
    known = [ref.page for ref in pages(profile, study) if ref.chapter.key == chapter]
    if not fits:
        near = did_you_mean(key, known)
        raise ParameterError(f"{study}/{chapter} has no page {key!r} in {profile}. {near}")
    raise ParameterError(f"{name} has several pages in {profile}; add one of: .{', .'.join(known)}")


def builds_on(ref: PageRef, chapter: str) -> bool:
    """Whether the notebook builds on files of that chapter; others only come after it."""
    return ref.notebook.is_file() and f'upstream(\\"{chapter}\\")' in ref.notebook.read_text(encoding="utf-8")


def shared_parameters(ref: PageRef, chapter: str) -> list[str]:
    """Parameters of one name in both chapters, and of one value wherever both read the same source."""
    both = [
        (mine.parameters, other.parameters)
        for profile in PROFILES
        for mine in pages(profile, ref.study.key)
        if mine.chapter.key == ref.chapter.key
        for other in mine.upstream
        if other.chapter.key == chapter
    ]
    same = [(a, b) for a, b in both if a.get("source") == b.get("source")]
    names = [name for name in ref.chapter.parameters if name in ref.study.chapter(chapter).parameters]
    return [name for name in names if name == "source" or (same and all(a[name] == b[name] for a, b in same))]


def command(ref: PageRef, wanted: dict[str, Value]) -> str:
    """The command that runs a page with these values."""
    other = [f"-p {name}={value}" for name, value in wanted.items() if ref.parameters.get(name) != value]
    return " ".join([f"reread run {ref.name} --profile {ref.profile}", *other])
