from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def real(mirror, monkeypatch) -> Path:
    """Folder of the published files, which the registry finds there."""
    monkeypatch.setenv("REREAD_MIRROR", str(mirror))
    return mirror / "lincs"
