"""Show something in a notebook, in a form that Jupyter and the book both read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PREFIX = "application/papermill.record/"


def glue(key: str, value: Any) -> None:
    """Leave a value in the notebook where the book's ``glue`` role finds it, showing nothing."""
    from IPython.display import display

    shown = {PREFIX + "text/plain": repr(value)}
    display(shown, raw=True, metadata={"scrapbook": {"name": key, "mime_prefix": PREFIX}})


def markdown(text: str) -> None:
    """Show MyST text."""
    from IPython.display import Markdown, display

    display(Markdown(text))


def image(path: Path, alt: str) -> None:
    """Show a picture, with the words that stand for it."""
    from IPython.display import Image, display

    display(Image(path.read_bytes(), alt=alt))
