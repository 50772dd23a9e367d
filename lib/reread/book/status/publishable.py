"""What may be published: only pages whose run is fresh and as it was when it ended.

Jupyter Book renders a failed, a hollow or a never-run notebook without complaint, so the book asks here.
"""

from __future__ import annotations

from dataclasses import dataclass

from reread.book.status.run_record import STALE, RunRecord
from reread.book.status.staleness import Status
from reread.core.errors import RunError
from reread.pages import PageRef, pages
from reread.studies import PROFILES, Profile


@dataclass(frozen=True)
class Shelf:
    """Pages that the book shows, with their records, and those it leaves out, with the reason."""

    profile: Profile
    pages: tuple[PageRef, ...]
    left_out: tuple[str, ...]
    records: dict[tuple[Profile, str], RunRecord]
    status: Status

    def record(self, ref: PageRef) -> RunRecord:
        """The record of a page's run."""
        return self.records[ref.profile, ref.name]

    def of(self, study: str, profile: Profile) -> list[PageRef]:
        """Pages of one study in one profile, in reading order."""
        return [ref for ref in self.pages if ref.study.key == study and ref.profile == profile]


def admit(profile: Profile, study: str = "", status: Status | None = None) -> Shelf:
    """Let in every page of a profile or none; pages of other profiles come along when they may."""
    status = status or Status()
    asked = pages(profile, study)
    lines = [f"  {ref.name}  {status.state(ref)}" for ref in asked if status.state(ref).word != "fresh"]
    if lines:
        raise RunError(_message(profile, lines, len(asked), study), STALE)
    every = [ref for p in PROFILES for ref in pages(p)]
    admitted = [ref for ref in every if status.state(ref).word == "fresh"]
    left_out = [
        f"{ref.name} ({ref.profile}) is left out: {status.state(ref)}"
        for ref in every
        if status.state(ref).word not in ("fresh", "never run")
    ]
    records = {(ref.profile, ref.name): status.record(ref) for ref in admitted}
    return Shelf(profile, tuple(admitted), tuple(left_out), records, status)


def _message(profile: Profile, lines: list[str], n_asked: int, study: str) -> str:
    of_study = f" --study {study}" if study else ""
    return "\n".join(
        [
            f"{len(lines)} of {n_asked} pages of {profile} cannot be published:",
            *lines,
            f"Run:  reread build --profile {profile}{of_study}",
        ]
    )
