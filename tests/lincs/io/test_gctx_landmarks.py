from __future__ import annotations

import gzip
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.lincs.io import gctx

write = run_path(str(Path(__file__).parents[3] / "benchmarks/oracles/gctx_writer.py"))["write"]

GENES = [f"g{i}" for i in range(5)]


@pytest.fixture
def values():
    """43 signatures of 5 genes."""
    return np.random.default_rng(0).standard_normal((43, 5)).astype(np.float32)


@pytest.fixture
def path(tmp_path, values):
    return write(tmp_path / "a.gctx", values, GENES, [f"s{i}" for i in range(43)], chunk=4)


def test_landmarks_are_extracted_once_and_opened_ever_after(path, values, tmp_path):
    first, ids = gctx.landmark_memmap(path, tmp_path / "out/a.f32", ["g3", "g1"], block=8)
    path.unlink()
    again, same = gctx.landmark_memmap(path, tmp_path / "out/a.f32", ["g3", "g1"])

    assert isinstance(first, np.memmap)
    assert (first == values[:, [3, 1]]).all()
    assert (again == first).all()
    assert ids == same == [f"s{i}" for i in range(43)]
    assert not again.flags.writeable


def test_a_packed_file_is_unpacked_only_for_as_long_as_it_takes(path, values, tmp_path):
    packed = tmp_path / "a.gctx.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))

    found, _ = gctx.landmark_memmap(packed, tmp_path / "out/a.f32")
    assert (found == values).all()
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.f32", "a.f32.json"]


def test_a_packed_file_that_is_cut_short_leaves_nothing(path, tmp_path):
    packed = tmp_path / "a.gctx.gz"
    packed.write_bytes(gzip.compress(path.read_bytes())[:-200])

    with pytest.raises(DataError, match=r"a\.gctx\.gz cannot be read as gzip"):
        gctx.landmark_memmap(packed, tmp_path / "out/a.f32")
    assert list((tmp_path / "out").iterdir()) == []


def test_other_genes_than_those_that_lie_there_are_refused(path, tmp_path):
    gctx.landmark_memmap(path, tmp_path / "a.f32", ["g3", "g1"])

    with pytest.raises(DataError, match="holds other genes, or values of another file"):
        gctx.landmark_memmap(path, tmp_path / "a.f32", ["g1", "g3"])


def test_a_matrix_that_was_cut_on_disk_is_refused(path, tmp_path):
    gctx.landmark_memmap(path, tmp_path / "a.f32")
    (tmp_path / "a.f32").write_bytes((tmp_path / "a.f32").read_bytes()[:-4])

    with pytest.raises(DataError, match="Delete it"):
        gctx.landmark_memmap(path, tmp_path / "a.f32")
