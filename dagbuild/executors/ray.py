"""Run steps on a Ray cluster: one that is there, or a local one of our own.

The only file that knows ray. An actor holds an `Agent`, which runs steps in processes of its own and tells how they
end: one for each core, that is given short steps many at a time; others take what a node says that it takes. A parcel
carries a node and the descriptions of what it takes; values are read and written through the store, so the driver moves
no data. Only what exists in memory travels.

Promise: a step runs there only where the code for it is the driver's; whatever becomes of a machine, each step ends.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dagbuild.executors import import_paths, packing, parcels
from dagbuild.executors.agent import Agent, Report
from dagbuild.executors.agent_kinds import Kind
from dagbuild.executors.base import Executor, Work
from dagbuild.executors.connection import Connection
from dagbuild.executors.crew import TRIES, Crew, Member, Step
from dagbuild.executors.deaths import tell_end, tell_no_start
from dagbuild.executors.detached import OpenStore
from dagbuild.executors.elsewhere import ShippedCode
from dagbuild.executors.given import Given
from dagbuild.executors.shown import Shown, show
from dagbuild.executors.unfinished import make_lost
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

_OBJECT_STORE_BYTES = 256 * 1024 * 1024
"""Of a local Ray of our own: values go through our store, so Ray's stays small."""

_A_WHILE = 1.0
"""Seconds to wait for a step before the caller may look about."""

_LOSSES = (RayActorError, WorkerCrashedError, NodeDiedError, OutOfMemoryError)


class RayExecutor(Executor):
    """Hands steps to agents, which take of the cluster what the steps' nodes say; Ray retries nothing behind our back.

    `open_store` is called once in each process: a function of a module that is installed there, or a partial of one.
    `here` runs the steps whose values cannot leave this process. Uses the cluster that this process is connected to,
    else the one at `address` or RAY_ADDRESS, else starts a local one; with the `options` that `ray.init` takes, and
    when the first step is ready. UserError is raised then, when no cluster can be had with them. With `named`, each
    line that a step prints is shown behind its name. `on_notice` is told what people are to know of how steps run.
    """

    name = "ray"

    def __init__(
        self,
        open_store: OpenStore,
        code: ShippedCode,
        here: Worker,
        *,
        address: str | None = None,
        options: Mapping[str, Any] | None = None,
        named: bool = False,
        on_notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._open_store = open_store
        self._code = code
        self._worker = here
        self._named = named
        self._address = address or os.environ.get("RAY_ADDRESS") or LOCAL
        self._options = options or {}
        self._on_notice = on_notice
        self._opened = self._connected = False
        self._held = contextlib.ExitStack()
        self._crew = Crew(self._start_agent, self._give, lambda agent: self._dismiss([agent]))
        self._calls: dict[Any, Member] = {}
        self._shown: dict[str, Shown] = {}
        self._failed_with = ""
        self._told: set[str] = set()
        self._looked = 0.0
        self._here: deque[Work] = deque()

    @property
    def slots(self) -> int:  # type: ignore[override]  # asking for it is what connects
        """As many steps as keep the cluster's cores at work until others can be handed over."""
        self._open()
        return self._crew.slots

    def _open(self) -> None:
        if self._opened:
            return
        shipped = self._code.root if self._address != LOCAL else None
        connect = functools.partial(_connect, self._address, self._code.root, self._options)
        self._connected = _connection.take(connect, shipped)
        self._opened = True
        self._look_about()
        self._held.enter_context(parcels.travelling_whole(self._code.in_memory))

    def _look_about(self) -> None:
        """See which machines there are, as they come and go; tell of what waits for one that is not there."""
        self._looked = time.monotonic()
        self._crew.machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        for name, missing in self._crew.find_missing().items():
            if name not in self._told:  # Ray lets it wait
                self._told.add(name)
                self._on_notice(f"'{name}' waits for what no machine of the Ray cluster has: {missing}")

    @functools.cached_property
    def _pickles(self) -> parcels.SharedParcels:
        return self._code.make_pickles()

    @functools.cached_property
    def _given(self) -> Any:
        """What each agent is given, where Ray keeps it."""
        paths = import_paths.find_import_paths(self._code.modules)
        shipped = self._connected and _connection.shipped == self._code.root
        there = paths.find_below(self._code.root) if shipped else paths
        code = self._code.make_setup(there, shipped=shipped)
        chance = self._held.enter_context(self._worker.hold()).chance
        setup = parcels.dumps((code, self._open_store))
        return ray.put(Given(setup, parcels.dumps(chance), import_paths.make_environment(paths)))

    # -- out -------------------------------------------------------------------------------------------------------

    def submit(self, work: Work) -> None:
        """Take the step, to be handed out when it is waited for; one whose values cannot travel runs here then."""
        self._open()
        if parcel := self._pickles.dumps(self._worker.seal(work)):
            self._crew.submit(work, parcel)
        else:
            self._here.append(work)

    # -- agents ----------------------------------------------------------------------------------------------------

    def _start_agent(self, kind: Kind) -> Member:
        options = {
            "num_cpus": kind.cpus,
            "num_gpus": kind.gpus or None,
            "memory": kind.memory or None,
            "resources": dict(kind.custom) or None,
        }
        actor = ray.remote(Agent).options(max_restarts=0, max_task_retries=0, **options).remote()
        agent = Member(actor, kind)
        self._call(agent, actor.start.remote(import_paths.describe_platform(), self._given))
        return agent

    def _give(self, agent: Member, steps: list[Step]) -> None:
        self._call(agent, agent.actor.run.remote([step.order for step in steps]))

    def _dismiss(self, agents: Sequence[Member]) -> None:
        """Let go of agents that have nothing to do, once what they have stored is on the disk."""
        closed = [agent.actor.close.remote() for agent in agents]
        with contextlib.suppress(RayError):
            ray.wait(closed, num_returns=len(closed), timeout=_PATIENCE) if closed else None
        for agent in agents:
            self._kill(agent)

    def _call(self, agent: Member, call: Any) -> Any:
        agent.calls += 1
        self._calls[call] = agent
        return call

    # -- in --------------------------------------------------------------------------------------------------------

    def wait(self, most: float | None = None) -> list[tuple[str, Outcome]]:
        """Return the outcomes of steps that have ended, after a second at most; on Ctrl-C cancel the others."""
        if self._here:
            work = self._here.popleft()
            return [(work.name, self._worker.run(work))]
        try:
            self._crew.hand_out()
            if lost := self._crew.give_up():
                text = tell_no_start(self._failed_with)
                return [(step.work.name, Failure("WorkerDied", text, "")) for step in lost]
            patience = _A_WHILE if most is None else min(most, _A_WHILE)
            first, rest = ray.wait(list(self._calls), num_returns=1, timeout=patience)
            self._crew.has_waited = not first and patience == _A_WHILE
            if time.monotonic() - self._looked >= _A_WHILE:
                self._look_about()
            more, _ = ray.wait(rest, num_returns=len(rest), timeout=0) if rest else ([], [])
            outcomes = [outcome for call in (*first, *more) for outcome in self._take(call)]
            self._crew.hand_out()
        except KeyboardInterrupt:
            self._cancel()
            raise
        return outcomes

    def _take(self, call: Any) -> list[tuple[str, Outcome]]:
        """Take in what an agent has answered."""
        agent = self._calls.pop(call)
        agent.calls -= 1
        if call == agent.waits:
            agent.waits = None
        if agent not in self._crew.members:
            return []  # it was lost, which another of its calls has told
        try:
            report: Report | None = ray.get(call)
        except _LOSSES as error:
            return self._lose(agent, error)
        except RayError as error:
            failure = Failure(type(error).__name__, f"Ray could not run the step: {error}", "")
            self._crew.members.remove(agent)
            self._kill(agent)
            self._finish_shown(agent.steps)
            return [(name, failure) for name in agent.steps]
        self._crew.welcome(agent)
        return [] if report is None else self._take_report(agent, report)

    def _take_report(self, agent: Member, report: Report) -> list[tuple[str, Outcome]]:
        for text in report.notices:
            self._on_notice(text)
        self._show(report.printed)
        if report.raised:
            raise parcels.loads(report.raised)
        self._crew.note(agent, len(report.replies), report.seconds)
        self._crew.take_back(agent, report.left)
        if report.running is not None and agent.waits is None:
            agent.waits = self._call(agent, agent.actor.go_on.remote())
        replies = [(name, self._read(self._take_step(agent, name), reply)) for name, reply in report.replies]
        return [*replies, *((name, tell_end(self._take_step(agent, name), cut)) for name, cut in report.cuts)]

    def _take_step(self, agent: Member, name: str) -> Work:
        """Return a step of an agent that has ended."""
        self._finish_shown([name])
        return agent.steps.pop(name).work

    def _show(self, printed: Sequence[tuple[str, str]]) -> None:
        """Show what steps have printed, as on this machine."""
        for name, text in printed:
            if name not in self._shown:
                self._shown[name] = Shown(show, name if self._named else "")
            self._shown[name].add(text)

    def _finish_shown(self, names: Iterable[str]) -> None:
        for name in names:
            if shown := self._shown.pop(name, None):
                shown.finish("\n")

    def _read(self, work: Work, reply: packing.Reply) -> Outcome:
        if reply == packing.STAYS:
            return self._worker.run(work)
        outcome = packing.unpack(reply, self._pickles.loads)
        if isinstance(outcome, Done) and outcome.put and outcome.record is not None:
            self._worker.adopt(outcome.record)  # the worker may be on another machine
        return outcome

    def _lose(self, agent: Member, error: Exception) -> list[tuple[str, Outcome]]:
        """Hand out again what an agent had that is gone, each step by itself; one that is lost too often has failed."""
        self._kill(agent)
        if not agent.ready:
            self._failed_with = str(error)
        self._finish_shown(agent.steps)
        return [(step.work.name, _make_loss(step.work, error)) for step in self._crew.lose(agent)]

    # -- the end ---------------------------------------------------------------------------------------------------

    def _kill(self, agent: Member) -> None:
        with contextlib.suppress(RayError):
            ray.kill(agent.actor)

    def _cancel(self) -> None:
        for agent in self._crew.members:
            self._kill(agent)
        self._crew.members.clear()
        self._calls.clear()
        self._shown.clear()
        self._crew.clear()
        self._here.clear()

    def close(self) -> None:
        """Cancel what runs, and let go of a cluster that executors have connected to: the last one closes it."""
        if self._opened:
            self._opened = False
            self._dismiss([agent for agent in self._crew.members if agent.is_idle])
            self._cancel()
            self._held.close()
        if self._connected:
            self._connected = False
            _connection.let_go()


_PATIENCE = 10.0
"""Seconds that processes get to bring to the disk what they have stored."""


def _make_loss(work: Work, error: Exception) -> Failure:
    text = (
        f"Ray lost the machine or the process that was to run '{work.name}', {TRIES} times: {error}\n"
        "  try: make the value smaller, or let fewer steps run side by side"
    )
    return make_lost(work, text)


@contextlib.contextmanager
def _keeping_sigterm() -> Iterator[None]:
    """Let SIGTERM mean what it did before: Ray takes it for a call of `sys.exit`, in whoever's process this is."""
    before = signal.getsignal(signal.SIGTERM)
    in_main = threading.current_thread() is threading.main_thread()
    if before is None or not in_main:  # elsewhere Ray leaves it alone
        yield
        return
    try:
        yield
    except SystemExit:
        signal.signal(signal.SIGTERM, before)
        signal.raise_signal(signal.SIGTERM)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


_connection = Connection(ray.is_initialized, ray.shutdown)


def _connect(address: str, root: Path, options: Mapping[str, Any]) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    said: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR, **options}
    try:
        if address == LOCAL:
            said = {"include_dashboard": False, "object_store_memory": _OBJECT_STORE_BYTES, **said}
        else:
            _probe(address)
            said["runtime_env"] = {"working_dir": str(root), **said.get("runtime_env", {})}
        with _keeping_sigterm():
            ray.init(address, **said)
    except (ImportError, OSError, RuntimeError, TypeError, ValueError, RayError) as error:
        told = f"the Ray cluster '{address}' cannot be used: {error}"
        if "ray[client]" in str(error):
            raise UserError(told, hint='pip install "dagbuild[ray]"') from error
        # Seen on 2.60: it shows a token only where it finds the address itself, and says of others that time is over.
        raise UserError(
            told,
            hint="look at 'address' and 'options' under [executor], and at what `ray status` says there; if the "
            "cluster asks for a token, have it in ~/.ray/auth_token and set RAY_AUTH_MODE=token",
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
