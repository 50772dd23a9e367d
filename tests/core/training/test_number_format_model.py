from __future__ import annotations

import pytest
import torch
from reread.core.errors import ParameterError
from reread.core.training.number_format import number_format

CPU = torch.device("cpu")


def state():
    return torch.backends.cuda.matmul.fp32_precision, torch.backends.cudnn.conv.fp32_precision


@pytest.mark.parametrize(
    ("name", "dtype", "inside"),
    [
        ("float32", torch.float32, "ieee"),
        ("tf32", torch.float32, "tf32"),
        ("bfloat16", torch.bfloat16, "ieee"),
    ],
)
def test_a_format_holds_inside_and_is_undone_outside(name, dtype, inside):
    before, one = state(), torch.randn(8, 8)
    with number_format(name, CPU):
        assert state() == (inside, inside)
        assert (one @ one).dtype == dtype
    assert state() == before
    assert (one @ one).dtype == torch.float32


def test_a_format_is_undone_after_an_error():
    before = state()
    with pytest.raises(ZeroDivisionError), number_format("tf32", CPU):
        1 / 0  # noqa: B018
    assert state() == before


def test_an_unknown_format_is_refused():
    with (
        pytest.raises(ParameterError, match=r"no number format 'bfloat15'.*bfloat16"),
        number_format("bfloat15", CPU),
    ):
        pass
