"""What may be published: only pages whose run is fresh and as it was when it ended.

Jupyter Book renders a failed, a hollow or a never-run notebook without complaint, so the book asks here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reread.book.status.run_record import RunRecord
from reread.book.status.staleness import Status
from reread.core.errors import ExitCode, RunError
from reread.pages import PageRef, pages
from reread.studies import Profile

# profiles in the order of the book: real data first
SHOWN: tuple[Profile, ...] = ("real", "paper", "demo")


@dataclass(frozen=True)
class Shelf:
    """Pages that the book shows, with their records, and those it leaves out, with the reason."""

    pages: tuple[PageRef, ...]
    left_out: tuple[str, ...]
    status: Status
    recorded: dict[tuple[Profile, str], Path]

    def is_recorded(self, ref: PageRef) -> bool:
        """Whether the run of a page travelled with the repository."""
        return (ref.profile, ref.name) in self.recorded

    def folder(self, ref: PageRef) -> Path:
        """Folder of a page's run."""
        return self.recorded.get((ref.profile, ref.name), ref.folder)

    def moved(self, ref: PageRef) -> list[str]:
        """Fields in which a recorded run differs from one that would be made today."""
        return self.status.state(ref).moved

    def record(self, ref: PageRef) -> RunRecord:
        """The record of a page's run."""
        return self.status.record(ref)

    def of(self, study: str, profile: Profile) -> list[PageRef]:
        """Pages of one study in one profile, in reading order."""
        return [ref for ref in self.pages if ref.study.key == study and ref.profile == profile]


def admit(
    profile: Profile,
    study: str = "",
    status: Status | None = None,
    recorded: dict[tuple[Profile, str], Path] | None = None,
) -> Shelf:
    """Let in every page of a profile or none; pages of other profiles come along when they may.

    ``recorded``: folders of the recorded runs that ``status`` has adopted, shown even where something moved.
    """
    status = status or Status()
    asked = pages(profile, study)
    lines = [f"  {ref.name}  {status.state(ref)}" for ref in asked if status.state(ref).word != "fresh"]
    if lines:
        said = f"{len(lines)} of {len(asked)} pages of {profile} cannot be published:"
        again = f"Run:  reread build --profile {profile}{f' --study {study}' if study else ''}"
        raise RunError("\n".join([said, *lines, again]), ExitCode.STALE)
    admitted, left_out, recorded = [], [], recorded or {}
    for ref in (ref for shown in SHOWN for ref in pages(shown)):
        state = status.state(ref)
        if state.word == "fresh" or (ref.profile, ref.name) in recorded:
            admitted.append(ref)
        elif state.word != "never run":
            left_out.append(f"{ref.name} ({ref.profile}) is left out: {state}")
    return Shelf(tuple(admitted), tuple(left_out), status, recorded)
