"""Read weights that torch saved before its zip format, without torch and without running anything in them."""

from __future__ import annotations

import pickle
import pickletools
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np

from reread.core.errors import DataError

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
NUMBERS = {"Float": "<f4", "Double": "<f8", "Int": "<i4", "Long": "<i8"}
DTYPES = {f"torch.{name}Storage": dtype for name, dtype in NUMBERS.items()}
LAYERS = ("container.Sequential", "linear.Linear", "sparse.Embedding", "activation.Tanh")
MODULES = {f"torch.nn.modules.{layer}" for layer in LAYERS}
TENSORS = {"torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor"}
PARAMETERS = {"torch.nn.parameter.Parameter", "torch._utils._rebuild_parameter"}
BACKEND = "torch.nn.backends.thnn._get_thnn_function_backend"
OPCODES = {
    "PROTO", "STOP", "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT",
    "BINSTRING", "SHORT_BINSTRING", "BINUNICODE", "EMPTY_LIST", "EMPTY_DICT", "EMPTY_TUPLE", "TUPLE1",
    "TUPLE2", "TUPLE3", "TUPLE", "MARK", "APPEND", "APPENDS", "SETITEM", "SETITEMS", "BINPUT", "LONG_BINPUT",
    "BINGET", "LONG_BINGET", "GLOBAL", "REDUCE", "NEWOBJ", "BUILD", "BINPERSID",
}  # fmt: skip
MAX_DEPTH, MAX_NODES = 16, 10_000  # a pickle can hold itself, or multiply without end


class Stub:
    """Stands for a class of torch: it keeps arguments and state, and does nothing."""

    name: ClassVar[str] = ""
    args: tuple = ()
    state: Any = None

    def __init__(self, *args: Any):
        self.args = args

    def __setstate__(self, state: Any) -> None:
        self.state = state


ALLOWED = {
    name: type(name.rsplit(".", 1)[1], (Stub,), {"name": name})
    for name in (*DTYPES, *MODULES, *TENSORS, *PARAMETERS, BACKEND)
} | {"collections.OrderedDict": OrderedDict}


class _Weights(pickle.Unpickler):
    """Unpickler that knows the stubs and no other class or function."""

    def find_class(self, module: str, name: str) -> type:
        return ALLOWED[f"{module}.{name}"]

    def persistent_load(self, words: Any) -> Any:
        # a class is stored with its source text, which is ignored; storages follow after the pickles
        return words[1] if isinstance(words, tuple) and words[:1] == ("module",) else words


def load(path: Path) -> dict[str, np.ndarray]:
    """Read the tensors of a file that ``torch.save`` wrote before torch 1.6, as name to array.

    The file holds modules or a dict of tensors; names are those of a ``state_dict`` (``0.weight``). Every
    operation and name of its pickles is checked against a list before any object is made. A file of another
    format, one that is damaged, or one that names anything else is a DataError; nothing in it is run.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"There is no file {path}.")
    try:
        with path.open("rb") as stream:
            return _load(stream)
    except (OSError, MemoryError, TypeError, ValueError, LookupError, AttributeError, EOFError, OverflowError,
            RecursionError, pickle.UnpicklingError, DataError) as error:  # fmt: skip
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        if not isinstance(error, DataError):
            reason = f"it is cut short or damaged ({reason})"
        raise DataError(f"{path} is refused: {reason}.\nNothing in it was run.") from None


def _read(stream: BinaryIO) -> Any:
    """Read one pickle; refuse it before anything is made if it needs an operation or a name off the list."""
    start = stream.tell()
    for number, (operation, arg, _) in enumerate(pickletools.genops(stream)):
        if operation.name not in OPCODES:
            raise DataError(f"the operation {operation.name} is not among those that weights need")
        if operation.name == "GLOBAL" and arg.replace(" ", ".") not in ALLOWED:
            raise DataError(f"it names {arg.replace(' ', '.')}, which no weights need")
        if operation.name in ("BINPUT", "LONG_BINPUT") and arg > number:
            raise DataError("its memo has gaps")
    end = stream.tell()
    stream.seek(start)
    found = _Weights(stream, encoding="latin1").load()
    stream.seek(end)
    return found


def _load(stream: BinaryIO) -> dict[str, np.ndarray]:
    if stream.read(4) == b"PK\x03\x04":
        raise DataError("it is in torch's zip format; read it with torch.load(..., weights_only=True)")
    stream.seek(0)
    if _read(stream) != MAGIC or _read(stream) != PROTOCOL:
        raise DataError("it does not begin as torch's old format does")
    sizes = _read(stream)
    if not isinstance(sizes, dict) or sizes.get("little_endian") is not True:
        raise DataError("its numbers are not stored little end first")
    found = dict(_tensors(_read(stream), count()))
    keys = _read(stream)
    kinds = {_storage(tensor)[1]: _storage(tensor) for tensor in found.values()}
    if not isinstance(keys, list) or set(map(str, keys)) != set(kinds):
        raise DataError("its list of storages is not that of its tensors")
    storages = {key: _numbers(stream, *kinds[key]) for key in keys}
    if stream.read(1):
        raise DataError("it goes on after its last storage")
    return {name: _view(name, tensor, storages) for name, tensor in found.items()}


def _tensors(found: Any, seen: Iterator[int], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Stub]]:
    """Name and stub of each tensor in a module or a dict of tensors; ``seen`` counts the objects visited."""
    if depth > MAX_DEPTH or next(seen) > MAX_NODES:
        raise DataError("its modules are nested too deeply, or too many")
    if isinstance(found, Stub) and found.name in MODULES and isinstance(found.state, dict):
        for part in ("_parameters", "_buffers", "_modules"):
            inside = found.state.get(part)
            yield from _tensors(inside if isinstance(inside, dict) else {}, seen, prefix, depth + 1)
    elif isinstance(found, dict):
        for name, value in found.items():
            if value is not None:
                yield from _tensors(value, seen, f"{prefix}.{name}".lstrip("."), depth + 1)
    elif isinstance(found, Stub) and found.name in PARAMETERS and found.args:
        yield from _tensors(found.args[0], seen, prefix, depth + 1)
    elif isinstance(found, Stub) and found.name in TENSORS and len(found.args) >= 4:
        yield prefix, found
    else:
        raise DataError(f"{prefix or 'its object'} is no module, no dict and no tensor")


def _storage(tensor: Stub) -> tuple[str, str, int]:
    """Data type, key and count of numbers of the storage that a tensor looks into."""
    words = tensor.args[0] if isinstance(tensor.args[0], tuple) else ()
    kind = getattr(words[1], "name", "") if len(words) >= 5 and words[0] == "storage" else ""
    if kind not in DTYPES or not isinstance(words[4], int):
        raise DataError("a tensor has no storage of numbers")
    return DTYPES[kind], str(words[2]), words[4]


def _numbers(stream: BinaryIO, dtype: str, key: str, n: int) -> np.ndarray:
    """The next storage of the stream, as long as its tensors say."""
    promised = int.from_bytes(stream.read(8), "little", signed=True)
    if promised != n:
        raise DataError(f"storage {key} should hold {n} numbers, but declares {promised}")
    raw = stream.read(n * np.dtype(dtype).itemsize)
    if len(raw) != n * np.dtype(dtype).itemsize:
        raise DataError(f"it ends inside storage {key}")
    return np.frombuffer(raw, dtype=dtype)


def _view(name: str, tensor: Stub, storages: Mapping[str, np.ndarray]) -> np.ndarray:
    """A copy of the part of its storage that a tensor views, once it is known to lie inside."""
    offset, size, stride = tensor.args[1:4]
    numbers = storages[_storage(tensor)[1]]
    whole = [offset, *size, *stride]
    is_sane = all(type(one) is int and one >= 0 for one in whole) and len(size) == len(stride)
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=False)) if is_sane else -1
    if not is_sane or 0 in size or last >= len(numbers):
        raise DataError(f"{name} looks outside its storage")
    step = numbers.itemsize
    return np.lib.stride_tricks.as_strided(numbers[offset:], size, [s * step for s in stride]).copy()
