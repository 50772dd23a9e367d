"""Numbers as a reader wants them."""

from __future__ import annotations

from typing import Any


def number(value: Any) -> str:
    """A measured or published value as a reader wants it: three places, a dash for none."""
    if value is None or value != value:
        return "–"
    if isinstance(value, float) and value.is_integer():
        return f"{value:,.0f}"
    if isinstance(value, float):
        size = abs(value)
        return f"{value:.2g}" if size < 0.001 else f"{value:.3f}" if size < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def printed(value: float | None) -> str:
    """A published value with the digits it was printed with; a dash for none."""
    return "–" if value is None else f"{value:g}"


def n_bytes(count: int) -> str:
    """A file size in words."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"
