"""An exception arrives from another process, whatever its class does when it is made."""

from __future__ import annotations

import pickle
import threading
from dataclasses import dataclass
from typing import Any

import pytest

from dagbuild.executors.packing import SharedPickles, pack, unpack
from dagbuild.ground.texts import put_note
from dagbuild.model.outcome import Failure


class Told(Exception):
    """Takes other arguments than it keeps."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Named(Exception):
    """Takes its arguments by name."""

    def __init__(self, *, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


class Holds(Exception):
    """Holds what cannot travel."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.lock = threading.Lock()
        self.status = 404


class Reset(ConnectionError):
    """Python's own exception keeps what it is told where nobody sees it."""

    def __init__(self, *, status: int) -> None:
        super().__init__(104, "reset")
        self.status = status


class Lacks(ImportError):
    """So does this one."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message, name="absent")
        self.status = status


class Several(ExceptionGroup[ValueError]):
    """Is made by more than its base is made by."""

    def __new__(cls, message: str, errors: list[ValueError], status: int) -> Several:
        return super().__new__(cls, message, errors)

    def __init__(self, message: str, errors: list[ValueError], status: int) -> None:
        self.status = status


class Slots(Exception):
    """Keeps an attribute beside the others."""

    __slots__ = ("status",)

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Frozen(Exception):
    """Lets nobody set anything."""

    message: str
    status: int = 404


KINDS = (
    Told("no", 404), Named(status=404), Holds("no"), Reset(status=404), Lacks("no", 404),
    Several("no", [ValueError("a")], 404), Slots("no", 404), Frozen("no"),
)  # fmt: skip


@pytest.mark.parametrize("error", KINDS, ids=lambda e: type(e).__name__)
def test_it_arrives(error: Any) -> None:
    """Of its own class, with its text, its notes and the attributes that can travel."""
    put_note(error, "a note")
    pickles = SharedPickles(())
    reply = pack(Failure("Kind", "text", "", error=error), pickles.dumps)

    made = unpack(reply, pickles.loads)

    assert isinstance(made, Failure)
    assert type(made.error) is type(error)
    assert (str(made.error), made.error.status) == (str(error), 404)  # type: ignore[union-attr]
    assert made.error.__notes__ == ["a note"]  # type: ignore[union-attr]
    for kept in ("errno", "strerror", "name", "message", "exceptions"):
        assert repr(getattr(made.error, kept, None)) == repr(getattr(error, kept, None))


def test_what_nobody_can_name_stays() -> None:
    """A class made in a function: the failure arrives without it."""

    class Inner(Exception):
        pass

    pickles = SharedPickles(())
    made = unpack(pack(Failure("Kind", "text", "", error=Inner("no")), pickles.dumps), pickles.loads)

    assert isinstance(made, Failure)
    assert (made.message, made.error) == ("text", None)


class Refuses(Exception):
    """Cannot be made again at all."""

    def __reduce__(self) -> Any:
        raise SystemExit(3)

    def __setattr__(self, name: str, value: Any) -> None:
        raise ValueError("nothing is set")


def test_one_that_refuses_costs_nothing_else() -> None:
    """The failure arrives, with it or without."""
    pickles = SharedPickles(())

    made = unpack(pack(Failure("Kind", "text", "", error=Refuses("no")), pickles.dumps), pickles.loads)

    assert isinstance(made, Failure)
    assert made.message == "text"
    assert pickle.dumps(made.message)
