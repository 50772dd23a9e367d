"""Reference implementation of the published training: lists of pairs, a DataLoader, RAdam tensor by tensor.

Source: the released script for mHSC of DeepTGI; reimplemented, because it has no licence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from reread.networks.models.deeptgi import BATCH, LEARNING_RATE, MIXUP, WEIGHT_DECAY, DeepTGI, published_loss
from torch.utils.data import DataLoader, TensorDataset

if TYPE_CHECKING:
    from reread.networks.data.tables import Pairs


class PlainPublished:
    """The published training by epochs, with the global random streams of the authors' script."""

    def __init__(self, features, pairs: Pairs, train, test, *, latent=1000, attention="published", seed=0):
        torch.manual_seed(seed)
        self.network = DeepTGI(2 * features.shape[1], latent=latent, attention=attention)
        self.optimizer = torch.optim.RAdam(
            self.network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, foreach=False
        )
        x, y = _table(features, pairs, train)
        half = x.shape[1] // 2
        x, y = np.vstack((x, np.hstack((x[:, half:], x[:, :half])))), np.hstack((y, y))
        for table in (x, y):
            np.random.seed(seed)  # noqa: NPY002 (the authors' stream, so that their draws come out)
            np.random.shuffle(table)  # noqa: NPY002 (as above)
        self.train = DataLoader(_dataset(x, y), batch_size=BATCH, shuffle=True)
        self.test = DataLoader(_dataset(*_table(features, pairs, test)), batch_size=BATCH)

    def train_epoch(self, n_steps: int | None = None) -> list[float]:
        """Train on every batch, or on the first few; return the loss of each."""
        self.network.train()
        losses = []
        for x, y in self.train:
            losses.append(self._step(x, y))
            if len(losses) == n_steps:
                break
        return losses

    def _step(self, x, y) -> float:
        share = np.random.beta(MIXUP, MIXUP)  # noqa: NPY002 (the authors' stream)
        index = torch.randperm(x.size()[0])
        inputs = (share * x + (1 - share) * x[index, :]).float()
        self.optimizer.zero_grad()
        logit, rebuilt = self.network(inputs)
        loss = share * published_loss(logit, y.float(), inputs, rebuilt)
        loss = loss + (1 - share) * published_loss(logit, y[index].float(), inputs, rebuilt)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    @torch.no_grad()
    def test_losses(self) -> list[float]:
        """Return the loss of each batch of test pairs, in the order of the split."""
        self.network.eval()
        losses = []
        for x, y in self.test:
            logit, rebuilt = self.network(x.float())
            losses.append(published_loss(logit, y.float(), x.float(), rebuilt).item())
        return losses


def _table(features, pairs: Pairs, rows) -> tuple[np.ndarray, np.ndarray]:
    x, y = [], []
    for row in rows:
        x.append(list(features[pairs.tf[row]]) + list(features[pairs.gene[row]]))
        y.append(pairs.label[row])
    return np.array(x, dtype=float), np.array(y)


def _dataset(x, y) -> TensorDataset:
    return TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
