"""What a node can do with standard output and error, and what is kept of it."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from dagbuild.executors.streams import LOG_LIMIT, Capture, Log


@contextlib.contextmanager
def output(path: Path) -> Iterator[io.TextIOWrapper]:
    """Let standard output go to a file, through a stream like Python's own."""
    stream = io.TextIOWrapper(path.open("wb"), "utf-8", "strict")
    stream.mode = "w"  # type: ignore[misc]
    with contextlib.redirect_stdout(stream):
        yield stream
        sys.stdout = stream
        with contextlib.suppress(ValueError):
            stream.flush()


def reconfigures() -> Any:
    sys.stdout.reconfigure(line_buffering=True, encoding="latin-1", errors="replace")  # type: ignore[union-attr]
    print("é∞")
    return sys.stdout.encoding, sys.stdout.errors, sys.stdout.line_buffering


def wraps() -> Any:
    writer = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-16-le")
    writer.write("x")
    writer.flush()
    writer.detach()
    print("still there")


def halves() -> Any:
    for part in (b"\xe2", b"\x88", b"\x9e\n"):
        sys.stdout.buffer.write(part)
    print("whole")


def lines_in_binary() -> Any:
    sys.stdout.buffer.writelines([b"a\n", bytearray(b"b\n"), memoryview(b"c\n")])
    return sys.stdout.buffer.write(memoryview(b"12345678").cast("I"))


def child() -> Any:
    print("before")
    sys.stdout.flush()
    subprocess.run(["echo", "from a child"], stdout=sys.stdout, check=True)
    os.write(sys.stdout.fileno(), b"past the stream\n")
    print("after")


def asks() -> Any:
    out = sys.stdout
    assert isinstance(out, io.TextIOWrapper)
    buffer = out.buffer
    return (
        (out.encoding, out.errors, out.mode, out.isatty(), out.newlines, out.line_buffering, out.closed),
        (out.readable(), out.writable(), isinstance(out, io.TextIOBase)),
        (buffer.writable(), buffer.readable(), buffer.isatty(), buffer.mode, isinstance(buffer, io.BufferedIOBase)),
        (buffer.raw.writable(), isinstance(buffer.raw, io.RawIOBase)),
        buffer.name == out.name,
    )  # fmt: skip


def reads() -> Any:
    with contextlib.suppress(io.UnsupportedOperation):
        return sys.stdout.read()
    return "not readable"


def replaces() -> Any:
    before, sys.stdout = sys.stdout, io.StringIO()
    print("into a text")
    sys.stdout, told = before, sys.stdout
    print("out again")
    assert isinstance(told, io.StringIO)
    return told.getvalue()


def refuses() -> Any:
    with pytest.raises(TypeError):
        sys.stdout.write(b"bytes")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        sys.stdout.buffer.write("text")  # type: ignore[call-overload]  # wrong on purpose
    with pytest.raises(UnicodeEncodeError):
        print("\udce9")


def raw() -> Any:
    out = sys.stdout
    assert isinstance(out, io.TextIOWrapper)
    out.flush()
    return out.buffer.raw.write(b"at once\n")


BODIES: list[Callable[[], Any]] = [
    lambda: sys.stdout.write("text\n"),
    lambda: sys.stdout.buffer.write(b"bytes \xff\n"),
    lambda: sys.stdout.writelines(["a\n", "b\n"]),
    lambda: click.echo(b"raw"),
    lambda: click.echo("text"),
    lambda: print("é", file=sys.stdout, flush=True),
    reconfigures, wraps, halves, lines_in_binary, child, asks, reads, replaces, refuses, raw,
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES)
def test_a_node_can_do_what_plain_python_can(body: Callable[[], Any], tmp_path: Path) -> None:
    """The same comes of it, and the same bytes are written, in the same order."""
    with output(tmp_path / "plain"):
        plain = body()
    with output(tmp_path / "kept"), Capture(Log()):
        kept = body()

    assert kept == plain
    assert (tmp_path / "kept").read_bytes() == (tmp_path / "plain").read_bytes()


def test_keeps_both_streams_in_order() -> None:
    """What went to standard error stands between what went to standard output, bytes among it."""
    log = Log()

    with Capture(log):
        print("one")
        print("two", file=sys.stderr)
        sys.stdout.buffer.write("é\n".encode()[:1])
        sys.stdout.buffer.write("é\n".encode()[1:])

    assert log.text() == "one\ntwo\né\n"


def test_keeps_of_a_bar_how_it_looked_last() -> None:
    """However often it draws itself, what was printed before it is still there."""
    log = Log()

    with Capture(log):
        print("before")
        for number in range(30_000):
            sys.stderr.write(f"\r{number:6d}|{'#' * 20}|")
            sys.stderr.flush()
        sys.stderr.write("\n")
        print("after")

    assert log.text() == f"before\n 29999|{'#' * 20}|\nafter\n"


def test_keeps_the_first_and_the_last_of_much() -> None:
    """As many characters as the limit says, and how many are left out: none is lost without being counted."""
    log = Log()

    with Capture(log):
        for number in range(100_000):
            print(f"line {number}")

    first, left_out, last = re.split(r"\n\[\.\.\. ([\d,]+) characters left out \.\.\.\]\n", log.text())
    assert LOG_LIMIT - 100 < len(log.text()) <= LOG_LIMIT
    assert first.startswith("line 0\nline 1\n")
    assert last.endswith("line 99998\nline 99999\n")
    assert len(first) + int(left_out.replace(",", "")) + len(last) == sum(
        len(f"line {number}\n") for number in range(100_000)
    )


@pytest.mark.parametrize("length", [LOG_LIMIT - 1, LOG_LIMIT, LOG_LIMIT + 1, 5 * LOG_LIMIT, 9 * LOG_LIMIT])
def test_a_line_without_end_is_kept_within_the_limit(length: int) -> None:
    """Whole where it fits, else its ends."""
    log = Log()
    for start in range(0, length, 1000):
        log.add("x" * min(1000, length - start))

    text = log.text()

    assert len(text) <= LOG_LIMIT
    assert ("left out" in text) == (length > LOG_LIMIT)
    assert log.text() == text


def closes() -> None:
    sys.stdout.close()


def detaches() -> None:
    sys.stdout.detach()  # type: ignore[union-attr]


def sets() -> None:
    sys.stdout.reconfigure(encoding="utf-16", newline="\r\n")  # type: ignore[union-attr]


def leaves_another() -> None:
    sys.stdout = io.StringIO()


def wraps_for_good() -> None:
    sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-16")


def patches() -> None:
    sys.stdout.write = lambda text: 0  # type: ignore[method-assign]


def leaves_half_a_character() -> None:
    sys.stdout.buffer.write(b"\xc3")
    sys.stdout.buffer.flush()


def holds_back() -> None:
    sys.stdout.reconfigure(write_through=False)  # type: ignore[union-attr]
    sys.stdout.write("held back ")


@pytest.mark.parametrize(
    "harm", [closes, detaches, sets, leaves_another, wraps_for_good, patches, leaves_half_a_character, holds_back]
)  # fmt: skip
def test_what_a_node_does_to_its_streams_ends_with_it(harm: Callable[[], None], tmp_path: Path) -> None:
    """The next node has streams as they should be."""
    log = Log()

    with output(tmp_path / "out") as stream:
        with Capture(Log()):
            harm()
        assert sys.stdout is stream
        with Capture(log):
            print("é")

    assert log.text() == "é\n"
    assert (tmp_path / "out").read_bytes().endswith("é\n".encode())


def test_a_handler_that_outlives_its_node_goes_on(tmp_path: Path) -> None:
    """What it says later is kept with the node that says it."""
    logger = logging.Logger("of a node")
    first, second = Log(), Log()

    with output(tmp_path / "out"):
        with Capture(first):
            logger.addHandler(logging.StreamHandler(sys.stdout))
            logger.warning("one")
        logger.warning("between")
        with Capture(second):
            logger.warning("two")

    assert (first.text(), second.text()) == ("one\n", "two\n")
    assert (tmp_path / "out").read_text() == "one\nbetween\ntwo\n"


def test_threads_of_a_node_are_kept_with_it() -> None:
    """What they print while it runs."""
    log = Log()

    with Capture(log):
        thread = threading.Thread(target=print, args=("from a thread",))
        thread.start()
        thread.join()

    assert log.text() == "from a thread\n"


@pytest.mark.parametrize("first_out", ["one", "two"])
def test_nodes_side_by_side_keep_their_own(first_out: str, tmp_path: Path) -> None:
    """Two threads that run nodes: each log has its own lines, and the streams are back when both are done."""
    logs = {"one": Log(), "two": Log()}
    entered = {name: threading.Event() for name in logs}
    leave = {name: threading.Event() for name in logs}

    def run(name: str) -> None:
        with Capture(logs[name]):
            print(name)
            entered[name].set()
            leave[name].wait(10)
            print(f"{name} again")

    with output(tmp_path / "out") as stream:
        threads = {name: threading.Thread(target=run, args=(name,)) for name in logs}
        for name, thread in threads.items():
            thread.start()
            entered[name].wait(10)
        for name in sorted(threads, key=lambda name: name != first_out):
            leave[name].set()
            threads[name].join()
        assert sys.stdout is stream
        print("done")

    assert {name: log.text() for name, log in logs.items()} == {
        name: f"{name}\n{name} again\n" for name in logs
    }
    assert sorted((tmp_path / "out").read_text().splitlines()) == [
        "done", "one", "one again", "two", "two again",
    ]  # fmt: skip


def test_a_node_in_a_node_writes_where_that_sent_it(tmp_path: Path) -> None:
    """A build inside a node prints into what the node put in the place of standard output; both keep it."""
    outer, inner, told = Log(), Log(), io.StringIO()

    with output(tmp_path / "out"), Capture(outer):
        print("outer")
        with contextlib.redirect_stdout(told), Capture(inner):
            print("inner")
        with Capture(inner):
            print("inner again")

    assert told.getvalue() == "inner\n"
    assert inner.text() == "inner\ninner again\n"
    assert outer.text() == "outer\ninner\ninner again\n"
    assert (tmp_path / "out").read_text() == "outer\ninner again\n"


def test_works_without_any_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process without a console has None there."""
    monkeypatch.setattr(sys, "stdout", None)
    log = Log()

    with Capture(log):
        print("to nobody")
        with pytest.raises(io.UnsupportedOperation):
            sys.stdout.fileno()

    assert sys.stdout is None
    assert log.text() == "to nobody\n"


def test_works_over_a_stream_of_text_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """As notebooks have them: bytes come out as text."""
    told = io.StringIO()
    monkeypatch.setattr(sys, "stdout", told)
    log = Log()

    with Capture(log):
        sys.stdout.buffer.write("é\n".encode()[:1])
        sys.stdout.buffer.write("é\n".encode()[1:])
        print("∞")

    assert told.getvalue() == log.text() == "é\n∞\n"
