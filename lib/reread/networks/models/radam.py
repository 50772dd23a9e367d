"""RAdam as one fused step."""

from __future__ import annotations

from reread.core.training.adam import FusedAdam


class FusedRAdam(FusedAdam):
    """RAdam in one fused kernel: Adam's step with the learning rate and epsilon of the rectified one.

    The first five steps of RAdam divide by nothing. A huge power of two as epsilon, multiplied into the
    learning rate, says the same to Adam. Weights stay within 1e-6 of ``torch.optim.RAdam`` (a test).
    Source: Liu et al. 2020, algorithm 2; weight decay is coupled, as PyTorch has it by default.
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
