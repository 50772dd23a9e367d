"""Number formats of the torch networks: fp32, TF32 and bf16, switched on for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from reread.core.errors import ParameterError, did_you_mean
from reread.core.precision import FORMATS


@contextmanager
def number_format(name: str, device: torch.device) -> Iterator[None]:
    """Compute in a number format inside ``with number_format(...):``, and as before after it.

    ``float32`` also turns off TF32, which is the default of torch for convolutions on a GPU.
    ``tf32`` rounds the factors of products to 10 bits on a GPU and changes nothing on a CPU. ``bfloat16`` is
    autocast. ParameterError for another name.
    """
    if name not in FORMATS:
        raise ParameterError(f"There is no number format {name!r}. {did_you_mean(name, FORMATS)}")
    switches = (torch.backends.cuda.matmul, torch.backends.cudnn.conv)
    before = [one.fp32_precision for one in switches]
    for one in switches:
        one.fp32_precision = "tf32" if name == "tf32" else "ieee"
    try:
        with torch.autocast(device.type, torch.bfloat16, enabled=name == "bfloat16"):
            yield
    finally:
        for one, value in zip(switches, before, strict=True):
            one.fp32_precision = value
