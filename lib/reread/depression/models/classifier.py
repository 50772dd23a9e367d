"""BERT on gene tokens: fine-tuning to tell cases from controls, and embeddings of cells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import nn
from transformers.models.bert.configuration_bert import BertConfig
from transformers.models.bert.modeling_bert import BertForSequenceClassification
from transformers.utils import logging

from reread.core.errors import DataError, ParameterError
from reread.core.training.epochs import BestEpoch, by_tokens, length_grouped
from reread.core.training.loop import Stream, device_of
from reread.core.training.loop import fit as train_epochs
from reread.core.training.number_format import number_format
from reread.depression.data.rank_values import Cells

logging.set_verbosity_error()  # neither its warnings nor its bars belong on a page
logging.disable_progress_bar()
WITHOUT_DECAY = ("bias", "LayerNorm.weight")
EVALUATION_TOKENS = 65_536  # of a batch that is only predicted


@dataclass(frozen=True)
class Settings:
    """How a network is fine-tuned; the defaults are the authors'.

    ``batch`` are the cells of one step (theirs were 12 on each of 3 GPUs), cut into ``accumulate`` parts that
    fit into memory. The rate of AdamW rises over ``warmup`` steps and then falls linearly to 0. The first
    ``frozen_layers`` are not trained, nor is then the embedding; the authors set 3 and never used it.
    ``precision`` is float32, or bfloat16 in autocast. ``n_gpus`` share a batch (``DataParallel``).
    """

    epochs: int = 10
    batch: int = 36
    accumulate: int = 1
    rate: float = 5e-5
    weight_decay: float = 1e-3
    warmup: int = 500
    frozen_layers: int = 0
    precision: str = "float32"
    n_gpus: int = 1


@dataclass(frozen=True)
class Form:
    """The network to start from: the checkpoint where one is named, else random weights of this form.

    ``width`` are values of a token, ``max_len`` the longest sequence in tokens; ``checkpoint`` is a folder or
    a model of the hub.
    """

    width: int
    layers: int
    heads: int
    max_len: int
    checkpoint: str = ""

    def make(self, n_tokens: int, seed: int) -> Classifier:
        """A new network for ``n_tokens`` tokens; a checkpoint for shorter sequences is refused.

        Random weights have Geneformer's form: ReLU, feed-forward twice the width. Attention has no dropout
        (Geneformer: 0.02), which would cost torch its fast attention on a CPU.
        """
        if not self.checkpoint:
            if self.width % self.heads:
                raise ParameterError(f"The width {self.width} must be a multiple of the heads, {self.heads}.")
            shape = BertConfig(
                vocab_size=n_tokens, hidden_size=self.width, num_hidden_layers=self.layers,
                num_attention_heads=self.heads, intermediate_size=2 * self.width, hidden_act="relu",
                max_position_embeddings=self.max_len, hidden_dropout_prob=0.02,
                attention_probs_dropout_prob=0.0, pad_token_id=0, num_labels=2,
            )  # fmt: skip
            with Stream(seed, torch.device("cpu")):
                return Classifier(BertForSequenceClassification(shape))
        model = Classifier.from_pretrained(self.checkpoint, seed=seed)
        longest, size = model.network.config.max_position_embeddings, model.network.config.vocab_size
        if longest < self.max_len or size < n_tokens:
            raise ParameterError(
                f"{self.checkpoint} takes {longest} of {size} tokens, but cells have {self.max_len} of "
                f"{n_tokens}.\nGive max_len={longest}, and the vocabulary of the checkpoint."
            )
        return model


class Classifier:
    """A BERT classifier of cells; :meth:`Form.make` and :meth:`from_pretrained` make one."""

    def __init__(self, network: BertForSequenceClassification, device: str = "auto"):
        self.device = device_of(device)
        self.network = network.to(self.device).eval()

    @classmethod
    def from_pretrained(cls, source: str | Path, *, seed: int = 0) -> Classifier:
        """Read a checkpoint: a folder, or the id of a model on the Hugging Face hub.

        A checkpoint without a head for two classes, as the pretrained Geneformer, gets a random one (and a
        random pooler) by ``seed``. A missing or damaged checkpoint is a DataError.
        """
        try:
            with Stream(seed, torch.device("cpu")):
                return cls(BertForSequenceClassification.from_pretrained(str(source), num_labels=2))
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            reason = " ".join(str(error).split())[:200]
            raise DataError(
                f"{source} is no checkpoint of a BERT network that can be read ({reason}).\n"
                f"Give a folder with config.json and model.safetensors, or the id of a model on the hub."
            ) from None

    def save(self, folder: Path) -> None:
        """Write ``config.json`` and ``model.safetensors``, which :meth:`from_pretrained` reads."""
        self.network.save_pretrained(folder)

    def fit(
        self, cells: Cells, labels: npt.NDArray, train: npt.NDArray, validation: npt.NDArray | None = None, *,
        settings: Settings, seed: int = 0, checkpoint_folder: Path | None = None,
    ) -> pd.DataFrame:  # fmt: skip
        """Fine-tune on the cells of ``train``, and keep the epoch with the least loss on ``validation``.

        ``labels`` (cell,) are 0 for control and 1 for case; ``train`` and ``validation`` are masks (cell,),
        and without the second the last epoch is kept. ``seed`` orders the cells and draws the dropout.
        ``checkpoint_folder`` holds the state after each epoch, from which a run that was killed goes on, with
        the same result. Returns ``epoch``, ``train_loss``, ``validation_loss`` and ``is_kept``.
        """
        rows = [np.flatnonzero(one & (cells.lengths > 0)) for one in (train, validation) if one is not None]
        recipe = _Recipe(self, cells, labels, settings, seed, *rows)
        checkpoint = None if checkpoint_folder is None else Path(checkpoint_folder) / "classifier.ckpt"
        curve = train_epochs(recipe, epochs=settings.epochs, checkpoint=checkpoint)
        kept = recipe.network.finish()
        self.network.eval()
        table = pd.DataFrame(curve).assign(epoch=np.arange(1, len(curve) + 1))
        return table.assign(is_kept=table["epoch"] == (kept or len(curve)))

    @torch.inference_mode()
    def predict_proba(self, cells: Cells, *, precision: str = "float32") -> npt.NDArray[np.float32]:
        """Probability (cell,) of the label 1; NaN for a cell without tokens."""
        out = np.full(len(cells), np.nan, dtype=np.float32)
        for rows in by_tokens(np.flatnonzero(cells.lengths), cells.lengths, EVALUATION_TOKENS):
            logits = _logits(self.network, cells, rows, self.device, precision)
            out[rows] = torch.softmax(logits.float(), dim=1)[:, 1].cpu().numpy()
        return out

    @torch.inference_mode()
    def embed(
        self, tokens: npt.NDArray[np.int64], positions: npt.NDArray[np.int64] | None = None, *,
        pool: str = "mean", precision: str = "float32",
    ) -> npt.NDArray[np.float32]:  # fmt: skip
        """States of the last layer (sequence, width), mean over all tokens, as the authors took them.

        ``tokens`` (sequence, token) are of equal length, so that attention needs no mask. ``positions``, of
        the same shape, are 0, 1, 2 ... by default. ``pool="none"`` gives (sequence, token, width).
        """
        ids, places = (
            None if one is None else torch.as_tensor(np.asarray(one), dtype=torch.long, device=self.device)
            for one in (tokens, positions)
        )
        with number_format(precision, self.device):
            hidden = self.network.bert.embeddings(input_ids=ids, position_ids=places)
            for one in self.network.bert.encoder.layer:
                hidden = one(hidden, None)
        hidden = hidden.float()
        return (hidden.mean(dim=1) if pool == "mean" else hidden).cpu().numpy()


class _Recipe:
    """What ``core.training.loop.fit`` trains: one epoch of batches, grouped by length."""

    def __init__(self, model, cells, labels, settings, seed, train, validation=None):
        self.cells, self.labels, self.train, self.validation = cells, labels, train, validation
        self.settings, self.device = settings, model.device
        self.stream = Stream(seed, model.device)
        self.network = BestEpoch(model.network)
        self.called = model.network
        if settings.n_gpus > 1:
            n_here = torch.cuda.device_count()
            if n_here < settings.n_gpus:
                raise ParameterError(f"n_gpus is {settings.n_gpus}, but {n_here} are here.")
            self.called = nn.DataParallel(model.network, list(range(settings.n_gpus)))
        model.network.requires_grad_(True)
        if settings.frozen_layers:
            model.network.bert.embeddings.requires_grad_(False)
            model.network.bert.encoder.layer[: settings.frozen_layers].requires_grad_(False)
        groups = [{"params": [], "weight_decay": decay} for decay in (settings.weight_decay, 0.0)]
        for name, one in model.network.named_parameters():
            if one.requires_grad:
                groups[name.endswith(WITHOUT_DECAY)]["params"].append(one)
        self.optimizer = torch.optim.AdamW(groups, lr=settings.rate, fused=True)

    def run_epoch(self) -> dict:
        """Train one epoch and return its losses."""
        batches = length_grouped(self.train, self.cells.lengths, self.settings.batch, self.stream.numpy)
        done, warmup = int(self.network.numbers[2]), self.settings.warmup
        n_steps = max(self.settings.epochs * len(batches), warmup + 1)
        self.network.now.train()
        with self.stream:
            rates = np.interp(done * len(batches) + np.arange(len(batches)), [0, warmup, n_steps], [0, 1, 0])
            losses = [self._step(rows, rate) for rows, rate in zip(batches, rates, strict=True)]
        loss = {"train_loss": float(np.mean(losses))}
        self.network.now.eval()
        if self.validation is not None:
            loss["validation_loss"] = self._validation_loss()
        self.network.seen(loss.get("validation_loss", float("inf")))
        return loss

    def _step(self, rows: npt.NDArray, rate: float) -> float:
        total = 0.0
        for group in self.optimizer.param_groups:
            group["lr"] = float(self.settings.rate * rate)  # a NumPy number could not be read again
        for part in np.array_split(rows, min(self.settings.accumulate, len(rows))):
            loss = self._loss(part) * (len(part) / len(rows))
            loss.backward()
            total += float(loss.detach())
        nn.utils.clip_grad_norm_(self.network.now.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return total

    def _loss(self, rows: npt.NDArray) -> torch.Tensor:
        logits = _logits(self.called, self.cells, rows, self.device, self.settings.precision)
        target = torch.as_tensor(self.labels[rows], dtype=torch.long, device=self.device)
        return nn.functional.cross_entropy(logits.float(), target)

    @torch.inference_mode()
    def _validation_loss(self) -> float:
        parts = by_tokens(self.validation, self.cells.lengths, EVALUATION_TOKENS)
        return sum(float(self._loss(rows)) * len(rows) for rows in parts) / len(self.validation)


def _logits(network: nn.Module, cells: Cells, rows, device: torch.device, precision: str) -> torch.Tensor:
    """Logits (cell, 2) of a batch, padded to its longest cell; without a mask where all are equally long."""
    lengths = cells.lengths[rows]
    place = np.arange(lengths.max())
    is_token = place < lengths[:, None]
    ids = np.zeros(is_token.shape, dtype=np.int64)
    ids[is_token] = cells.tokens[(cells.starts[rows][:, None] + place)[is_token]]
    tokens = torch.as_tensor(ids, device=device)
    with number_format(precision, device):
        return network(tokens, None if is_token.all() else tokens > 0).logits
