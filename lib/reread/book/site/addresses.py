"""Where a page of the book lies, and how another one links to it."""

from __future__ import annotations

from pathlib import PurePosixPath

from reread.book.site import markup as myst
from reread.pages import PageRef


def document(ref: PageRef) -> PurePosixPath:
    """Where a page lies in the stage, without ending."""
    return PurePosixPath(ref.study.key, ref.profile, ref.name.partition("/")[2], "index")


def link(ref: PageRef) -> str:
    """Link to a page by its title, with its profile."""
    return myst.link(f"{ref.title} ({ref.profile})", document(ref))
