"""Who is at work, as records say it."""

from __future__ import annotations

import os

import pytest

from dagbuild.ground.author import author

NOBODY = 54321
"""A number that no system gives to a user; containers run as such ones."""


@pytest.mark.skipif(not hasattr(os, "fork") or os.geteuid() != 0, reason="only root can become another user")
def test_a_user_without_a_name_is_a_number() -> None:
    """An empty column would say that nobody did it."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
            os.environ.pop(name, None)
        os.setuid(NOBODY)
        author.cache_clear()
        os.write(write, author().encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)

    said = os.read(read, 100)

    os.close(read)
    assert said == str(NOBODY).encode()


def test_a_user_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the environment or the system knows one."""
    monkeypatch.setenv("LOGNAME", "ada")
    author.cache_clear()

    said = author()

    author.cache_clear()
    assert said == "ada"
