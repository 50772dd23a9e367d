"""Weights are found as a file, as a folder, or on the hub."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from reread.core.data.pretrained import find_pretrained
from reread.core.errors import DataError


def folder(path, config='{"dim": 48}', name="pytorch_model.bin"):
    path.mkdir()
    (path / "config.json").write_text(config)
    (path / name).write_bytes(b"weights")
    return path


def test_a_file_stands_alone_and_a_folder_says_what_it_holds(tmp_path):
    (tmp_path / "a.pt").write_bytes(b"")
    made = folder(tmp_path / "model")

    assert find_pretrained(tmp_path / "a.pt", extra="genomes").config == {}
    found = find_pretrained(str(made), extra="genomes")
    assert (found.weights.name, found.config) == ("pytorch_model.bin", {"dim": 48})
    (made / "model.safetensors").write_bytes(b"")
    assert find_pretrained(made, extra="genomes").weights.name == "model.safetensors"


@pytest.mark.parametrize(
    ("config", "name", "message"),
    [
        ("{}", "other.bin", r"must hold model.safetensors or pytorch_model.bin, but has neither"),
        ("{", "pytorch_model.bin", r"config.json cannot be read as JSON"),
        ("[1]", "pytorch_model.bin", r"config.json must hold names and values, but is \[1\]"),
    ],
)
def test_a_folder_without_weights_or_config_is_refused(tmp_path, config, name, message):
    with pytest.raises(DataError, match=message):
        find_pretrained(folder(tmp_path / "model", config, name), extra="genomes")


def test_a_model_of_the_hub_is_downloaded_without_its_other_files(tmp_path, monkeypatch):
    asked = []

    def download(name, allow_patterns):
        asked.append((name, allow_patterns))
        return str(folder(tmp_path / "kept"))

    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(snapshot_download=download))
    found = find_pretrained("owner/model", extra="genomes")

    assert asked == [("owner/model", ["config.json", "model.safetensors", "pytorch_model.bin"])]
    assert found.weights == tmp_path / "kept/pytorch_model.bin"


def test_what_the_hub_refuses_is_said_in_one_line(monkeypatch):
    def download(name, allow_patterns):
        raise OSError("no connection")

    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(snapshot_download=download))
    with pytest.raises(
        DataError, match=r"owner/model is neither a folder .*: no connection\n.*give its folder"
    ):
        find_pretrained("owner/model", extra="genomes")
    with pytest.raises(DataError, match=r"no file, no folder, and no id of a model"):
        find_pretrained("weights/of/nothing.pt", extra="genomes")
