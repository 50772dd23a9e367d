"""The published training loops as the authors wrote them: a DataLoader that returns signatures one by one.

Slow on purpose: oracle and competitor of the fast recipes. Re-expressed by us; facts from the authors'
notebook (doi 10.1038/s41540-020-00158-2), no line copied.
"""

from __future__ import annotations

import numpy as np
import torch
from reread.core.training.loop import device_of
from reread.lincs.models.svqvae import SvqNetwork, dense
from reread.lincs.models.svqvae import published_loss as codebook_loss
from reread.lincs.models.vae import VaeNetwork
from reread.lincs.models.vae import published_loss as evidence_loss
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset


class PlainVae:
    """Published training of the VAE, one epoch at a time, from torch's global random stream."""

    def __init__(self, values, train, *, hidden=1000, latent=100, batch=512, seed=0, device="cpu"):
        torch.manual_seed(seed)
        self.device = device_of(device)
        self.network = VaeNetwork(values.shape[1], hidden, latent).to(self.device)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-3)
        rows = torch.as_tensor(np.asarray(values[train], dtype=np.float32))
        self.loader = DataLoader(TensorDataset(rows), batch_size=batch, shuffle=True)

    def train_epoch(self) -> list[float]:
        """Train one epoch; return the mean squared error of each batch."""
        self.network.train()
        errors = []
        for (part,) in self.loader:
            x = part.to(self.device)
            self.optimizer.zero_grad()
            rebuilt, mu, logvar = self.network(x)
            evidence_loss(rebuilt, x, mu, logvar).backward()
            self.optimizer.step()
            errors.append(functional.mse_loss(rebuilt, x).item())
        return errors

    @torch.no_grad()
    def encode(self, values) -> np.ndarray:
        """Posterior means, (signature, unit), one signature at a time."""
        self.network.eval()
        rows = torch.as_tensor(np.asarray(values, dtype=np.float32))
        loader = DataLoader(TensorDataset(rows))
        return np.concatenate([self.network.posterior(x.to(self.device))[0].cpu().numpy() for (x,) in loader])


class PlainSvqvae:
    """Published training of the S-VQ-VAE, one epoch at a time, from torch's global random stream."""

    def __init__(self, values, label, train, *, n_codes, dim=1000, batch=256, seed=0, device="cpu"):
        torch.manual_seed(seed)
        self.device = device_of(device)
        self.network: SvqNetwork = dense(values.shape[1], n_codes, dim).to(self.device)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-4, amsgrad=True)
        rows = torch.as_tensor(np.asarray(values[train], dtype=np.float32))
        labels = torch.as_tensor(np.asarray(label[train], dtype=np.int64))
        self.loader = DataLoader(TensorDataset(rows, labels), batch_size=batch, shuffle=True)

    def train_epoch(self) -> list[float]:
        """Train one epoch; return the mean squared error of each batch."""
        self.network.train()
        errors = []
        for x, label in self.loader:
            x, label = x.to(self.device), label.to(self.device)
            self.optimizer.zero_grad()
            rebuilt, z = self.network(x, label)
            error = functional.mse_loss(rebuilt, x)
            (error + codebook_loss(z, self.network.codes.weight, label)).backward()
            self.optimizer.step()
            errors.append(error.item())
            self._perplexity(label)
        return errors

    def _perplexity(self, label) -> float:
        """Perplexity of the labels of a batch, which the authors print."""
        one_hot = functional.one_hot(label, self.network.codes.num_embeddings).float()
        share = one_hot.mean(0)
        return torch.exp(-(share * torch.log(share + 1e-10)).sum()).item()
