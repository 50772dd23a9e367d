"""Written whole or not at all; named by what is in them."""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from reread.core.files import digest, read_json, sha256, write_json, write_text, written_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_whole_with_its_folder(tmp_path):
    path = write_text(tmp_path / "a/b/c.txt", "one\ntwo – drei\n")

    assert path.read_bytes() == "one\ntwo – drei\n".encode()
    assert names(path.parent) == ["c.txt"]


def test_nothing_is_seen_under_the_name_before_the_end(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    with written_whole(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
        assert part.parent == path.parent, "a rename from another disk would not be whole"

    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [OSError("no space"), KeyboardInterrupt(), ValueError("wrong")])
def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")

    with pytest.raises(type(error)), written_whole(path) as part:
        part.write_text("half")
        raise error

    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_failure_before_anything_was_written_is_said_as_it_is(tmp_path):
    with pytest.raises(ZeroDivisionError), written_whole(tmp_path / "a.txt"):
        _ = 1 / 0

    assert names(tmp_path) == []


def test_forgetting_to_write_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), written_whole(tmp_path / "a.txt"):
        pass


def test_writers_of_one_file_do_not_meet(tmp_path):
    with written_whole(tmp_path / "a.txt") as first, written_whole(tmp_path / "a.txt") as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")

    assert (tmp_path / "a.txt").read_text() == "first"
    assert names(tmp_path) == ["a.txt"]


def test_line_ends_are_those_of_unix(tmp_path):
    assert write_text(tmp_path / "a", "a\nb\r\n").read_bytes() == b"a\nb\r\n"


def test_equal_values_give_equal_bytes_of_json(tmp_path):
    first = write_json(tmp_path / "a.json", {"b": [1, 0.1], "a": "ä"})
    second = write_json(tmp_path / "b.json", {"a": "ä", "b": [1, 0.1]})

    assert (
        first.read_bytes() == second.read_bytes() == '{\n "a": "ä",\n "b": [\n  1,\n  0.1\n ]\n}\n'.encode()
    )


def test_json_comes_back_to_the_last_bit(tmp_path):
    values = [0.1, 1e-300, 2**53 + 1, math.pi, True, None, "–"]

    back = read_json(write_json(tmp_path / "a.json", values))

    assert back == values
    assert [type(v) for v in back] == [type(v) for v in values]


def test_a_value_that_json_cannot_hold_leaves_no_file(tmp_path):
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"a": object()})

    assert names(tmp_path) == []


def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path):
    content = bytes(range(256)) * 10_000
    (tmp_path / "a").write_bytes(content)

    assert sha256(tmp_path / "a") == hashlib.sha256(content).hexdigest()


def test_a_digest_is_independent_of_the_order_of_keys():
    assert digest({"a": 1, "b": {"c": 2, "d": 3}}) == digest({"b": {"d": 3, "c": 2}, "a": 1})


@pytest.mark.parametrize(
    "other", [{"a": 2}, {"b": 1}, {"a": "1"}, {"a": [1]}, {"a": 1, "b": None}, {}, [], ["a", 1]]
)
def test_a_digest_tells_values_apart(other):
    assert digest(other) != digest({"a": 1})


def test_a_digest_tells_the_order_of_a_list():
    assert digest([1, 2]) != digest([2, 1])


def test_a_digest_is_the_same_in_every_process():
    """Python's own ``hash`` is not: it is seeded anew each time."""
    value = {"b": [1, 0.1, None, True], "a": "ä"}
    code = (
        f"import json; from reread.core.files import digest; print(digest(json.loads({json.dumps(value)!r})))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }

    assert said == {digest(value)}
