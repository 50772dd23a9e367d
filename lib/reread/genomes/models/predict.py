"""Predict the tracks of many sequences, computing each distinct stretch once; train on a reference genome."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from reread.core.errors import ParameterError
from reread.core.training.loop import Stream, device_of
from reread.core.training.number_format import number_format
from reread.genomes.models.enformer import BIN, CHUNK, HALO, Architecture, Enformer, Residual, one_hot

Bases = npt.NDArray[np.uint8]
N = ord("N")
GROUP = 256  # sequences whose equal chunks are found; 9.4 MB each with the published network
CHUNKS_AT_ONCE = {"cpu": 8}  # the caches hold so many, which makes them 1.8 times as fast as 128 at once
CHUNKS_ON_GPU = 256  # bounds the memory of the convolutions, to that of 2.5 windows of 196,608 bases
COMPLEMENT = np.frombuffer(bytes.maketrans(b"ACGTN", b"TGCAN"), dtype=np.uint8)


def predict(
    network: Enformer, sequences: Bases, *, bins: tuple[int, int] | None = None,
    tracks: Sequence[int] | None = None, reverse: bool = True, shifts: Sequence[int] = (0,), batch: int = 32,
    precision: str = "float32",
) -> npt.NDArray[np.float32]:  # fmt: skip
    """Predict tracks, averaged over both strands and over small shifts of the window.

    ``network`` is in evaluation mode; ``sequences`` (sequence, base) are bases as bytes, a multiple of 128.
    ``bins`` are the first and last bin (exclusive) of 128 bases that are wanted, ``tracks`` the tracks; None
    is all. ``reverse`` averages with the other strand, ``shifts`` over shifts in bases, where N fills the end
    that is left free. ``batch`` sequences are taken at once, in the number format ``precision``; the means
    are taken in fp32. Returns float32 (sequence, bin, track). ParameterError if the length is no multiple of
    128 bases, or the number format is unknown.
    """
    n_bins, rest = divmod(sequences.shape[1], BIN)
    if rest:
        raise ParameterError(
            f"A sequence must have a multiple of {BIN} bases, but has {sequences.shape[1]:,}."
        )
    first, last = bins or (0, n_bins)
    chosen = None if tracks is None else np.asarray(tracks)
    total = np.zeros((), dtype=np.float32)
    with torch.inference_mode(), number_format(precision, network.device):
        for shift in shifts:
            moved = shifted(sequences, shift)
            total = total + _tracks(network, moved, slice(first, last), chosen, batch)
            if reverse:
                other = _tracks(
                    network, COMPLEMENT[moved][:, ::-1], slice(n_bins - last, n_bins - first), chosen, batch
                )
                total = total + other[:, ::-1]
    return (total / (len(shifts) * (2 if reverse else 1))).astype(np.float32)


def shifted(sequences: Bases, shift: int) -> Bases:
    """Windows moved to the right by ``shift`` bases, with N at the end that is left free."""
    if not shift:
        return sequences
    moved = np.full_like(sequences, N)
    if shift > 0:
        moved[:, :-shift] = sequences[:, shift:]
    else:
        moved[:, -shift:] = sequences[:, :shift]
    return moved


def _tracks(
    network: Enformer, sequences: Bases, bins: slice, tracks: npt.NDArray[np.intp] | None, batch: int
) -> npt.NDArray[np.float32]:
    found = []
    for group in np.array_split(sequences, max(1, -(-len(sequences) // GROUP))):
        for part in convolve_once(network, group).split(batch):
            found.append(network.attend(part, bins, tracks).float().cpu().numpy())
    return np.concatenate(found)


def convolve_once(network: Enformer, sequences: Bases) -> torch.Tensor:
    """Convolutions (sequence, channel, bin) of sequences (sequence, base), each distinct chunk computed once.

    A bin depends on 646 bases around it. A chunk of eight bins is computed with three bins before and four
    after it; at the ends of a sequence it begins or ends where the sequence does.
    """
    n_bins = sequences.shape[1] // BIN
    if n_bins < CHUNK + sum(HALO) + 1:
        return network.convolve(one_hot(sequences, network.device))
    places = []
    for start in range(0, n_bins, CHUNK):
        stop = min(start + CHUNK, n_bins)
        places.append((max(start - HALO[0], 0), start, stop, min(stop + HALO[1], n_bins)))
    at_once = CHUNKS_AT_ONCE.get(network.device.type, CHUNKS_ON_GPU)
    out: torch.Tensor | None = None
    kinds: dict[tuple[int, int, int], list] = {}
    for place in places:
        low, start, stop, high = place
        kinds.setdefault((high - low, start - low, stop - low), []).append(place)
    for (_, first, last), members in kinds.items():
        chunks = np.concatenate([sequences[:, low * BIN : high * BIN] for low, _, _, high in members])
        packed = np.ascontiguousarray(chunks).view(np.dtype((np.void, chunks.shape[1])))[:, 0]
        _, index, inverse = np.unique(packed, return_index=True, return_inverse=True)
        computed = torch.cat(
            [
                network.convolve(one_hot(chunks[part], network.device))[..., first:last]
                for part in np.array_split(index, -(-len(index) // at_once))
            ]
        )
        if out is None:
            out = computed.new_empty((len(sequences), computed.shape[1], n_bins))
        for number, (_, start, stop, _) in enumerate(members):
            out[..., start:stop] = computed[inverse[number * len(sequences) : (number + 1) * len(sequences)]]
    return out


def train(
    sequences: Bases, targets: npt.NDArray[np.float32], size: Architecture, *, epochs: int, batch: int = 16,
    rate: float = 2e-3, seed: int = 0, device: str = "auto",
) -> tuple[Enformer, list[float]]:  # fmt: skip
    """Train a network on windows of a reference genome, with a Poisson loss and both strands.

    ``sequences`` (window, base) are bases as bytes, ``targets`` (window, bin, track) are not negative.
    Returns the network in evaluation mode, and the mean loss of each epoch.
    """
    where = device_of(device)
    losses = []
    with Stream(seed, where):
        network = _hand_on(Enformer(size)).to(where)
        level = torch.as_tensor(targets.mean(axis=(0, 1)), device=where).clamp(min=1e-3)
        network._heads["human"][0].bias.data = torch.log(torch.expm1(level))
        optimizer = torch.optim.Adam(network.parameters(), lr=rate, fused=True)
        steps = epochs * -(-len(sequences) // batch)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.15)
        for _ in range(epochs):
            network.train()
            order, total = torch.randperm(len(sequences)).numpy(), 0.0
            for rows in np.array_split(order, -(-len(order) // batch)):
                bases, wanted = sequences[rows], targets[rows]
                if torch.rand(()) < 0.5:
                    bases, wanted = COMPLEMENT[bases][:, ::-1], wanted[:, ::-1]
                wanted = torch.as_tensor(np.ascontiguousarray(wanted), device=where)
                made = network.attend(network.convolve(one_hot(bases, where)))
                loss = torch.nn.functional.poisson_nll_loss(made, wanted, log_input=False)
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimizer.step()
                schedule.step()
                total += float(loss.detach()) * len(rows)
            losses.append(total / len(sequences))
    return network.eval(), losses


def _hand_on(network: Enformer) -> Enformer:
    """Let each convolution begin as the identity with some noise, and each residual branch at zero.

    With the usual start the loss stays flat for several epochs, and seed and processor decide whether it
    falls: the correlation with true expression was 0.05 to 0.67 for four seeds, and is 0.84 to 0.92 for six.
    """
    with torch.no_grad():
        for part in (*network.stem.modules(), *network.conv_tower.modules()):
            if isinstance(part, Residual):
                for value in part.fn[2].parameters():
                    value.zero_()
        for block in network.conv_tower:
            weight = block[0][2].weight
            weight.mul_(0.3).add_(torch.nn.init.dirac_(torch.empty_like(weight)))
    return network
