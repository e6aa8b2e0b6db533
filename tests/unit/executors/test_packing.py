"""An exception arrives from another process, whatever its class does when it is made."""

from __future__ import annotations

import pickle
import threading
from typing import Any

import pytest

from dagbuild.executors.packing import SharedPickles, pack, unpack
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


@pytest.mark.parametrize(
    "error", [Told("no", 404), Named(status=404), Holds("no")], ids=lambda e: type(e).__name__
)
def test_it_arrives(error: Any) -> None:
    """Of its own class, with its text, its notes and the attributes that can travel."""
    error.add_note("a note")
    pickles = SharedPickles(())
    reply = pack(Failure("Kind", "text", "", error=error), pickles.dumps)

    made = unpack(reply, pickles.loads)

    assert isinstance(made, Failure)
    assert type(made.error) is type(error)
    assert (str(made.error), made.error.status) == (str(error), 404)  # type: ignore[union-attr]
    assert made.error.__notes__ == ["a note"]  # type: ignore[union-attr]


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
