"""Training loop of the torch networks: device, random stream, checkpoints to resume from."""

from __future__ import annotations

import copy
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reread.core.files import written_whole

DAMAGED = (OSError, EOFError, RuntimeError, pickle.UnpicklingError, KeyError, ValueError, TypeError,
           AttributeError, IndexError)  # fmt: skip


def device_of(name: str) -> torch.device:
    """Return the device called ``name``; ``auto`` is a GPU where there is one, else the CPU."""
    return torch.device(("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name)


class Stream:
    """A random stream of its own: inside ``with stream:`` torch draws from it; a checkpoint can store it."""

    def __init__(self, seed: int, device: torch.device):
        self.numpy = np.random.RandomState(seed)  # the authors' generator, for equal draws
        self.devices = [device] if device.type == "cuda" else []
        self._outer = self._states()
        torch.manual_seed(seed)
        self._inner = self._swap(self._outer)

    def __enter__(self) -> Stream:
        self._outer = self._swap(self._inner)
        return self

    def __exit__(self, *_) -> None:
        self._inner = self._swap(self._outer)

    def state(self) -> dict:
        """Return the state as tensors and numbers, for ``restore``."""
        _, words, position, has_gauss, gauss = self.numpy.get_state()
        words = torch.as_tensor(words.astype(np.int64))
        return {"torch": self._inner, "numpy": [words, position, has_gauss, gauss]}

    def restore(self, state: dict) -> None:
        """Continue from a state that ``state`` returned."""
        words, position, has_gauss, gauss = state["numpy"]
        self.numpy.set_state(("MT19937", words.numpy().astype(np.uint32), position, has_gauss, gauss))
        self._inner = [part.cpu() for part in state["torch"]]

    def _swap(self, states: list) -> list:
        before = self._states()
        torch.set_rng_state(states[0])
        for device, state in zip(self.devices, states[1:], strict=True):
            torch.cuda.set_rng_state(state, device)
        return before

    def _states(self) -> list:
        return [torch.get_rng_state(), *(torch.cuda.get_rng_state(device) for device in self.devices)]


def fit(
    recipe, *, epochs: int, checkpoint: Path | None = None, every: int = 1, progress: bool = False
) -> list[dict]:
    """Train a recipe to ``epochs`` epochs in total, resuming from ``checkpoint`` if it exists.

    ``recipe`` has ``network``, ``optimizer``, ``stream``, ``device`` and ``run_epoch() -> dict``: it trains
    one epoch and returns its losses. The checkpoint is written every ``every`` epochs; a resumed run ends
    bit-identical to an uninterrupted one. Returns the losses of each epoch.
    """
    curve: list[dict] = []
    if checkpoint is not None:
        curve = _restored(checkpoint, recipe, lambda kept: _restore(recipe, kept)) or []
    for done in range(len(curve) + 1, epochs + 1):
        curve.append(recipe.run_epoch())
        if checkpoint is not None and done % every == 0:
            _save(checkpoint, {**_state(recipe), "curve": curve})
        if progress and done * 10 // epochs > (done - 1) * 10 // epochs:
            losses = " ".join(f"{name} {value:.4f}" for name, value in curve[-1].items())
            print(f"epoch {done}/{epochs}  {losses}", file=sys.stderr)
    return curve


def finish(recipe, *, epochs: int, stem: Path | None, every: int, progress: bool = False) -> list[dict]:
    """Train a recipe as :func:`fit` and keep the result in ``<stem>.pt``, or read a result kept earlier."""
    if stem is None:
        return fit(recipe, epochs=epochs, progress=progress)
    checkpoint, finished = Path(f"{stem}.ckpt"), Path(f"{stem}.pt")
    curve = _restored(finished, recipe, lambda kept: recipe.network.load_state_dict(kept["network"]))
    if curve is None:
        curve = fit(recipe, epochs=epochs, checkpoint=checkpoint, every=every, progress=progress)
        _save(finished, {"network": recipe.network.state_dict(), "curve": curve})
        checkpoint.unlink(missing_ok=True)
    return curve


def _state(recipe) -> dict[str, Any]:
    return {
        "network": recipe.network.state_dict(),
        "optimizer": recipe.optimizer.state_dict(),
        "stream": recipe.stream.state(),
    }


def _restore(recipe, kept: dict[str, Any]) -> None:
    recipe.network.load_state_dict(kept["network"])
    recipe.optimizer.load_state_dict(kept["optimizer"])
    recipe.stream.restore(kept["stream"])


def _restored(path: Path, recipe, restore: Callable[[dict], Any]) -> list[dict] | None:
    """Curve of a stored training after restoring it; None if there is none or it is damaged (set aside)."""
    if not path.exists():
        return None
    before = copy.deepcopy(_state(recipe))
    try:
        kept = torch.load(path, map_location=recipe.device, weights_only=True)
        restore(kept)
        return list(kept["curve"])
    except DAMAGED as error:
        _restore(recipe, before)
        aside = path.with_name(f"{path.name}.damaged")
        path.replace(aside)
        reason = " ".join(str(error).split())[:80] or type(error).__name__
        print(f"Checkpoint {path} is damaged ({reason}); it was moved to {aside.name}.", file=sys.stderr)
        return None


def _save(path: Path, state: dict[str, Any]) -> None:
    """Write a file under a temporary name, force it to disk, then rename it."""
    with written_whole(path) as part, part.open("wb") as stream:
        torch.save(state, stream)
        stream.flush()
        os.fsync(stream.fileno())
