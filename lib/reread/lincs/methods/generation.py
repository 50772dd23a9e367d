"""Generated signatures, from the network and from the simplest rule, and what they are compared with."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA

from reread.core.errors import DataError
from reread.lincs.data.tables import CLIP
from reread.lincs.methods import latent_space as latent
from reread.lincs.methods import two_sample_tests as generation
from reread.lincs.methods.encodings import Encoded, signature_nodes

RANDOM_HALVES, OTHER_DRUGS = "real, random halves", "real, other drugs"
NETWORK, GAUSSIAN, NOISE = "VAE", "Gaussian", " with noise"


def generate(encoded: Encoded, n: int, *, n_components: int = 32, seed: int = 0) -> dict[str, np.ndarray]:
    """Draw signatures from the network's prior and from a Gaussian of components, with and without noise.

    Parameters
    ----------
    encoded : Encoded
        The rows that taught the network teach the components and the noise too.
    n : int
        Signatures from each generator.
    n_components : int
    seed : int
        Random seed.

    Returns
    -------
    dict of str to float32 array, (sample, gene)
        ``VAE`` (decoded prior, as published), ``Gaussian``, and both ``with noise``: independent normal
        noise, for each gene as strong as what is left of the training signatures when they are rebuilt. A
        decoder gives the mean of a signature, not a signature.
    """
    rng = np.random.default_rng(seed)
    train = encoded.signatures.values[encoded.is_trained]
    components = PCA(min(n_components, *train.shape), svd_solver="randomized", random_state=0).fit(train)
    drawn = rng.standard_normal((n, components.n_components_)) * np.sqrt(components.explained_variance_)
    plain = {
        NETWORK: (encoded.network.generate(n, seed), train - encoded.network.rebuild(train)),
        GAUSSIAN: (
            components.inverse_transform(drawn),
            train - components.inverse_transform(components.transform(train)),
        ),
    }
    made = {}
    for name, (signatures, left) in plain.items():
        noisy = signatures + left.std(axis=0) * rng.standard_normal(signatures.shape)
        made[name] = np.clip(signatures, -CLIP, CLIP).astype(np.float32)
        made[name + NOISE] = np.clip(noisy, -CLIP, CLIP).astype(np.float32)
    return made


def comparisons(
    encoded: Encoded, made: dict[str, np.ndarray], *, seed: int = 0
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Pairs of samples to tell apart: two of real against real, then held-out real against generated.

    Held-out signatures are thinned to as many as were generated.
    """
    held, most = np.flatnonzero(~encoded.is_trained), max(len(drawn) for drawn in made.values())
    held = np.sort(np.random.default_rng(seed).permutation(held)[:most])
    real = encoded.signatures.values[held]
    drugs = encoded.signatures.meta["pert_name"].to_numpy(str)[held]
    pairs = {
        RANDOM_HALVES: generation.halves(real, seed=seed),
        OTHER_DRUGS: generation.halves(real, drugs, seed=seed),
    }
    return pairs | {name: (real, drawn) for name, drawn in made.items()}


def copies(
    encoded: Encoded, made: dict[str, np.ndarray], *, n_permutations: int = 999, seed: int = 0
) -> pd.DataFrame:
    """:func:`generation.memorised` for every generator, a row each: generator and what that gives."""
    values, trained, null = encoded.signatures.values, encoded.is_trained, {"seed": seed}
    null["n_permutations"] = n_permutations
    rows = [
        {"generator": name, **generation.memorised(drawn, values[trained], values[~trained], **null)}
        for name, drawn in made.items()
    ]
    return pd.DataFrame(rows)


def conditioned(encoded: Encoded, *, n: int = 200, n_components: int = 32, seed: int = 0) -> pd.DataFrame:
    """Generate signatures of one class, and look up the class of the real signature nearest to each.

    Parameters
    ----------
    encoded : Encoded
        The rows that taught the network, and have a class, are patterns and reference.
    n : int
        Signatures of each class.
    n_components : int
        Of the baseline: a Gaussian of the class in principal components.
    seed : int
        Random seed.

    Returns
    -------
    DataFrame
        pcl, n_real, own (share whose nearest real signature is of the class), gaussian (the same of the
        baseline), by_chance (share of the class in the reference).

    Raises
    ------
    DataError
        If no class has two signatures among those that taught the network.
    """
    known = encoded.take(encoded.is_trained).with_class()
    values, pcl = known.signatures.values, known.signatures.meta["pcl"].to_numpy(str)
    names = [name for name in np.unique(pcl) if (pcl == name).sum() >= 2]
    if not names:
        raise DataError("No class has two signatures that taught the network; nothing can be conditioned.")
    nodes = signature_nodes(encoded)
    components = PCA(min(n_components, *values.shape), svd_solver="randomized", random_state=0).fit(values)
    scores, every = components.transform(values), np.arange(components.n_components_)
    rows = []
    for i, name in enumerate(names):
        network = encoded.network.decode(latent.sample_class(known.mu, pcl, name, nodes, n=n, seed=seed + i))
        plain = components.inverse_transform(
            latent.sample_class(scores, pcl, name, every, n=n, seed=seed + i)
        )
        own = [(latent.nearest_class(one, values, pcl) == name).mean() for one in (network, plain)]
        rows.append((name, int((pcl == name).sum()), *own, (pcl == name).mean()))
    return pd.DataFrame(rows, columns=["pcl", "n_real", "own", "gaussian", "by_chance"])
