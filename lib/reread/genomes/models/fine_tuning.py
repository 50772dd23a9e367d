"""Fine-tune a network on differences between people: cached embeddings, and LoRA on the attention.

The convolutions stay frozen, so that they are computed once for each distinct haplotype.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn.utils import parametrize

from reread.core.errors import ParameterError
from reread.core.training.loop import Stream
from reread.genomes.data.cohort import BIN, Cohort, tss_bins
from reread.genomes.data.haplotypes import haplotypes
from reread.genomes.models.enformer import Enformer
from reread.genomes.models.predict import COMPLEMENT, convolve_once

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Embedded:
    """What the frozen layers make of the haplotypes of people, computed once.

    ``stem`` (haplotype, strand, channel, bin) are the convolutions of distinct haplotypes, empty where not
    kept, and ``rows`` (gene, person, 2) the haplotypes of a person in it. ``features`` (gene, person,
    feature) is what the head reads: mean over strands, the bins beside the start and both haplotypes.
    ``untuned`` (gene, person) is the log prediction of the network as it is.
    """

    stem: torch.Tensor
    rows: npt.NDArray[np.int64]
    features: Array
    untuned: Array


def embed_people(
    network: Enformer, cohort: Cohort, *, track: int, unphased: str = "error", keep_stem: bool = True
) -> Embedded:
    """Run the frozen layers on both haplotypes of every person and gene.

    ``network`` is in evaluation mode; ``track`` is the one that is read. ``unphased`` says what a
    heterozygous call without phase becomes: ``error``, ``file``, ``ref`` or ``alt``. ``keep_stem`` keeps the
    convolutions for :func:`lora`: 4 bytes a channel, bin, strand and haplotype. Genes and people (gene,
    person, ...) are in the order of the cohort; predictions are natural logarithms. DataError if a
    heterozygous call has no phase and ``unphased`` is ``error``. Source: Rastogi et al. and Drusinsky et al.,
    who tune Enformer on people; the first also with frozen convolutions.
    """
    stems, rows, features, untuned, n_before = [], [], [], [], 0
    for gene, tss in enumerate(cohort.expression.genes["tss"]):
        made = haplotypes(
            cohort.reference, cohort.variants_of(gene), int(tss), cohort.window, unphased=unphased
        )
        unique, inverse = made.distinct()
        with torch.no_grad():
            strands = (unique, COMPLEMENT[unique][:, ::-1])
            stem = torch.stack([convolve_once(network, strand) for strand in strands], dim=1)
            seen = network.embed(stem.flatten(0, 1), slice(*tss_bins(cohort.window // BIN)))
            value = network.read(seen, np.array([track])).unflatten(0, (-1, 2)).mean(dim=(1, 2, 3))
        mean = seen.unflatten(0, (-1, 2)).mean(dim=(1, 2)).double().cpu().numpy()
        features.append(mean[inverse].mean(axis=1))
        untuned.append(np.log(value.double().cpu().numpy()[inverse].mean(axis=1)))
        rows.append(inverse + n_before)
        if keep_stem:
            stems.append(stem)
            n_before += len(unique)
    kept = torch.cat(stems) if stems else torch.empty(0)
    return Embedded(kept, np.stack(rows), np.stack(features), np.stack(untuned))


class LowRank(nn.Module):
    """A weight plus a product of two thin matrices; it starts as the weight itself."""

    def __init__(self, weight: torch.Tensor, rank: int):
        super().__init__()
        n_out, n_in = weight.shape
        self.down = nn.Parameter(torch.randn(rank, n_in, device=weight.device) / n_in**0.5)
        self.up = nn.Parameter(torch.zeros(n_out, rank, device=weight.device))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """The weight of the tuned layer."""
        return weight + self.up @ self.down


def with_low_rank(network: Enformer, rank: int) -> tuple[Enformer, list[nn.Parameter]]:
    """A copy with low-rank updates of queries, values and both layers after them, and what is trained."""
    tuned, trained = copy.deepcopy(network).eval().requires_grad_(False), []
    for attention, feed_forward in tuned.transformer:
        inner = attention.fn[1]
        for layer in (inner.to_q, inner.to_v, feed_forward.fn[1], feed_forward.fn[4]):
            update = LowRank(layer.weight, rank)
            parametrize.register_parametrization(layer, "weight", update)
            trained += [update.down, update.up]
    return tuned, trained


def lora(
    network: Enformer, embedded: Embedded, target: Array, genes: npt.NDArray[np.intp],
    people: npt.NDArray[np.intp], *, track: int, rank: int = 4, epochs: int = 20, rate: float = 1e-2,
    batch: int = 4, seed: int = 0,
) -> tuple[Array, list[float]]:  # fmt: skip
    """Tune low-rank updates on differences between the training people of the training genes.

    ``target`` is (gene, person). Returns log predictions (gene, person) of everybody and the mean loss of
    each epoch. The squared error of centred values is that of all pairs of people of a gene. ParameterError
    if the convolutions were not kept or the rank is below 1.
    """
    if not len(embedded.stem) or rank < 1:
        raise ParameterError(
            f"LoRA needs kept convolutions and a rank of at least 1, but has {len(embedded.stem)} haplotypes "
            f"and rank {rank}.\nAdd:  -p rank=4"
        )
    where, losses, stream = network.device, [], Stream(seed, network.device)
    n_bins = embedded.stem.shape[-1]
    bins, wanted = slice(*tss_bins(n_bins)), np.array([track])
    spread = target[np.ix_(genes, people)].std(axis=1)

    def logs(tuned: Enformer, rows: npt.NDArray[np.int64], strands: slice) -> torch.Tensor:
        """Log prediction of people (...) from the numbers (..., 2) of their haplotypes."""
        used, inverse = np.unique(rows, return_inverse=True)
        stem = embedded.stem[used][:, strands]
        made = tuned.read(tuned.embed(stem.flatten(0, 1), bins), wanted)
        values = made.unflatten(0, (-1, stem.shape[1])).mean(dim=(1, 2, 3))
        return torch.log(values[torch.as_tensor(inverse.reshape(rows.shape), device=where)].mean(dim=-1))

    with stream:
        tuned, trained = with_low_rank(network, rank)
        optimizer = torch.optim.Adam(trained, lr=rate)
        for _ in range(epochs):
            order, total = torch.randperm(len(genes)).numpy(), 0.0
            for part in np.array_split(order, -(-len(order) // batch)):
                strand = int(torch.rand(()) < 0.5)
                chosen = genes[part]
                made = logs(tuned, embedded.rows[np.ix_(chosen, people)], slice(strand, strand + 1))
                measured = torch.as_tensor(target[np.ix_(chosen, people)], device=where, dtype=made.dtype)
                differs = made - measured
                differs = differs - differs.mean(dim=1, keepdim=True)
                scale = torch.as_tensor(spread[part], device=where, dtype=made.dtype)
                loss = ((differs / scale[:, None]) ** 2).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += float(loss.detach()) * len(part)
            losses.append(total / len(genes))
        with torch.no_grad():
            found = [logs(tuned, rows, slice(None)).double().cpu().numpy() for rows in embedded.rows]
    return np.stack(found), losses
