"""Adam as one fused kernel, without the compiler that ``torch.optim`` imports.

Making any optimiser of ``torch.optim`` imports ``torch._dynamo``, 835 modules and more CPU time than a small
network needs to train. The kernel and its results are those of ``torch.optim.Adam(..., fused=True)``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


class FusedAdam:
    """Adam, or AdamW with ``is_decoupled``; ``param_groups[0]`` holds the settings and may be changed."""

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-3,
        *,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        is_decoupled: bool = False,
    ):
        self.kernel = torch._fused_adamw_ if is_decoupled else torch._fused_adam_
        self.parameters = list(parameters)
        group = {"lr": lr, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": weight_decay}
        self.param_groups: list[dict[str, Any]] = [{**group, "amsgrad": amsgrad}]
        names = ("exp_avg", "exp_avg_sq", *(["max_exp_avg_sq"] if amsgrad else []))
        self.state = {name: [torch.zeros_like(one) for one in self.parameters] for name in names}
        self.state["step"] = [torch.zeros((), device=one.device) for one in self.parameters]

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Update every parameter that has a gradient."""
        group = self.param_groups[0]
        used = [i for i, one in enumerate(self.parameters) if one.grad is not None]
        kept = {name: [values[i] for i in used] for name, values in self.state.items()}
        torch._foreach_add_(kept["step"], 1)
        self.kernel(
            [self.parameters[i] for i in used], [self.parameters[i].grad for i in used],
            kept["exp_avg"], kept["exp_avg_sq"], kept.get("max_exp_avg_sq", []), kept["step"],
            lr=group["lr"], beta1=group["betas"][0], beta2=group["betas"][1], eps=group["eps"],
            weight_decay=group["weight_decay"], amsgrad=group["amsgrad"], maximize=False,
        )  # fmt: skip

    def state_dict(self) -> dict[str, Any]:
        """Return moments, steps and settings, for a checkpoint."""
        return {"state": self.state, "group": dict(self.param_groups[0])}

    def load_state_dict(self, kept: dict[str, Any]) -> None:
        """Continue from what :meth:`state_dict` returned; a state of another network is refused."""
        for name, values in self.state.items():
            for one, other in zip(values, kept["state"][name], strict=True):
                if one.shape != other.shape:
                    raise ValueError(f"{name} has shape {tuple(other.shape)}, expected {tuple(one.shape)}")
                one.copy_(other)
        self.param_groups[0].update(kept["group"])
