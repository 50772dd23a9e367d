"""Read a pickle as a list of words: a small machine in which nothing can be called.

A name in a pickle stays a name; a call becomes a record of the call. Names that are not on a list end the
reading before anything is made of them.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from reread.core.errors import DataError

CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
LITERALS = {
    "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINSTRING", "SHORT_BINSTRING", "BINUNICODE",
    "SHORT_BINUNICODE",
}  # fmt: skip
EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_TUPLE": tuple}
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


@dataclass(frozen=True)
class Name:
    """A global that the pickle names, ``module.name``; it is never looked up."""

    name: str


@dataclass(eq=False)
class Record:
    """A call or an object that the pickle asks for: its name, its arguments, its state. Nothing was run."""

    name: str
    args: tuple = ()
    state: Any = field(default=None, repr=False)


@dataclass(frozen=True)
class Persistent:
    """What the pickle keeps elsewhere: a tuple of words that says where."""

    words: tuple


class _Machine:
    """The stack, the marks and the memo; one method an operation that is not a mere value."""

    def __init__(self, allowed: Collection[str]):
        self.allowed, self.stack, self.memo = allowed, [], {}
        self.marks: list[int] = []

    def step(self, name: str, arg: Any) -> None:
        """Perform one operation."""
        if name in CONSTANTS:
            self.stack.append(CONSTANTS[name])
        elif name in LITERALS:
            self.stack.append(arg)
        elif name in EMPTY:
            self.stack.append(EMPTY[name]())
        elif name in TUPLES:
            self.stack.append(tuple(self._pop(TUPLES[name])))
        elif name in ("BINPUT", "LONG_BINPUT"):
            self.memo[arg] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            self.stack.append(self.memo[arg])
        elif hasattr(self, f"_do_{name.lower()}"):
            getattr(self, f"_do_{name.lower()}")(arg)
        else:
            raise DataError(f"the operation {name} is not among those that weights need")

    def _pop(self, n: int) -> list:
        if n > len(self.stack) - (self.marks[-1] if self.marks else 0):
            raise IndexError("an operation takes more than there is")
        taken = self.stack[len(self.stack) - n :]
        del self.stack[len(self.stack) - n :]
        return taken

    def _since_mark(self) -> list:
        start = self.marks.pop()
        taken = self.stack[start:]
        del self.stack[start:]
        return taken

    def _do_proto(self, version: int) -> None:
        if version > 2:
            raise DataError(f"pickle protocol {version} is newer than that of the old format, 2")

    def _do_mark(self, _: None) -> None:
        self.marks.append(len(self.stack))

    def _do_tuple(self, _: None) -> None:
        self.stack.append(tuple(self._since_mark()))

    def _do_append(self, _: None) -> None:
        (value,) = self._pop(1)
        self._last(list).append(value)

    def _do_appends(self, _: None) -> None:
        values = self._since_mark()
        self._last(list).extend(values)

    def _do_setitem(self, _: None) -> None:
        key, value = self._pop(2)
        self._last(dict)[key] = value

    def _do_setitems(self, _: None) -> None:
        flat = self._since_mark()
        self._last(dict).update(zip(flat[::2], flat[1::2], strict=True))

    def _do_global(self, words: str) -> None:
        name = words.replace(" ", ".")
        if name not in self.allowed:
            raise DataError(f"it names {name}, which no weights need")
        self.stack.append(Name(name))

    def _do_reduce(self, _: None) -> None:
        function, args = self._pop(2)
        self._record(function, args)

    _do_newobj = _do_reduce

    def _record(self, function: Any, args: Any) -> None:
        if not isinstance(function, Name) or not isinstance(args, tuple):
            raise DataError("it calls something that is not a name")
        is_dict = function.name == "collections.OrderedDict"
        self.stack.append(_ordered(args) if is_dict else Record(function.name, args))

    def _do_build(self, _: None) -> None:
        (state,) = self._pop(1)
        if isinstance(self.stack[-1], Record):
            self.stack[-1].state = state

    def _do_binpersid(self, _: None) -> None:
        (words,) = self._pop(1)
        if not isinstance(words, tuple):
            raise DataError("what it keeps elsewhere is not named by words")
        # a class with its source text, which torch kept beside it: the name is enough
        is_class = words[:1] == ("module",) and len(words) > 1
        self.stack.append(words[1] if is_class else Persistent(words))

    def _last(self, kind: type) -> Any:
        if type(self.stack[-1]) is not kind:
            raise DataError(f"it fills a {kind.__name__} that is none")
        return self.stack[-1]


def read(stream: BinaryIO, allowed: Collection[str]) -> Any:
    """Read one pickle from where the stream stands to its end.

    Parameters
    ----------
    stream : binary file
    allowed : collection of str
        Globals that may be named, ``module.name``.

    Returns
    -------
    object
        Lists, dicts, tuples, numbers and text as they are; names, calls and objects as :class:`Name` and
        :class:`Record`; what is kept elsewhere as :class:`Persistent`.

    Raises
    ------
    DataError
        If it names another global, needs another operation, or is cut short or damaged. The message ends a
        sentence that the caller begins.

    Notes
    -----
    Source: the operations are those of :mod:`pickletools`, which only reads. No class is imported and no
    function called, so nothing in the file can run.
    """
    machine = _Machine(allowed)
    try:
        for operation, arg, _ in pickletools.genops(stream):
            if operation.name == "STOP":
                (result,) = machine.stack
                return result
            machine.step(operation.name, arg)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise DataError(f"it is cut short or damaged ({error})") from None
    raise DataError("it is cut short")


def _ordered(args: tuple) -> dict:
    """What ``OrderedDict(args)`` says: nothing, or a list of pairs."""
    return dict(args[0]) if args else {}
