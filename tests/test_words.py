"""Plain scientific English: no banned word, no sentence over 40 words, no riddle as a heading.

``python tests/test_words.py [FOLDER]`` lists every finding with its place.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 40
# a word or a phrase, and what to write in its place
BANNED = {
    r"taught": "trained",
    r"rungs?": "split difficulty, hold-out scheme",
    r"ladders?": "split difficulty, hold-out scheme",
    r"knobs?": "parameter",
    r"told(?! apart)": "conditioned on, given the label",
    r"rightly": "correctly",
    r"dealt": "permuted",
    r"stands? twice": "duplicate",
    r"planted[ -]truths?": "ground truth of the simulation",
    r"names[ -]only": "degree (node-prior) baseline",
    r"expression lift": "AUPRC gain over the degree baseline",
    r"kept apart": "held-out",
    r"drugs? that teach(es)?": "training drugs",
    r"(dead|silent|loud) (units?|nodes?)": "collapsed or active unit",
    r"falls? silent": "collapses",
    r"hairpins?": "shRNA",
    r"decoy share": "false-positive share",
    r"union depth": "stopping row",
    r"furniture": "page sections",
    r"woven|weaves?": "merge",
    r"twins?": "duplicate, replicate",
    r"busiest": "with most targets",
    r"worlds?": "simulated network",
    r"speaks? (for|of)": "say what was measured",
    r"still says?": "say what was measured",
    r"behind (its|his) (own )?back": "say what happens",
    r"fair coin|a coin": "chance level",
    r"acquaintance": "data leakage",
    r"honest(y|ly)?": "say what is done",
    r"deaf": "say what is refused",
    r"one lie|never lies?": "say what is wrong",
    r"nobody's": "say who",
    r"turned round": "reversed",
    r"knock-?downs? names?": "perturbed genes",
}
PATTERN = re.compile(rf"(?<![\w-])(?:{'|'.join(BANNED)})(?![\w-])", re.IGNORECASE)
RIDDLE = re.compile(
    r"still (say|know)|gives? away|says? anything|already shown|has shown|speak|told|say of|coin\b|illusion|"
    r"behind|whose|nobody|who is who|to the letter|for what it is|in disguise|alone$",
    re.IGNORECASE,
)
# a finding that is right as it stands: the file, a part of the text, and the reason
EXCEPTIONS: dict[tuple[str, str], str] = {}
FENCE = re.compile(r"^([`:~]{3,}).*$", re.MULTILINE)
CODE = re.compile(r"`+[^`]*`+")
LINK = re.compile(r"\[([^\]]*)\](\([^)]*\)|\{[^}]*\})")
ROLE = re.compile(r"\{[a-z:-]+\}(?=`)")
END = re.compile(r"(?<=[.!?])[\"')*_]*\s+(?=[A-Z*_\"'(`$])")


class Finding(NamedTuple):
    """A place where the words are wrong."""

    file: str
    kind: str
    text: str


def texts(path: Path) -> Iterator[str]:
    """Everything in a file that is prose."""
    if path.suffix == ".md":
        yield path.read_text(encoding="utf-8")
    elif path.suffix == ".ipynb":
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            yield from [source] if cell["cell_type"] == "markdown" else strings(source)
    elif path.suffix == ".py":
        yield from strings(path.read_text(encoding="utf-8"))
    else:
        yield from values(yaml.safe_load(path.read_text(encoding="utf-8")))


def strings(source: str) -> Iterator[str]:
    """Docstrings, messages and captions: every string of at least four words."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:
        return
    inside = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            text = "".join(p.value if isinstance(p, ast.Constant) else "x" for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            text = node.value
        else:
            continue
        if len(text.split()) > 3:
            yield text


def values(entry: object) -> Iterator[str]:
    """Texts of a study record."""
    if isinstance(entry, dict):
        for key, value in entry.items():
            yield from () if key in ("title", "quote") and "journal" in entry else values(value)
    elif isinstance(entry, list):
        for value in entry:
            yield from values(value)
    elif isinstance(entry, str) and " " in entry:
        yield entry


def sentences(text: str) -> Iterator[str]:
    """Sentences of a text, without code, tables, formulas and sections of a docstring that list names."""
    text = re.sub(r"^```(?!\{)[^\n]*\n.*?^```", "\n\n", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"\$\$.*?\$\$", "\n\n", text, flags=re.DOTALL)
    text = FENCE.sub("\n", ROLE.sub("", CODE.sub("X", LINK.sub(r"\1", text))))
    kept = [
        "" if re.match(r"\s*([|:+%#>]|-{3,}|[\w, *]+ : |=+ =|X {2,})", line) else line
        for line in text.splitlines()
    ]
    blocks = re.split(r"\n\s*\n|\n\s*(?:[-*]|\d+\.|:) +|\n(?=\S[^\n]*\n\s*:)", "\n".join(kept))
    for block in blocks:
        # columns and keys are listed with semicolons
        yield from (part for half in block.split(";") for part in END.split(" ".join(half.split())) if part)


def headings(path: Path, text: str) -> Iterator[str]:
    """Headings of a Markdown text."""
    if path.suffix in (".md", ".ipynb"):
        plain = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
        yield from re.findall(r"^#{1,4} +(.+)$", plain, re.MULTILINE)


def every_finding(path: Path) -> Iterator[Finding]:
    """Everything wrong in a file, exceptions included."""
    name = path.relative_to(ROOT).as_posix()
    for text in texts(path):
        visible = CODE.sub(" ", text)
        yield from (Finding(name, "word", m[0]) for m in PATTERN.finditer(visible))
        yield from (Finding(name, "heading", h) for h in headings(path, text) if RIDDLE.search(h))
        yield from (Finding(name, "long", s) for s in sentences(text) if len(s.split()) > LONGEST)


def is_exception(finding: Finding) -> bool:
    """Whether a finding is right as it stands."""
    return any(finding.file == file and part in finding.text for file, part in EXCEPTIONS)


def findings(path: Path) -> list[Finding]:
    """Everything wrong in a file."""
    return [finding for finding in every_finding(path) if not is_exception(finding)]


def files() -> list[Path]:
    """Every file whose words are read by a user."""
    patterns = (
        "chapters/*/*.ipynb",
        "chapters/*/study.yml",
        "chapters/*/workshop.yml",
        "book/**/*.md",
        "lib/reread/**/*.py",
    )
    found = [path for pattern in patterns for path in ROOT.glob(pattern)]
    return sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *found])


def area(path: Path) -> str:
    """The part of the project that a file belongs to."""
    parts = path.relative_to(ROOT).parts
    n_parts = {"lib": 3, "chapters": 2, "book": 2 if len(parts) > 2 else 1}.get(parts[0], 1)
    return "/".join(parts[:n_parts])


@pytest.mark.parametrize("name", sorted({area(path) for path in files()}))
def test_the_words_of_every_part_are_plain(name):
    found = [finding for path in files() if area(path) == name for finding in findings(path)]
    lines = [f"{f.file}: {f.kind}: {f.text[:120]}" for f in found]

    assert lines == []


@pytest.mark.parametrize(
    ("suffix", "text", "kind"),
    [
        (".md", "The network was taught on mice.", "word"),
        (".md", "# What the weights still say\n", "heading"),
        (".md", "A " + "very " * 40 + "long sentence.", "long"),
        (".py", 'raise ValueError(f"{x} stands twice in it.")', "word"),
        (".yml", "help: a knob to turn", "word"),
        (".ipynb", '{"cells": [{"cell_type": "code", "source": "f(x=\'The drugs that teach.\')"}]}', "word"),
    ],
)
def test_the_search_itself_sees_a_wrong_word(tmp_path, monkeypatch, suffix, text, kind):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    path = tmp_path / f"text{suffix}"
    path.write_text(text)

    assert kind in [finding.kind for finding in findings(path)]


def test_code_tables_and_citations_are_no_prose(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    path = tmp_path / "text.md"
    path.write_text(
        "A `knob` in code.\n\n```bash\nreread told " + "x " * 50 + "\n```\n\n| " + "cell " * 50 + "|\n"
    )

    assert findings(path) == []


def test_every_exception_is_needed():
    found = [finding for path in files() for finding in every_finding(path)]

    unneeded = [e for e in EXCEPTIONS if not any(f.file == e[0] and e[1] in f.text for f in found)]
    assert unneeded == []


if __name__ == "__main__":
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    for path in files():
        if path.relative_to(ROOT).as_posix().startswith(only):
            for finding in findings(path):
                print(": ".join(finding))
