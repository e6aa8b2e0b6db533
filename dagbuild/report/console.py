"""A build as it goes: plain lines, or a live picture of it in a terminal.

`LiveReport` is the only place that knows rich. Both only listen; both write to the stream for messages, so
that what a command gives on standard output stays clean.
"""

from __future__ import annotations

import contextlib
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from dagbuild.ground import units
from dagbuild.ground.quiet import start_quietly
from dagbuild.ground.secrets import clean
from dagbuild.plan.events import BuildFinished, BuildStarted, Event, How, Notice, StepFinished
from dagbuild.report.above import Above
from dagbuild.report.failures import PLAINLY, Telling, tell_failure
from dagbuild.report.memory import Memory
from dagbuild.report.plan_text import quote_log
from dagbuild.report.progress import Progress
from dagbuild.report.style import INKS, Style, visible

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.live import Live

MANY = 50
"""Of a build with more steps to run, a live report shows only those that took long or failed."""
LONG = 2.0
SLOW = 0.5
"""Seconds of an import after which it is said."""
_EACH = 0.125
"""Seconds between two pictures."""


class PlainReport:
    """Writes a line for each node that was computed or failed, and for each notice.

    `telling` says how failures are told. With `logs`, what a node printed when it was computed is written again where
    it is reused.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        style: Style,
        telling: Telling = PLAINLY,
        *,
        logs: bool = False,
    ) -> None:
        self.progress = Progress()
        self._write = write
        self._style = style
        self._telling = telling
        self._logs = logs
        self._widest = 0
        self._said: Counter[str] = Counter()

    def __call__(self, event: Event) -> None:
        """Write what there is to say of the event."""
        self.progress(event)
        match event:
            case BuildStarted(plan=plan):
                self._widest = max((len(name) for name in plan.steps), default=0)
            case StepFinished(failure=failure) if failure is not None:
                self._write(
                    "\n".join(["", *tell_failure(event.node, failure, self._telling, self._style), ""])
                )
            case StepFinished(how=How.COMPUTED) if self._worth_a_line(event):
                self._write(self._line(event))
            case StepFinished(how=How.RESTORED | How.REUSED | How.FETCHED) if (
                self._logs and event.record and event.record.log
            ):
                told = f"{event.node} printed {units.moment(event.record.started)}:"
                self._write("\n".join([told, *quote_log(event.record.log)]))
            case Notice():
                self._tell_notice(event)
            case BuildFinished() if more := sum(self._said.values()) - len(self._said):
                self._write(f"{more:,} more warnings like {'these' if len(self._said) > 1 else 'this'}")

    def _tell_notice(self, event: Notice) -> None:
        """Write a notice, unless it was written of another node: a full disk is said once, not a thousand times."""
        kind = re.sub(rf"\b{re.escape(event.node)}\b", "", event.text) if event.node else event.text
        self._said[kind] += 1
        if self._said[kind] == 1:
            about = f"`{event.node}`: " if event.node and event.node not in event.text else ""
            self._write(f"{self._style.paint(event.level, event.level)}: {about}{event.text}")

    def _worth_a_line(self, event: StepFinished) -> bool:  # noqa: ARG002 - the live report looks at it
        return True

    def _line(self, event: StepFinished) -> str:
        """Return "[ 3/12] spend  1.2 s"."""
        total = f"{self.progress.total}"
        number = f"[{str(self.progress.done).rjust(len(total))}/{total}]"
        taken = units.seconds(event.record.duration) if event.record else ""
        name = event.node.ljust(min(self._widest, max(self._style.width - 24, 8)))
        calls = f"  {event.calls[0]:,} of {units.count(event.calls[1], 'element')}" if event.calls else ""
        return f"{self._style.paint(number, 'dim')} {name}  {taken}{calls}".rstrip()


class LiveReport(PlainReport):
    """Besides, keeps a bar, what runs now and the time left at the bottom of a terminal."""

    def __init__(self, style: Style, telling: Telling = PLAINLY, *, logs: bool = False) -> None:
        from rich.console import Console

        # This very stream, not whatever sys.stderr is while a node runs and what it prints is kept.
        self._console = Console(file=sys.stderr, no_color=not style.colour, highlight=False)
        self._printed: tuple[Above, ...] = ()
        self._memory = Memory()
        super().__init__(lambda text: self._print(visible(text)), style, telling, logs=logs)

    def _print(self, text: str) -> None:
        from rich.text import Text

        self._console.print(Text.from_ansi(clean(text)), soft_wrap=True)

    def _worth_a_line(self, event: StepFinished) -> bool:
        few = self.progress.total <= MANY
        return few or (event.record is not None and event.record.duration >= LONG)

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Keep the live part on the screen until the block ends."""
        from rich.live import Live
        from rich.progress_bar import ProgressBar  # noqa: F401 - before a project is imported beside what draws
        from rich.table import Table  # noqa: F401
        from rich.text import Text  # noqa: F401

        # Not rich's own way with what is printed: each time a bar draws itself would be a line.
        live = Live(
            self,
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        out, err = self._printed = Above(sys.stdout, self._print), Above(sys.stderr, self._print)
        with live, _refreshing(live), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            yield
            for printed in self._printed:
                printed.finish()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        for printed in self._printed:
            if line := printed.unfinished:
                yield Text.from_ansi(line, no_wrap=True, overflow="ellipsis")
        progress = self.progress
        if (importing := progress.importing_for) >= SLOW:
            told = f"importing the project ... {units.seconds(importing)}"
            yield Text(told, style=INKS["grey"][0], no_wrap=True, overflow="ellipsis")
        if not progress.total or progress.done >= progress.total:
            return
        bar = ProgressBar(
            total=progress.total, completed=progress.done, width=min(30, options.max_width // 3)
        )
        words = progress.tell()
        if (memory := self._memory.look()) is not None:
            words.append(f"{units.size(memory)} of memory here")
        grid = Table.grid(padding=(0, 1))
        grid.add_row(bar, Text("  ".join(words)))
        yield grid
        running = "   ".join(
            f"{name} {units.seconds(progress.elapsed(name))}" for name in list(progress.running)
        )
        if running:
            yield Text(
                f"{progress.executor}: {running}", style=INKS["grey"][0], no_wrap=True, overflow="ellipsis"
            )


@contextlib.contextmanager
def _refreshing(live: Live) -> Iterator[None]:
    """Draw again several times a second, in a thread of our own: nobody takes it for one of the project's."""
    ended = threading.Event()

    def refresh() -> None:
        while not ended.wait(_EACH):
            live.refresh()

    thread = start_quietly(refresh, "dagbuild-live")
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextlib.contextmanager
def open_report(
    write: Callable[[str], None],
    style: Style,
    *,
    live: bool,
    telling: Telling = PLAINLY,
    logs: bool = False,
) -> Iterator[PlainReport]:
    """Give a report for one build: live where there is a terminal to draw on."""
    if live:
        report = LiveReport(style, telling, logs=logs)
        with report.shown():
            yield report
    else:
        yield PlainReport(write, style, telling, logs=logs)
