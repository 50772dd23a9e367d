from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from reread.core.training.adam import FusedAdam
from torch import nn

WAYS = {
    "adam": ({}, torch.optim.Adam, {}),
    "amsgrad": ({"amsgrad": True}, torch.optim.Adam, {"amsgrad": True}),
    "coupled decay": ({"weight_decay": 0.1}, torch.optim.Adam, {"weight_decay": 0.1}),
    "adamw": ({"weight_decay": 0.1, "is_decoupled": True}, torch.optim.AdamW, {"weight_decay": 0.1}),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_steps_are_those_of_torch_to_the_last_bit(way):
    ours_with, their_class, theirs_with = WAYS[way]
    torch.manual_seed(0)
    ours, theirs = nn.Linear(5, 3), nn.Linear(5, 3)
    theirs.load_state_dict(ours.state_dict())
    optimizers = (
        FusedAdam(ours.parameters(), 1e-2, **ours_with),
        their_class(theirs.parameters(), 1e-2, fused=True, **theirs_with),
    )

    for _ in range(30):
        x = torch.randn(4, 5)
        for optimizer, layer in zip(optimizers, (ours, theirs), strict=True):
            optimizer.zero_grad()
            layer(x).square().sum().backward()
            optimizer.step()

    assert torch.equal(ours.weight, theirs.weight) and torch.equal(ours.bias, theirs.bias)


def test_a_state_of_another_network_is_refused():
    kept = FusedAdam(nn.Linear(5, 3).parameters()).state_dict()

    with pytest.raises(ValueError, match=r"exp_avg has shape \(3, 5\), expected \(2, 5\)"):
        FusedAdam(nn.Linear(5, 2).parameters()).load_state_dict(kept)


def test_training_does_not_import_the_compiler():
    code = (
        "import sys, torch; from reread.core.training.adam import FusedAdam; layer = torch.nn.Linear(2, 1);"
        "optimizer = FusedAdam(layer.parameters()); layer(torch.ones(3, 2)).sum().backward();"
        "optimizer.step(); assert 'torch._dynamo' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", code], check=True)
