"""What the networks of several studies train with: one device, one random stream, Lightning, a way back."""

from __future__ import annotations

import logging
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from torch import nn

from reread.core.errors import need
from reread.core.files import written_whole


def device_of(name: str) -> torch.device:
    """Return the device called ``name``; ``auto`` is a GPU where there is one, else the CPU."""
    return torch.device(("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name)


class Stream:
    """A random stream of its own: inside ``with stream:`` torch draws from it, outside nothing has changed.

    So that neither Lightning nor a chapter can shift the draws, and a checkpoint can hold them.
    """

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
        """Return tensors and numbers that ``restore`` takes back."""
        _, words, place, has_gauss, gauss = self.numpy.get_state()
        words = torch.as_tensor(words.astype(np.int64))
        return {"torch": self._inner, "numpy": [words, place, has_gauss, gauss]}

    def restore(self, state: dict) -> None:
        """Go on from a state."""
        words, place, has_gauss, gauss = state["numpy"]
        self.numpy.set_state(("MT19937", words.numpy().astype(np.uint32), place, has_gauss, gauss))
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
    """Train a recipe to ``epochs`` passes with Lightning, going on from ``checkpoint`` if it is there.

    Parameters
    ----------
    recipe
        What is trained: ``network``, ``optimizer``, ``stream`` and ``pass_over() -> dict`` (one pass over the
        training rows; returns what the curve shows). Lightning sees one step a pass, because its own step
        costs more than a batch of ours, and data that are on the device need no loader.
    epochs : int
        Passes in total, those before the checkpoint included.
    checkpoint : path, optional
        Written whole after every ``every`` passes. A run that was killed and goes on from it ends
        bit-identical to one that was not (weights, optimiser, random streams and curve are all in it).
    progress : bool
        Print one line for each tenth of the passes.

    Returns
    -------
    list of dict
        One entry a pass, first to last.
    """
    lightning = need("pytorch_lightning", type(recipe).__module__.split(".")[1])  # reread.<study>...
    callbacks = [_callback(lightning, checkpoint, every, epochs if progress else 0)]
    with _quiet():
        trainer = lightning.Trainer(
            max_epochs=epochs,
            accelerator="gpu" if recipe.stream.devices else "cpu",
            devices=1,
            callbacks=callbacks,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        module = _module(lightning, recipe)
        back = checkpoint if checkpoint is not None and checkpoint.exists() else None
        trainer.fit(module, [0], ckpt_path=back, weights_only=True)
    return module.curve


def finish(recipe, *, epochs: int, stem: Path | None, every: int, progress: bool = False) -> list[dict]:
    """Train a recipe to its end, or read the end back; return the curve, as :func:`fit`.

    Parameters
    ----------
    stem : path, optional
        ``<stem>.ckpt`` holds the way so far and is removed at the end; ``<stem>.pt`` holds weights and curve.
    recipe, epochs, every, progress
        As :func:`fit`.
    """
    if stem is None:
        return fit(recipe, epochs=epochs, progress=progress)
    checkpoint, finished = Path(f"{stem}.ckpt"), Path(f"{stem}.pt")
    if finished.exists():
        kept = torch.load(finished, map_location=recipe.device, weights_only=True)
        recipe.network.load_state_dict(kept["network"])
        return kept["curve"]
    curve = fit(recipe, epochs=epochs, checkpoint=checkpoint, every=every, progress=progress)
    with written_whole(finished) as part:
        torch.save({"network": recipe.network.state_dict(), "curve": curve}, part)
    checkpoint.unlink(missing_ok=True)
    return curve


def _module(lightning: ModuleType, recipe) -> nn.Module:
    class Passes(lightning.LightningModule):
        """A recipe as Lightning sees it: one step a pass, random streams in the checkpoint."""

        def __init__(self):
            super().__init__()
            self.network, self.curve, self.automatic_optimization = recipe.network, [], False

        def configure_optimizers(self):
            return recipe.optimizer

        def training_step(self, batch, batch_index):
            self.curve.append(recipe.pass_over())

        def on_save_checkpoint(self, checkpoint):
            checkpoint["reread"] = {"stream": recipe.stream.state(), "curve": self.curve}

        def on_load_checkpoint(self, checkpoint):
            recipe.stream.restore(checkpoint["reread"]["stream"])
            self.curve = checkpoint["reread"]["curve"]

    return Passes()


def _callback(lightning: ModuleType, checkpoint: Path | None, every: int, shown_epochs: int):
    class AfterEachPass(lightning.Callback):
        """Save whole, and say how far it is."""

        def on_train_epoch_end(self, trainer, module):
            done = trainer.current_epoch + 1
            if checkpoint is not None and done % every == 0:
                with written_whole(checkpoint) as part:
                    trainer.save_checkpoint(part)
            if shown_epochs and done * 10 // shown_epochs > (done - 1) * 10 // shown_epochs:
                loss = " ".join(f"{name} {value:.4f}" for name, value in module.curve[-1].items())
                print(f"pass {done}/{shown_epochs}  {loss}", file=sys.stderr)

    return AfterEachPass()


@contextmanager
def _quiet():
    """Silence Lightning's banner and its advice, which would differ from machine to machine on a page."""
    logger = logging.getLogger("pytorch_lightning")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    logger.setLevel(level)
