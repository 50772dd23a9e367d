"""DeepTGI as released, with a faster training that gives equal losses and weights.

Source: DeepTGI (doi 10.1093/bib/bbae639), its released script for mHSC; reimplemented, because the repository
has no licence. Two of three branches are commented out there, hence absent here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from reread.core.training.adam import FusedAdam
from reread.core.training.loop import Stream, device_of

if TYPE_CHECKING:
    from reread.networks.data.tables import Pairs

HEADS = 4
LAYERS = 2
DROPOUT = 0.3
LEARNING_RATE = 1e-5
WEIGHT_DECAY = 1e-4
BATCH = 32
CLASS_WEIGHT = 5.0
MIXUP = 0.5


class BatchAttention(nn.Module):
    """Self-attention whose tokens are the pairs of a batch.

    ``published`` transposes the wrong two axes when it joins the heads, so that each output row mixes 32
    pairs; ``batch`` transposes the right ones; ``zeros`` returns 0.
    """

    def __init__(self, width: int, attention: str):
        super().__init__()
        self.attention = attention
        self.depth = width // HEADS
        inside = self.depth * HEADS
        self.query, self.key, self.value = (nn.Linear(width, inside, bias=False) for _ in range(3))
        self.join = nn.Linear(inside, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (pair, width) to (pair, width)."""
        if self.attention == "zeros":
            return torch.zeros_like(x)
        query, key, value = (self._heads(part(x)) for part in (self.query, self.key, self.value))
        weight = torch.softmax(query @ key.transpose(1, 2) / np.sqrt(self.depth), dim=-1)
        context = weight @ value  # (head, pair, depth)
        joined = context.transpose(1, 2) if self.attention == "published" else context.transpose(0, 1)
        return self.join(joined.reshape(-1, HEADS * self.depth))

    def _heads(self, x: Tensor) -> Tensor:
        return x.view(-1, HEADS, self.depth).transpose(0, 1)


class Encoder(nn.Module):
    """Attention and one linear layer, each added to its input and normalised."""

    def __init__(self, width: int, attention: str):
        super().__init__()
        self.attend = BatchAttention(width, attention)
        self.attended = nn.LayerNorm(width)
        self.linear = nn.Linear(width, width)
        self.mixed = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (pair, width) to (pair, width)."""
        x = self.attended(self.attend(x) + x)
        return self.mixed(self.linear(x) + x)


class Autoencoder(nn.Module):
    """Encode the correlation rows of both genes into a latent vector, and decode it."""

    def __init__(self, n_features: int, latent: int, attention: str):
        super().__init__()
        hidden = (n_features + latent) // 2
        self.widen = nn.Linear(n_features, hidden)
        self.widened = nn.BatchNorm1d(hidden)
        self.encoder = Encoder(hidden, attention)
        self.compress = nn.Linear(hidden, latent)
        self.expand = nn.Linear(latent, hidden)
        self.expanded = nn.BatchNorm1d(hidden)
        self.rebuild = nn.Linear(hidden, n_features)
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map (pair, feature) to (pair, latent) and the reconstruction (pair, feature)."""
        hidden = self.drop(self.widened(functional.gelu(self.widen(x))))
        latent = self.compress(self.encoder(hidden))
        return latent, self.rebuild(self.drop(self.expanded(functional.gelu(self.expand(latent)))))


class DeepTGI(nn.Module):
    """The released network: autoencoder, two encoders over the batch, and a small head."""

    def __init__(self, n_features: int, *, latent: int = 1000, attention: str = "published"):
        super().__init__()
        self.autoencoder = Autoencoder(n_features, latent, attention)
        self.layers = nn.ModuleList([Encoder(latent, attention) for _ in range(LAYERS)])
        self.norm = nn.LayerNorm(latent)
        self.narrow = nn.Linear(latent, (latent + 1) // 2)
        self.narrowed = nn.BatchNorm1d((latent + 1) // 2)
        self.logit = nn.Linear((latent + 1) // 2, 1)
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map (pair, feature) to logits (pair,) and the reconstruction (pair, feature)."""
        latent, rebuilt = self.autoencoder(x)
        for layer in self.layers:
            latent = layer(latent)
        hidden = self.drop(self.narrowed(functional.gelu(self.narrow(self.norm(latent)))))
        return self.logit(hidden)[:, 0], rebuilt


def published_loss(logit: Tensor, label: Tensor, inputs: Tensor, rebuilt: Tensor) -> Tensor:
    """Five times the cross-entropy plus the mean squared error of the reconstruction, as published."""
    entropy = functional.binary_cross_entropy_with_logits(logit, label)
    return CLASS_WEIGHT * entropy + functional.mse_loss(inputs, rebuilt)


class FusedRAdam(FusedAdam):
    """RAdam in one fused kernel: Adam's step with the learning rate and epsilon of the rectified one.

    The first five steps of RAdam have no denominator; a huge power of two as epsilon, multiplied into the
    learning rate, is equivalent. Weights stay within 1e-6 of ``torch.optim.RAdam``.
    Source: Liu et al. 2020, algorithm 2; weight decay is coupled, as in PyTorch.
    """

    def __init__(self, parameters, *, lr: float = 1e-5, weight_decay: float = 1e-4):
        super().__init__(parameters, lr=lr, weight_decay=weight_decay)
        for group in self.param_groups:
            group["base"], group["steps"] = lr, 0

    def step(self) -> None:
        """Take one step of RAdam."""
        for group in self.param_groups:
            group["steps"] += 1
            group["lr"], group["eps"] = _rectified(group["base"], group["steps"], group["betas"][1])
        super().step()


def _rectified(lr: float, step: int, beta: float, eps: float = 1e-8) -> tuple[float, float]:
    longest = 2 / (1 - beta) - 1
    correction = 1 - beta**step
    length = longest - 2 * step * beta**step / correction
    if length <= 5:
        return lr * 2.0**40, 2.0**40
    rectifier = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
    return lr * rectifier**0.5, eps / correction**0.5


class Published:
    """The published training: TF-gene swap, mixup, RAdam, no validation set.

    Random numbers are drawn in the order of the authors' script (with the two seeds of its data loader), so
    that the printed losses are equal on a CPU.
    """

    def __init__(
        self, features, pairs: Pairs, train, test, *, latent=1000, attention="published", seed=0,
        device="auto",
    ):  # fmt: skip
        self.device = device_of(device)
        self.stream = Stream(seed, self.device)
        with self.stream:
            self.network = DeepTGI(2 * features.shape[1], latent=latent, attention=attention).to(self.device)
        self.optimizer = FusedRAdam(self.network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        self.features = torch.as_tensor(features, dtype=torch.float32, device=self.device)
        left, right, label = pairs.tf, pairs.gene, pairs.label
        order = np.arange(2 * len(train))
        self.stream.numpy.shuffle(order)
        twice = ((left, right), (right, left), (label, label))  # each pair, and its swap
        self.train = self._tensors(*(np.concatenate((a[train], b[train]))[order] for a, b in twice))
        self.test = self._tensors(left[test], right[test], label[test])

    def run_epoch(self) -> dict[str, float]:
        """Train one epoch; return the losses as the authors print them: batch means, summed, over rows."""
        train, test = self.train_epoch(), self.test_losses()
        return {"train_loss": sum(train) / len(self.train[0]), "test_loss": sum(test) / len(self.test[0])}

    def train_epoch(self, n_steps: int | None = None) -> list[float]:
        """Train on every batch, or on the first few; return the loss of each."""
        self.network.train()
        with self.stream:
            _loader_seed()
            generator = torch.Generator().manual_seed(_loader_seed())
            order = torch.randperm(len(self.train[0]), generator=generator)
            losses = [self._step(rows.to(self.device)) for rows in order.split(BATCH)[:n_steps]]
        return torch.stack(losses).tolist()

    def _step(self, rows: Tensor) -> Tensor:
        share = self.stream.numpy.beta(MIXUP, MIXUP)
        index = torch.randperm(len(rows)).to(self.device)
        x, label = self._inputs(self.train, rows)
        inputs = share * x + (1 - share) * x[index]
        self.optimizer.zero_grad()
        logit, rebuilt = self.network(inputs)
        # cross-entropy is linear in the label, so that two losses of the authors are one
        loss = published_loss(logit, share * label + (1 - share) * label[index], inputs, rebuilt)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    @torch.no_grad()
    def test_losses(self) -> list[float]:
        """Return the loss of each batch of test pairs, in the order of the split."""
        self.network.eval()
        with self.stream:
            _loader_seed()
        losses = []
        for rows in torch.arange(len(self.test[0]), device=self.device).split(BATCH):
            x, label = self._inputs(self.test, rows)
            logit, rebuilt = self.network(x)
            losses.append(published_loss(logit, label, x, rebuilt))
        return torch.stack(losses).tolist()

    @torch.no_grad()
    def predict(self, tf, gene, *, batch_size: int = BATCH) -> np.ndarray:
        """Probability of each pair, (pair,). It depends on the other pairs of the batch."""
        self.network.eval()
        pairs = self._tensors(tf, gene, np.zeros(len(tf), dtype=np.int64))
        rows = torch.arange(len(tf), device=self.device).split(batch_size)
        logits = [self.network(self._inputs(pairs, part)[0])[0] for part in rows]
        return torch.sigmoid(torch.cat(logits)).cpu().numpy()

    def _inputs(self, pairs, rows: Tensor) -> tuple[Tensor, Tensor]:
        left, right, label = pairs
        x = torch.cat((self.features[left[rows]], self.features[right[rows]]), dim=1)
        return x, label[rows].float()

    def _tensors(self, *arrays) -> tuple[Tensor, ...]:
        whole = (np.asarray(array, dtype=np.int64) for array in arrays)
        return tuple(torch.as_tensor(array, device=self.device) for array in whole)


def _loader_seed() -> int:
    """Draw what a DataLoader draws from the global stream each time it is started."""
    return int(torch.empty((), dtype=torch.int64).random_())
