from __future__ import annotations

from types import SimpleNamespace

from reread.book.site import claim_tables as judged


def row(study: str, number: int) -> SimpleNamespace:
    return SimpleNamespace(study=SimpleNamespace(key=study), number=number)


def test_no_study_fills_the_front_page_alone():
    rows = [
        row("maize", 1),
        row("maize", 2),
        row("maize", 3),
        row("lincs", 1),
        row("lincs", 2),
        row("networks", 1),
    ]

    shown = [(one.study.key, one.number) for one in judged._in_turn(rows)]

    assert shown == [
        *(("maize", 1), ("lincs", 1), ("networks", 1)),
        *(("maize", 2), ("lincs", 2)),
        ("maize", 3),
    ]
