"""The figures of this study. Each function returns a matplotlib Figure and the table behind it."""

from __future__ import annotations

__all__: list[str] = []
