"""Zip files of the book have the same bytes for the same content, whoever writes them and when."""

from __future__ import annotations

import os
import zipfile

from reread.book.transfer import write_zip


def test_equal_content_gives_equal_bytes_whatever_the_order_the_time_and_the_rights(tmp_path):
    file = tmp_path / "b.csv"
    file.write_text("b\n")
    assert write_zip(tmp_path / "first.zip", {"b.csv": file, "a.sh": "echo\n", "c.whl": "wheel"}) == 3
    os.utime(file, (1, 1))
    file.chmod(0o600)
    write_zip(tmp_path / "second.zip", {"c.whl": "wheel", "a.sh": "echo\n", "b.csv": file})

    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "first.zip") as archive:
        found = {
            one.filename: (one.external_attr >> 16 & 0o777, one.compress_type) for one in archive.infolist()
        }
        assert archive.testzip() is None
    stored, deflated = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
    assert found == {"a.sh": (0o755, deflated), "b.csv": (0o644, deflated), "c.whl": (0o644, stored)}
