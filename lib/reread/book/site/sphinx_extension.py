"""An extension of Sphinx: bars around a word in a docstring, as in ``|Spearman|``, stay bars."""

from __future__ import annotations

import re
from typing import Any

BARRED = re.compile(r"(?<![`\\\w])\|(\w+)\|(?![`\w])")


def setup(app: Any) -> dict[str, bool]:
    """Join Sphinx, which would take the bars for a substitution."""
    app.connect("autodoc-process-docstring", keep_bars)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def keep_bars(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Escape the bars in the lines of one docstring, in place, as Sphinx wants it."""
    lines[:] = [BARRED.sub(r"\\|\1\\|", line) for line in lines]
