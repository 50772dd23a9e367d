from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def mirror() -> Path:
    """Folder of the published files; tests that read them are skipped where it is absent."""
    folder = Path(os.environ.get("REREAD_MIRROR", "").removeprefix("file://") or ROOT.parent / "shared/data")
    if not (folder / "networks").is_dir():
        pytest.skip(f"the published files are not at {folder}; name their folder with REREAD_MIRROR")
    return folder
