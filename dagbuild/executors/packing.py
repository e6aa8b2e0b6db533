"""Steps and their outcomes as bytes, for another process.

Knows what is apart in a reply, no pickler of its own but the plain one. Guards: whatever an exception or a value does
when it is pickled or made again, an outcome arrives.
"""

from __future__ import annotations

import builtins
import io
import pickle
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from dagbuild.model.outcome import Failure, Outcome

Reply = tuple[bytes, bytes]
"""An outcome and, apart from it, the exception of a failure: the one can be read where the other cannot."""

STAYS: Reply = (b"", b"")
"""The reply of a step whose value cannot leave its process."""

FRESH: Reply = (b"", b"fresh")
"""The reply of a step that has to run in a process where no other has."""


def pack(outcome: Outcome, dumps: Callable[[Any], bytes]) -> Reply:
    """Return an outcome as a reply; `dumps` gives no bytes of what it cannot pickle."""
    error = b""
    if isinstance(outcome, Failure):
        if outcome.error is not None:
            error = pickle.dumps((dumps(outcome.error), dumps(_take_apart(outcome.error, dumps))))
        outcome = replace(outcome, error=None)
    packed = dumps(outcome)
    return (packed, error) if packed else STAYS


def _take_apart(error: BaseException, dumps: Callable[[Any], bytes]) -> tuple[Any, ...]:
    """Return an exception's class, arguments and attributes, of those what can travel: others are told in words."""
    _, held, *rest = _find_base(type(error)).__reduce__(error)
    arguments = tuple(each if dumps(each) else repr(each) for each in held)
    slots = object.__getstate__(error)
    state = {**(rest[0] if rest else {}), **(slots[1] if isinstance(slots, tuple) else {})}
    return type(error), arguments, {name: value for name, value in state.items() if dumps(value)}


def _put_together(
    kind: type[BaseException], arguments: tuple[Any, ...], state: dict[str, Any]
) -> BaseException:
    """Return an exception of the class, which is not asked: it may be made of other arguments than it keeps."""
    base = _find_base(kind)
    error: BaseException = base.__new__(kind, *arguments)
    base.__init__(error, *arguments)
    for name, value in state.items():
        object.__setattr__(error, name, value)  # its own may refuse, as a frozen dataclass's does
    return error


def _find_base(kind: type[BaseException]) -> Any:
    """Return Python's own exception below the class, such as OSError: it alone knows what is not in `vars`."""
    return next(each for each in kind.__mro__ if vars(builtins).get(each.__name__) is each)


def unpack(reply: Reply, loads: Callable[[bytes], Any]) -> Outcome:
    """Return the outcome of a reply that is not STAYS."""
    outcome: Outcome = loads(reply[0])
    if isinstance(outcome, Failure) and reply[1]:
        whole, parts = pickle.loads(reply[1])
        return replace(outcome, error=_load_error(whole, parts, loads))
    return outcome


def _load_error(whole: bytes, parts: bytes, loads: Callable[[bytes], Any]) -> BaseException | None:
    """Return the exception; as far as it can be had where it refuses to be made again."""
    try:
        error: BaseException = loads(whole)
        return error
    except (Exception, SystemExit):  # it may pickle well all the same, or not at all
        try:
            return _put_together(*loads(parts))
        except (Exception, SystemExit):
            return None


class SharedPickles:
    """Pickles for a process that was forked from this one: of what both have, only the number travels."""

    def __init__(self, shared: Sequence[object], *, tells: bool = True) -> None:
        """Without `tells`, numbers are read here only, and what is shared is asked for when it comes up."""
        self._shared = shared
        self._numbers = {id(thing): number for number, thing in enumerate(shared if tells else ())}

    def dumps(self, value: Any) -> bytes:
        """Return a value's bytes; none when it cannot be pickled."""
        stream = io.BytesIO()
        try:
            self._make_pickler(stream).dump(value)
        except (Exception, SystemExit):
            return b""
        return stream.getvalue()

    def _make_pickler(self, stream: io.BytesIO) -> pickle.Pickler:
        return _Pickler(stream, self._numbers)

    def loads(self, data: bytes) -> Any:
        """Return the value of such bytes."""
        return _Unpickler(io.BytesIO(data), self._shared).load()


class _Pickler(pickle.Pickler):
    def __init__(self, stream: io.BytesIO, numbers: dict[int, int]) -> None:
        super().__init__(stream, protocol=5)
        self._numbers = numbers

    def persistent_id(self, thing: Any) -> int | None:
        return self._numbers.get(id(thing))


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, shared: Sequence[object]) -> None:
        super().__init__(stream)
        self._shared = shared

    def persistent_load(self, number: int) -> object:
        return self._shared[number]
