"""What may be published: only pages whose run is fresh and complete.

Jupyter Book renders a failed, a hollow or a never-run notebook without complaint, so the book asks here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reread.book.status import staleness as stale
from reread.core import files
from reread.core.errors import RunError
from reread.pages import PageRef, pages
from reread.studies import PROFILES, Profile

NOT_PUBLISHED = 9
SUFFIXES = {"figures": (".svg", ".png", ".csv"), "tables": (".csv",), "artifacts": ("",)}


@dataclass(frozen=True)
class Shelf:
    """Pages that the book shows, with their records, and those it leaves out, with the reason."""

    profile: Profile
    pages: tuple[PageRef, ...]
    left_out: tuple[str, ...]
    records: dict[tuple[Profile, str], dict[str, Any]]

    def record(self, ref: PageRef) -> dict[str, Any]:
        """The record of a page's run."""
        return self.records[ref.profile, ref.name]

    def of(self, study: str, profile: Profile) -> list[PageRef]:
        """Pages of one study in one profile, in reading order."""
        return [ref for ref in self.pages if ref.study.key == study and ref.profile == profile]


def check(ref: PageRef) -> None:
    """Refuse a page that must not be published.

    Raises
    ------
    RunError
        With exit code 9, if the run is missing, failed, interrupted, hollow, stale or not complete.
    """
    reason = _reason(ref, stale.state(ref))
    if reason:
        raise RunError(_message(ref.profile, [f"  {ref.name}  {reason}"], 1, ref.study.key), NOT_PUBLISHED)


def admit(profile: Profile, study: str = "") -> Shelf:
    """Let in every page of a profile or none; pages of other profiles come along when they may.

    Parameters
    ----------
    profile : str
        The profile that was asked for: all of its pages must be fresh and complete.
    study : str
        Ask so of one study only; all when empty.

    Raises
    ------
    RunError
        With exit code 9, naming each page, why, and the command that makes it.
    """
    reasons = {p: _reasons(pages(p)) for p in PROFILES}
    asked = [ref for ref in pages(profile, study) if reasons[profile][ref.name]]
    if asked:
        lines = [f"  {ref.name}  {reasons[profile][ref.name]}" for ref in asked]
        raise RunError(_message(profile, lines, len(pages(profile, study)), study), NOT_PUBLISHED)
    admitted = [ref for p in PROFILES for ref in pages(p) if not reasons[p][ref.name]]
    left_out = [
        f"{ref.name} ({p}) is left out: {reasons[p][ref.name]}"
        for p in PROFILES
        for ref in pages(p)
        if reasons[p][ref.name] not in ("", "never run")
    ]
    records = {(ref.profile, ref.name): files.read_json(ref.folder / "record.json") for ref in admitted}
    return Shelf(profile, tuple(admitted), tuple(left_out), records)


def _reasons(refs: list[PageRef]) -> dict[str, str]:
    """Page name to why it must not be published; empty when it may."""
    states = stale.states(refs)
    return {ref.name: _reason(ref, states[ref.name]) for ref in refs}


def _reason(ref: PageRef, state: stale.State) -> str:
    return str(state) if state.word != "fresh" else _missing(ref)


def _missing(ref: PageRef) -> str:
    """Name the first file that the record speaks of and the run does not hold."""
    record = files.read_json(ref.folder / "record.json")
    for kind, suffixes in SUFFIXES.items():
        for entry in record.get(kind, ()):
            name = entry if isinstance(entry, str) else entry["id"]
            for suffix in suffixes:
                if not (ref.folder / kind / f"{name}{suffix}").is_file():
                    return f"incomplete: {Path(kind) / (name + suffix)} is missing"
    return ""


def _message(profile: Profile, lines: list[str], n_asked: int, study: str) -> str:
    of_study = f" --study {study}" if study else ""
    return "\n".join(
        [
            f"{len(lines)} of {n_asked} pages of {profile} cannot be published:",
            *lines,
            f"Run:  reread build --profile {profile}{of_study}",
        ]
    )
