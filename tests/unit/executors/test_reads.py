"""What a step has printed is asked for wherever it printed, whenever somebody else reads it meanwhile."""

from __future__ import annotations

import pickle
import select
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest

from dagbuild.executors.channel import Channel
from dagbuild.executors.process import Process
from dagbuild.executors.reads import tell_read
from dagbuild.executors.stepping import Stepping
from dagbuild.executors.streams import Log
from dagbuild.executors.zygote import Zygote

ROUNDS = 3000


@dataclass
class Printing:
    log: Log = field(default_factory=Log)
    timeout: float | None = None


def run_rounds(channel: Channel, printed: int, crash: int) -> None:
    """Print and ask, again and again; some rounds are silent. Tells of each what the text was."""
    stepping = Stepping(channel, printed, crash)
    stepping.count_reads()
    for number in range(ROUNDS):
        channel.receive()
        capture = stepping.capture()
        with capture:
            if number % 3:
                print(number)
        stepping.driver.tell("done", capture.text())


@pytest.fixture
def process() -> Iterator[Process[Printing]]:
    """A process that prints for so many rounds."""
    zygote = Zygote.copy(lambda: None, run_rounds)
    ends = zygote.fork(1)
    reads = count(1)
    process = Process[Printing](1, *ends, on_read=lambda: tell_read(ends.crash, next(reads)))
    yield process
    zygote.stop()
    zygote.close()
    process.close()


def test_what_was_printed_is_asked_for_while_somebody_reads(process: Process[Printing]) -> None:
    """The reader is as quick as it can be, so that it often reads between two looks of the one who prints."""
    texts, asked = [], 0
    for _ in range(ROUNDS):
        process.step = Printing()
        process.channel.send(b"go")
        while True:
            ready, _, _ = select.select([process.channel.socket.fileno(), process.output], [], [])
            if process.output in ready:
                process.read_output()
                continue
            message = process.channel.receive()
            assert message is not None
            what, *more = pickle.loads(message)
            process.read_output()
            if what == "done":
                texts.append(more[0])
                break
            asked += 1
            process.channel.send(pickle.dumps((True, process.step.log.text())))

    assert texts == [f"{number}\n" if number % 3 else "" for number in range(ROUNDS)]
    assert asked == ROUNDS - ROUNDS // 3  # and never in vain
