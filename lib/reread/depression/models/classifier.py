"""BERT on gene tokens: fine-tuning to tell cases from controls, and embeddings of cells."""

from __future__ import annotations

from collections.abc import Callable
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
from reread.core.training.epochs import MOST_TOKENS, LengthGrouped, by_tokens
from reread.core.training.loop import Stream, device_of
from reread.core.training.loop import fit as train_epochs
from reread.core.training.number_format import number_format
from reread.depression.data.rank_values import Cells

logging.set_verbosity_error()  # neither its warnings nor its bars belong on a page
logging.disable_progress_bar()


@dataclass(frozen=True)
class Settings:
    """How a network is fine-tuned (:class:`LengthGrouped`); the defaults are the authors'.

    ``batch`` are the cells of one step (theirs were 12 on each of 3 GPUs). The first ``frozen_layers`` and
    then the embedding too are not trained; the authors set 3 and never used it. ``precision`` is float32, or
    bfloat16 in autocast.
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
    """The network to start from: ``checkpoint`` (a folder, or a model of the hub), else random weights.

    ``width`` are values of a token, ``max_len`` the longest sequence in tokens.
    """

    width: int
    layers: int
    heads: int
    max_len: int
    checkpoint: str = ""

    def make(self, n_tokens: int, seed: int) -> Classifier:
        """A new network for ``n_tokens`` tokens; ParameterError for a checkpoint of shorter sequences.

        Random weights have no dropout, unlike Geneformer's, and attention begins by handing on the mean of
        all tokens (values and output are the identity), so that a network learns in fewer epochs.
        """
        if not self.checkpoint:
            if self.width % self.heads:
                raise ParameterError(f"The width {self.width} must be a multiple of the heads, {self.heads}.")
            shape = BertConfig(
                vocab_size=n_tokens, hidden_size=self.width, num_hidden_layers=self.layers,
                num_attention_heads=self.heads, intermediate_size=2 * self.width, hidden_act="relu",
                max_position_embeddings=self.max_len, hidden_dropout_prob=0.0,
                attention_probs_dropout_prob=0.0, pad_token_id=0, num_labels=2,
            )  # fmt: skip
            with Stream(seed, torch.device("cpu")):
                network = BertForSequenceClassification(shape)
            for attention in (layer.attention for layer in network.bert.encoder.layer):
                nn.init.eye_(attention.self.value.weight)
                nn.init.eye_(attention.output.dense.weight)
            return Classifier(network)
        model = Classifier.from_pretrained(self.checkpoint, seed=seed)
        longest, size = model.network.config.max_position_embeddings, model.network.config.vocab_size
        if longest < self.max_len or size < n_tokens:
            raise ParameterError(
                f"{self.checkpoint} takes {longest} of {size} tokens, but cells have {self.max_len} of "
                f"{n_tokens}.\nGive max_len={longest}, and the vocabulary of the checkpoint."
            )
        return model

    def fitter(
        self, n_tokens: int, cells: Cells, train: npt.NDArray, settings: Settings
    ) -> Callable[..., Classifier]:
        """The function from labels (cell,), a seed and a folder to a network of this form.

        ``train`` (cell,) marks the cells that it is fitted on; errors as :meth:`make`.
        """

        def fit(labels: npt.NDArray, seed: int, folder: Path) -> Classifier:
            model = self.make(n_tokens, seed)
            model.fit(cells, labels, train, settings=settings, seed=seed, checkpoint_folder=folder)
            return model

        return fit


class Classifier:
    """A BERT classifier of cells; :meth:`Form.make` and :meth:`from_pretrained` make one."""

    def __init__(self, network: BertForSequenceClassification, device: str = "auto"):
        self.device = device_of(device)
        self.network = network.to(self.device).eval()

    @classmethod
    def from_pretrained(cls, source: str | Path, *, seed: int = 0) -> Classifier:
        """Read a folder or a model of the hub; DataError if it is missing or damaged.

        Without a head for two classes it gets a random head and pooler by ``seed``.
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

        ``labels`` (cell,) are 0 or 1; ``train`` and ``validation`` are masks (cell,), and without the second
        the last epoch is kept. A killed run goes on from ``checkpoint_folder``, with the same result.
        Returns ``epoch``, ``train_loss``, ``validation_loss`` and ``is_kept``.
        """
        network = self._trained(settings)

        def loss(rows: npt.NDArray) -> torch.Tensor:
            logits = _logits(network, cells, rows, self.device, settings.precision)
            target = torch.as_tensor(labels[rows], dtype=torch.long, device=self.device)
            return nn.functional.cross_entropy(logits.float(), target)

        rows = [np.flatnonzero(one & (cells.lengths > 0)) for one in (train, validation) if one is not None]
        recipe = LengthGrouped(self.network, loss, settings, seed, cells.lengths, *rows)
        checkpoint = None if checkpoint_folder is None else Path(checkpoint_folder) / "classifier.ckpt"
        curve = train_epochs(recipe, epochs=settings.epochs, checkpoint=checkpoint)
        kept = recipe.network.finish()
        self.network.eval()
        table = pd.DataFrame(curve).assign(epoch=np.arange(1, len(curve) + 1))
        return table.assign(is_kept=table["epoch"] == (kept or len(curve)))

    def _trained(self, settings: Settings) -> nn.Module:
        """The network on the GPUs of a run, without gradients in its frozen layers."""
        self.network.requires_grad_(True)
        if settings.frozen_layers:
            self.network.bert.embeddings.requires_grad_(False)
            self.network.bert.encoder.layer[: settings.frozen_layers].requires_grad_(False)
        if 1 < settings.n_gpus > (n_here := torch.cuda.device_count()):
            raise ParameterError(f"n_gpus is {settings.n_gpus}, but {n_here} are here.")
        gpus = range(settings.n_gpus)
        return nn.DataParallel(self.network, [*gpus]) if len(gpus) > 1 else self.network

    @torch.inference_mode()
    def predict_proba(self, cells: Cells, *, precision: str = "float32") -> npt.NDArray[np.float32]:
        """Probability (cell,) of the label 1; NaN for a cell without tokens."""
        out = np.full(len(cells), np.nan, dtype=np.float32)
        for rows in by_tokens(np.flatnonzero(cells.lengths), cells.lengths, MOST_TOKENS):
            logits = _logits(self.network, cells, rows, self.device, precision)
            out[rows] = torch.softmax(logits.float(), dim=1)[:, 1].cpu().numpy()
        return out

    @torch.inference_mode()
    def embed(
        self, tokens: npt.NDArray[np.int64], positions: npt.NDArray[np.int64] | None = None, *,
        pool: str = "mean", precision: str = "float32",
    ) -> npt.NDArray[np.float32]:  # fmt: skip
        """States of the last layer (sequence, width), mean over tokens; with ``pool="none"`` of each token.

        ``tokens`` (sequence, token) are of equal length; ``positions`` are 0, 1, 2 ... by default.
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
