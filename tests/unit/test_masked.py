"""Secrets in a text that comes in parts: however it is cut, what is shown is what the whole text would be masked to."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagbuild.ground.masked import MaskedText
from dagbuild.ground.secrets import clean

PEM = "-----BEGIN KEY-----\nabc'def\n-----END"
VARIABLES = {
    "API_TOKEN": "hunter22",
    "DB_PASSWORD": "r22-ab\\c",  # begins as the token ends
    "LONG_SECRET": "hunter22-and-more",
    "SIGNING_KEY": PEM,
}
WORDS = [
    *VARIABLES.values(),
    "hunter", "hunter2", "r22-ab", "-----BEGIN", "hunter22-ab\\c",
    "https://", "user:pass@", "example.org/x", "?key=", "HTTPS://u:p@h/a b", "s3://bucket/key", "http", "://",
    " ", "\n", "\r", "x", ".", "'", repr(PEM), "Name: ",
]  # fmt: skip


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)


def show(*parts: str) -> str:
    masked = MaskedText()
    return "".join([*map(masked.take, parts), masked.finish()])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=8), st.lists(st.integers(1, 12), min_size=1, max_size=6))
def test_however_it_is_cut(words: list[str], sizes: list[int]) -> None:
    """Word by word, letter by letter, and in between."""
    text = "".join(words)
    parts: list[str] = []
    at = 0
    while at < len(text):
        size = sizes[len(parts) % len(sizes)]
        parts.append(text[at : at + size])
        at += size

    whole = clean(text).lower()  # in which the scheme of a masked URL is in lower case
    assert show(*parts).lower() == show(*text).lower() == show(*words).lower() == whole


def test_what_can_be_no_secret_does_not_wait() -> None:
    """A question is shown as soon as it is written, a line with its end."""
    masked = MaskedText()

    assert masked.take("Name: ") == "Name: "
    assert masked.take("50%") == "50%"
    assert masked.take("https://example.org/\n") == "https://example.org/\n"
    assert masked.take("hun") == ""
    assert masked.take("gry\n") == "hungry\n"


def test_a_variable_that_is_set_meanwhile_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a node reads secrets from a file into the environment."""
    masked = MaskedText()
    masked.take("before\n")
    monkeypatch.setenv("LATE_TOKEN", "swordfish")

    assert masked.take("swordfish\n") == "$LATE_TOKEN\n"
