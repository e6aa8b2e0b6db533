"""Run steps on a Ray cluster: one that is there, or a local one of our own.

The only file that knows ray. An actor for each core holds an `Agent`, which runs steps in processes of its own and
tells how they end; short ones are handed to it many at a time. A parcel carries a node and the descriptions of what it
takes; values are read and written through the store, so the driver moves no data. Only what exists in memory travels.

Promise: a step runs there only where the code for it is the driver's; whatever becomes of a machine, each step ends.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import socket
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dagbuild.executors import packing, parcels, shipping
from dagbuild.executors.agent import Agent, Report
from dagbuild.executors.base import Executor, Work
from dagbuild.executors.batches import Pace
from dagbuild.executors.detached import Given, OpenStore
from dagbuild.executors.elsewhere import ShippedCode
from dagbuild.executors.shown import Shown, make_writer
from dagbuild.executors.worker import Worker
from dagbuild.ground.errors import UserError
from dagbuild.model.outcome import Done, Failure, Outcome

try:
    import ray
    from ray.exceptions import NodeDiedError, OutOfMemoryError, RayActorError, RayError, WorkerCrashedError
except ImportError as missing:
    raise UserError(
        "the Ray executor needs the package 'ray'", hint='pip install "dagbuild[ray]"'
    ) from missing

LOCAL = "local"
"""The address that means a Ray of our own."""

TRIES = 3
"""How often a step is handed out whose machine is lost, or an agent started."""

_OBJECT_STORE_BYTES = 256 * 1024 * 1024
"""Of a local Ray of our own: values go through our store, so Ray's stays small."""

_A_WHILE = 1.0
"""Seconds to wait for a step before the caller may look about."""

_LOSSES = (RayActorError, WorkerCrashedError, NodeDiedError, OutOfMemoryError)


@dataclass(slots=True)
class _Step:
    work: Work
    parcel: bytes
    lost: int = 0


@dataclass(eq=False, slots=True)
class _Agent:
    """An actor: which steps it has, and how many of its calls have not been answered."""

    actor: Any
    ready: bool = False
    waits: bool = False
    calls: int = 0
    steps: dict[str, _Step] = field(default_factory=dict)


class RayExecutor(Executor):
    """Hands steps to agents, one for each core; Ray retries nothing behind our back.

    `open_store` is called once in each process: a function of a module that is installed there, or a partial
    of one. `here` runs the steps whose values cannot leave this process. Uses the
    cluster that this process is connected to, else the one at `address` or RAY_ADDRESS, else starts
    a local one; all of it when the first step is ready. With `named`, what a step has printed is shown once it has
    ended, each line behind its name. UserError is raised then, when there is no cluster at the address. `on_notice` is
    told what people are to know of how steps run.
    """

    name = "ray"

    def __init__(
        self,
        open_store: OpenStore,
        code: ShippedCode,
        here: Worker,
        *,
        address: str | None = None,
        named: bool = False,
        on_notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._open_store = open_store
        self._code = code
        self._worker = here
        self._named = named
        self._address = address or os.environ.get("RAY_ADDRESS") or LOCAL
        self._on_notice = on_notice
        self._opened = self._connected = False
        self._held = contextlib.ExitStack()
        self._pace = Pace()
        self._agents: list[_Agent] = []
        self._calls: dict[Any, _Agent] = {}
        self._failed_starts = 0
        self._queue: deque[_Step] = deque()
        self._here: deque[Work] = deque()

    @functools.cached_property
    def _cores(self) -> int:
        self._open()
        return max(1, int(ray.cluster_resources().get("CPU", 1)))

    @property
    def slots(self) -> int:  # type: ignore[override]  # asking for it is what connects
        """As many steps as keep the cluster's cores at work until others can be handed over."""
        return self._cores * self._pace.size * self._pace.ahead

    def _open(self) -> None:
        if self._opened:
            return
        if not ray.is_initialized():
            _connect(self._address, self._code.root)
            self._connected = True
        self._opened = True
        self._held.enter_context(parcels.travelling_whole(self._code.in_memory))

    @functools.cached_property
    def _pickles(self) -> parcels.SharedParcels:
        return self._code.make_pickles()

    @functools.cached_property
    def _given(self) -> Any:
        """What each agent is given, where Ray keeps it."""
        paths = shipping.find_import_paths(self._code.modules)
        shipped = self._connected and self._address != LOCAL
        root = self._code.root
        below = [str(Path(path).relative_to(root)) for path in paths if Path(path).is_relative_to(root)]
        code = self._code.make_setup(below if shipped else (), shipped=shipped)
        chance = self._held.enter_context(self._worker.hold()).chance
        setup = parcels.dumps((code, self._open_store))
        return ray.put(Given(setup, parcels.dumps(chance), shipping.make_environment(paths)))

    # -- out -------------------------------------------------------------------------------------------------------

    def submit(self, work: Work) -> None:
        """Take the step, to be handed out when it is waited for; one whose values cannot travel runs here then."""
        self._open()
        if parcel := self._pickles.dumps(self._worker.seal(work)):
            self._queue.append(_Step(work, parcel))
        else:
            self._here.append(work)

    def _hand_out(self) -> None:
        """Give the steps that wait to agents that have room, and start as many more as the cluster has cores."""
        while self._queue and (agent := self._find_free()):
            count = self._pace.share(len(self._queue), sum(each.ready for each in self._agents))
            batch = [self._queue.popleft()]
            while len(batch) < count and not batch[0].lost and self._queue and not self._queue[0].lost:
                batch.append(self._queue.popleft())
            agent.steps.update({step.work.name: step for step in batch})
            self._call(agent, agent.actor.run.remote([(step.work.name, step.parcel) for step in batch]))
        starting = sum(not agent.ready for agent in self._agents)
        more = min(self._cores - len(self._agents), len(self._queue) - starting)
        for _ in range(more if self._may_start else 0):
            self._start_agent()

    def _find_free(self) -> _Agent | None:
        """Return the agent with the least to do, if one has room; a step that was lost gets one for itself."""
        most = 1 if self._queue[0].lost else self._pace.ahead
        free = [agent for agent in self._agents if agent.ready and not agent.waits and agent.calls < most]
        return min(free, key=lambda agent: agent.calls, default=None)

    def _start_agent(self) -> None:
        actor = ray.remote(Agent).options(num_cpus=1, max_restarts=0, max_task_retries=0).remote()
        self._agents.append(agent := _Agent(actor))
        self._call(agent, actor.start.remote(shipping.describe_platform(), self._given))

    def _call(self, agent: _Agent, call: Any) -> None:
        agent.calls += 1
        self._calls[call] = agent

    # -- in --------------------------------------------------------------------------------------------------------

    def wait(self) -> list[tuple[str, Outcome]]:
        """Return the outcomes of steps that have ended, after a second at most; on Ctrl-C cancel the others."""
        if self._here:
            work = self._here.popleft()
            return [(work.name, self._worker.run(work))]
        try:
            self._hand_out()
            first, rest = ray.wait(list(self._calls), num_returns=1, timeout=_A_WHILE)
            more, _ = ray.wait(rest, num_returns=len(rest), timeout=0) if rest else ([], [])
            outcomes = [outcome for call in (*first, *more) for outcome in self._take(call)]
            self._hand_out()
        except KeyboardInterrupt:
            self._cancel()
            raise
        return outcomes

    def _take(self, call: Any) -> list[tuple[str, Outcome]]:
        """Take in what an agent has answered."""
        agent = self._calls.pop(call)
        agent.calls -= 1
        if agent not in self._agents:
            return []  # it was lost, which another of its calls has told
        try:
            report: Report | None = ray.get(call)
        except _LOSSES as error:
            return self._lose(agent, error)
        except RayError as error:
            failure = Failure(type(error).__name__, f"Ray could not run the step: {error}", "")
            self._let_go(agent)
            return [(name, failure) for name in agent.steps]
        agent.ready = True
        return [] if report is None else self._take_report(agent, report)

    def _take_report(self, agent: _Agent, report: Report) -> list[tuple[str, Outcome]]:
        for text in report.notices:
            self._on_notice(text)
        if report.raised:
            raise parcels.loads(report.raised)
        self._pace.note(len(report.replies), report.seconds)
        self._queue.extendleft(agent.steps.pop(name) for name in reversed(report.left))
        if report.running is None:
            agent.waits = False
        elif not agent.waits:
            agent.waits = True
            self._call(agent, agent.actor.go_on.remote())
        return [(name, self._read(agent.steps.pop(name).work, reply)) for name, reply in report.replies]

    def _read(self, work: Work, reply: packing.Reply) -> Outcome:
        if reply == packing.STAYS:
            return self._worker.run(work)
        outcome = packing.unpack(reply, self._pickles.loads)
        if self._named:
            _show_printed(work.name, outcome)
        if isinstance(outcome, Done) and outcome.put and outcome.record is not None:
            self._worker.adopt(outcome.record)  # the worker may be on another machine
        return outcome

    def _lose(self, agent: _Agent, error: Exception) -> list[tuple[str, Outcome]]:
        """Hand out again what an agent had that is gone, each step by itself; one that is lost too often has failed."""
        self._let_go(agent)
        failed: list[tuple[str, Outcome]] = []
        for step in agent.steps.values():
            again = replace(step, lost=step.lost + 1)
            if again.lost < TRIES:
                self._queue.append(again)
            else:
                failed.append((step.work.name, _make_loss(step.work.name, error)))
        self._failed_starts += not agent.ready
        if not self._may_start and not any(each.ready for each in self._agents):
            failure = Failure("WorkerDied", f"Ray could not start what runs steps: {error}", "")
            failed += [(step.work.name, failure) for step in self._queue]
            self._queue.clear()
        return failed

    @property
    def _may_start(self) -> bool:
        return self._failed_starts < TRIES

    # -- the end ---------------------------------------------------------------------------------------------------

    def _let_go(self, agent: _Agent) -> None:
        self._agents.remove(agent)
        with contextlib.suppress(RayError):
            ray.kill(agent.actor)

    def _cancel(self) -> None:
        for agent in list(self._agents):
            self._let_go(agent)
        self._calls.clear()
        self._queue.clear()
        self._here.clear()

    def close(self) -> None:
        """Cancel what runs, and let go of a cluster that was connected to here; one of our own stops with that."""
        if self._opened:
            self._opened = False
            idle = [agent.actor.close.remote() for agent in self._agents if agent.ready and not agent.steps]
            with contextlib.suppress(RayError):
                ray.wait(idle, num_returns=len(idle), timeout=_PATIENCE) if idle else None
            self._cancel()
            self._held.close()
        if self._connected:
            self._connected = False
            ray.shutdown()


_PATIENCE = 10.0
"""Seconds that processes get to bring to the disk what they have stored."""


def _make_loss(name: str, error: Exception) -> Failure:
    text = (
        f"Ray lost the machine or the process that was to run '{name}', {TRIES} times: {error}\n"
        "  try: make the value smaller, or let fewer steps run side by side"
    )
    return Failure("WorkerDied", text, "")


def _connect(address: str, root: Path) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address == LOCAL:
            size = _OBJECT_STORE_BYTES
            ray.init(address, include_dashboard=False, object_store_memory=size, **quiet)
        else:
            _probe(address)
            ray.init(address, runtime_env={"working_dir": str(root)}, **quiet)
    except (OSError, RuntimeError, ValueError, RayError) as error:
        raise UserError(
            f"the Ray cluster '{address}' cannot be used: {error}",
            hint="look at 'address' under [executor], and at what `ray status` says there",
        ) from error
    # Seen on 2.60: words about a dead worker go to our standard output whatever log_to_driver says. They would spoil
    # what a command prints there, and the node's failure tells the same.
    if hasattr(ray._private.worker, "print_to_stdstream"):
        ray._private.worker.print_to_stdstream = lambda *_args, **_options: None


def _probe(address: str) -> None:
    """Raise OSError at once when nobody listens there; Ray itself, seen on 2.60, tries for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=5).close()


def _show_printed(name: str, outcome: Outcome) -> None:
    """Show what a step has printed, line by line behind its name; from its worker nothing came while it ran."""
    record = outcome.record if isinstance(outcome, Done) else None
    printed = outcome.log if isinstance(outcome, Failure) else record.log if record else ""
    shown = Shown(make_writer(sys.stdout), name)
    shown.add(printed)
    shown.finish()
    sys.stdout.flush()
