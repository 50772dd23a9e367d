"""Read a YAML record into a pydantic model; an error names file, line, key and the nearest right key."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reread.core.errors import ParameterError, did_you_mean


class Record(BaseModel):
    """Base class of all records: immutable; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


Model = TypeVar("Model", bound=Record)
Finite = Annotated[float, Field(allow_inf_nan=False)]
MANY_NODES = 100_000
# a value that is none of these gives four errors for one fault
SCALARS = {"bool": "bool_", "int": "int_", "float": ("float_", "finite_"), "str": "string_"}


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # the C loader is ten times as fast
    """YAML with the numbers of its version 1.2: ``010`` is 10; ``1:30``, ``no`` and dates are text."""


SCALAR = {
    "bool": (r"true|True|false|False", "tTfF"),
    "int": (r"[-+]?[0-9]+", "-+0123456789"),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf)|\.(nan|NaN)",
        "-+.0123456789",
    ),
    "null": (r"~|null|", ["~", "n", ""]),
}
Loader.yaml_implicit_resolvers = {}
for _name, (_pattern, _first) in SCALAR.items():
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"^({_pattern})$"), list(_first))
Loader.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(node.value))


def read_record(path: Path, model: type[Model]) -> Model:
    """Read and validate ``path``; whatever is wrong is a ParameterError that names file, line and key."""
    if not path.is_file():
        raise ParameterError(f"There is no record {path}.\nSee book/contribute.md for what a record holds.")
    try:
        text = path.read_text(encoding="utf-8")
        loader = Loader(text)
        tree = loader.get_single_node()
        _refuse_oddities(path, tree)
        is_json = path.suffix == ".json"
        return model.model_validate(json.loads(text) if is_json else loader.construct_document(tree))
    except (yaml.YAMLError, json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ParameterError(f"{path} cannot be read: {error}") from None
    except ValidationError as error:
        lines = [_explain(path, tree, model, one) for one in error.errors()]
        raise ParameterError("\n".join(dict.fromkeys(lines))) from None


def _explain(path: Path, tree: yaml.Node, model: type[Record], error: Any) -> str:
    """One line for one pydantic error: where, which key, what is wrong, which key is near."""
    loc = [part for part in error["loc"] if not str(part).startswith(("function-", "tuple["))]
    if loc and loc[-1] in SCALARS and error["type"].startswith(SCALARS[loc[-1]]):
        loc, error = loc[:-1], error | {"msg": "Input should be a word, a number, true or false"}
    where = f"{path}, line {_line(tree, loc)}: {'.'.join(map(str, loc)) or 'the record'}"
    if error["type"] != "extra_forbidden":
        came = "" if isinstance(error["input"], dict) else f" (came: {error['input']!r:.80})"
        return f"{where}: {error['msg'].removeprefix('Value error, ')}{came}"
    known = [field.alias or name for name, field in _model_at(model, loc[:-1]).model_fields.items()]
    return f"{where}: there is no such key. {did_you_mean(str(loc[-1]), known)}"


def _line(node: yaml.Node, loc: list) -> int:
    """Line of the deepest part of ``loc`` that the file has, counted from 1."""
    line = node.start_mark.line + 1
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            found = [(k, v) for k, v in node.value if k.value == str(part)]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            found = [(node.value[part], node.value[part])]
        else:
            found = []
        if not found:
            return line
        line, node = found[0][0].start_mark.line + 1, found[0][1]
    return line


def _model_at(model: type[Record], loc: list) -> type[Record]:
    """The model that holds the key at ``loc``: descend through fields, lists and mappings."""
    for part in loc:
        field = model.model_fields.get(str(part)) or next(
            (f for name, f in model.model_fields.items() if f.alias == part or name == "root"), None
        )
        if field is not None:
            model = next(iter(_records_in(field.annotation)), model)
    return model


def _records_in(annotation: Any) -> list[type[Record]]:
    """All record classes inside an annotation such as ``dict[str, Parameter]``."""
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return [annotation]
    return [found for argument in get_args(annotation) for found in _records_in(argument)]


def _refuse_oddities(path: Path, tree: yaml.Node | None) -> None:
    """Refuse an empty file, duplicate keys and aliases without end, all of which YAML allows."""
    if tree is None:
        raise ParameterError(f"{path} is empty.\nSee book/contribute.md for what a record holds.")
    waiting, n_seen = [tree], 0
    while waiting:
        node, n_seen = waiting.pop(), n_seen + 1
        if n_seen > MANY_NODES:
            raise ParameterError(f"{path}: its aliases (*name) make it endless or enormous. Write them out.")
        if isinstance(node, yaml.MappingNode):
            _refuse_repeated_keys(path, node)
            waiting += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def _refuse_repeated_keys(path: Path, node: yaml.MappingNode) -> None:
    """Refuse duplicate keys, of which YAML keeps the last."""
    seen: set[str] = set()
    for key, _ in node.value:
        where = f"{path}, line {key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode):
            raise ParameterError(f"{where}: a key must be a word.")
        if key.value in seen:
            raise ParameterError(f"{where}: duplicate key {key.value!r}.")
        seen.add(key.value)
