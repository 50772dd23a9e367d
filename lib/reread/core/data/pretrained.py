"""Find pretrained weights: a file, a folder as transformers saves it, or the id of a model on the hub."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reread.core.errors import DataError, need, short
from reread.core.files import read_json
from reread.core.tables import door

CONFIG = "config.json"
NAMES = ("model.safetensors", "pytorch_model.bin")
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Pretrained:
    """The file of the weights, and what ``config.json`` beside it says (empty for a file alone)."""

    weights: Path
    config: dict[str, Any] = field(default_factory=dict)


def find_pretrained(source: str | Path, *, extra: str) -> Pretrained:
    """Find the weights that ``source`` names; a model of the hub is downloaded once and kept there.

    A folder, or a model of the hub, holds ``config.json`` and the weights in one file of ``NAMES``. ``extra``
    is the extra of the package that brings ``huggingface_hub``. DataError if a file is missing or malformed,
    or the hub has no such model or cannot be reached.
    """
    path = Path(source)
    if path.is_file():
        return Pretrained(path)
    folder = path if path.is_dir() else _from_hub(str(source), extra)
    found = [folder / name for name in NAMES if (folder / name).is_file()]
    if not found:
        raise DataError(f"{folder} must hold {' or '.join(NAMES)}, but has neither.\nGive another folder.")
    with door(folder / CONFIG, "JSON") as checked:
        config = read_json(checked)
    if not isinstance(config, dict):
        raise DataError(f"{folder / CONFIG} must hold names and values, but is {short(config)}.")
    return Pretrained(found[0], config)


def _from_hub(name: str, extra: str) -> Path:
    if not HUB_ID.fullmatch(name):
        raise DataError(
            f"{short(name)} is no file, no folder, and no id of a model on the hub (owner/name).\n"
            f"Check the path of the weights."
        )
    hub = need("huggingface_hub", extra)
    try:
        return Path(hub.snapshot_download(name, allow_patterns=[CONFIG, *NAMES]))
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(
            f"{name} is neither a folder here nor a model that the hub gave: {short(error)}\n"
            f"Download the model elsewhere, and give its folder."
        ) from None
