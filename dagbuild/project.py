"""The only wiring: settings, graph, store and executor become plans, builds and explanations.

The command line and the Driver call nothing else. Holds no rule of its own: what is stale is the planner's to say,
how a step runs the executor's.
"""

from __future__ import annotations

import contextlib
import copy
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from dagbuild.acceptance import Acceptance, find_acceptances
from dagbuild.accepting import accept_everywhere, accept_node, revoke
from dagbuild.artifacts import Artifacts
from dagbuild.build import Tools, run_build
from dagbuild.errors import InputError, did_you_mean
from dagbuild.events import BuildResult, Event, Listener, Notice
from dagbuild.executors.base import Executor, Work
from dagbuild.executors.opening import open_executor
from dagbuild.filing import author
from dagbuild.findings import Findings, answered
from dagbuild.graph import Graph
from dagbuild.inputs import GivenMaker, Outside
from dagbuild.lookup import StoreLookup
from dagbuild.node import Node
from dagbuild.pinning import add_pin, choose_artifact, drop_pin, save_value
from dagbuild.plan import Decision, Explanation, Plan, make_plan
from dagbuild.reasons import find_changes, with_parts
from dagbuild.record import Artifact, Manifest, Part, Record
from dagbuild.request import Request
from dagbuild.settings import Pin, Settings, load_settings
from dagbuild.snapshot import CodeNeededError, Grounds
from dagbuild.store import FileDigests, open_store
from dagbuild.store.layered import LayeredStore
from dagbuild.store.local import LocalStore
from dagbuild.watching import Watching


def _ignore(_: Event) -> None:
    pass


class Project:
    """A folder of functions with its settings, graph and store."""

    def __init__(
        self,
        settings: Settings,
        modules: Sequence[ModuleType] | None = None,
        *,
        allow_overrides: bool = False,
        listener: Listener = _ignore,
    ) -> None:
        self.settings = settings
        self.listener = listener
        self._store: LocalStore | LayeredStore | None = None
        self._artifacts: Artifacts | None = None
        self._files: FileDigests | None = None
        self._maker: GivenMaker | None = None
        self._findings = Findings(settings, modules, self.files, allow_overrides=allow_overrides)

    @classmethod
    def load(
        cls,
        path: str | Path = ".",
        *,
        profile: str | None = None,
        config: Mapping[str, Any] | None = None,
        listener: Listener = _ignore,
    ) -> Project:
        """Return the project whose dagbuild.toml is at or above `path`; `config` values win over the file's.

        Raises SettingsError, LoadError or GraphError.
        """
        settings = load_settings(Path(path), profile=profile)
        if config:
            settings = replace(settings, config={**settings.config, **config})
        return cls(settings, listener=listener)

    @property
    def graph(self) -> Graph:
        """The nodes and inputs. While nothing was imported, types are texts and functions cannot be called."""
        return self._findings.code.graph

    @property
    def modules(self) -> Sequence[ModuleType]:
        """The modules that hold the nodes, imported if they were not."""
        self._findings.load()
        return self._findings.code.modules

    def list_grounds(self, targets: Iterable[str], records: Iterable[Record]) -> Grounds | None:
        """Return what the last answer stood on, with the records that it took; None when stats cannot tell."""
        paths = self._maker.find_paths() if self._maker else None
        return None if paths is None else self._findings.list_grounds(paths, records, self.targets(targets))

    # -- parts that open late ------------------------------------------------------------------------------------

    @property
    def store(self) -> LocalStore | LayeredStore:
        """The store: local, with the remote behind it where the settings name one."""
        if self._store is None:
            self._store = open_store(
                self.settings.cache.folder,
                self.settings.remote,
                fsync=self.settings.cache.fsync,
                on_notice=lambda text: self.listener(Notice(text)),
            )
        return self._store

    @property
    def artifacts(self) -> Artifacts:
        """Values to and from the store."""
        if self._artifacts is None:
            self._artifacts = Artifacts(self.store)
        return self._artifacts

    @property
    def files(self) -> FileDigests:
        """Digests of files, remembered in the cache folder."""
        if self._files is None:
            self._files = FileDigests(self.settings.cache.folder)
        return self._files

    def close(self) -> None:
        """Let go of the store, and keep what was found of the code."""
        self._findings.keep()
        for opened in (self._store, self._files):
            if opened is not None:
                opened.close()

    def without_pin(self, node: str) -> Project:
        """Return the same project, with the same store, as it would be without a pin; this one closes the store."""
        other = copy.copy(self)
        other._store = self.store
        pins = {name: pin for name, pin in self.settings.pins.items() if name != node}
        other.settings = replace(self.settings, pins=pins)
        return other

    # -- what the planner needs to know --------------------------------------------------------------------------

    def targets(self, names: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the names, or the project's own targets, or every node that nothing else takes."""
        chosen = tuple(dict.fromkeys(names)) or tuple(self.settings.targets)
        return chosen or tuple(name for name in self.graph.nodes if not self.graph.downstream(name))

    def _request(
        self,
        targets: Iterable[str],
        inputs: Mapping[str, Any] | None,
        overrides: Mapping[str, Any] | None,
        force: Collection[str] = (),
        *,
        save: bool = False,
    ) -> tuple[Request, Callable[[str], bool]]:
        if self._findings.known is not None and (inputs or overrides):
            raise CodeNeededError  # their types are to be checked
        self._findings.code.look_again()
        names = self.targets(targets)
        for name in force:
            if name not in self.graph.nodes:
                raise InputError(
                    f"there is no node '{name}' to force", hint=did_you_mean(name, self.graph.nodes)
                )
        maker = GivenMaker(
            self.graph,
            self.settings.root,
            self.artifacts,
            self.files,
            save=save,
            carry=self._watching().carry,
        )
        self._maker = maker
        outside = Outside.of(self.settings, inputs or {}, overrides or {})
        givens = maker.make(outside, names)
        reached = self.graph.order(names, stop=givens.__contains__)
        nodes = [self.graph.nodes[n] for n in reached if n in self.graph.nodes and n not in givens]
        reads = {node.name: maker.read_parts(node) for node in nodes if node.reads}
        manifests = self._findings.code.make_manifests(nodes)
        for name, parts in reads.items():
            manifests[name] = with_parts(manifests[name], parts)
        accepted = find_acceptances(manifests, self.store.find_records)
        excerpt, forced = self.artifacts.excerpt, frozenset(force)
        return Request(self.graph, names, givens, manifests, forced, accepted, excerpt), maker.is_unchanged

    def _watching(self) -> Watching:
        return Watching(self.settings, self.graph.nodes, self.files, self._findings.code.open_reader)

    def _lookup(self) -> StoreLookup:
        return StoreLookup(self.store, self._watching().find_changed, self.artifacts.find_obstacle)

    # -- what people ask for -------------------------------------------------------------------------------------

    def status(
        self,
        targets: Iterable[str] = (),
        *,
        inputs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> Plan:
        """Return the plan with every node above the targets looked up; runs and fetches nothing."""
        return self.plan(targets, inputs=inputs, overrides=overrides)

    @answered
    def plan(
        self,
        targets: Iterable[str] = (),
        *,
        inputs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        force: Collection[str] = (),
    ) -> Plan:
        """Return what a build would do; runs and fetches nothing."""
        request, _ = self._request(targets, inputs, overrides, force)
        return make_plan(request, self._lookup())

    @answered
    def build(
        self,
        targets: Iterable[str] = (),
        *,
        inputs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        force: Collection[str] = (),
        keep_going: bool = False,
        values: bool = False,
        on_event: Listener = _ignore,
        executor: str | None = None,
    ) -> BuildResult:
        """Build the targets: take what is right from the stores, compute the rest.

        `values` asks for the targets' values in the result. Raises InputError before anything runs; a node that
        raises is in the result.
        """
        self.listener = on_event
        if values or executor is not None:
            self._findings.load()
        request, unchanged = self._request(targets, inputs, overrides, force, save=True)
        watching = self._watching()
        lookup = StoreLookup(self.store, watching.find_changed, self.artifacts.find_obstacle)
        plan = make_plan(request, lookup)
        if self._findings.known is not None and (plan.names(Decision.RUN) or plan.names(Decision.FETCH)):
            raise CodeNeededError  # a fetch that fails ends in a run
        with contextlib.closing(self._open_executor(executor, request)) as opened:
            tools = Tools(
                self.store,
                self.artifacts,
                opened,
                lookup,
                on_event,
                unchanged,
                watching.watch,
                partial(watching.observe_code, request),
                partial(watching.find_notes, request),
                watching.carry,
            )
            run = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"
            return run_build(request, plan, tools, run=run, keep_going=keep_going, values=values)

    def _open_executor(self, kind: str | None, request: Request) -> Executor:
        if self._findings.known is not None:
            kind = "local"  # nothing is going to run
        nodes = [self.graph.nodes[name] for name in request.manifests]
        return open_executor(
            kind or self.settings.executor.kind,
            self.settings,
            self.store,
            self.artifacts,
            find_code=lambda: (self.modules, nodes, request.manifests),
            on_wait=lambda node, text: self.listener(Notice(text, node)),
        )

    @answered
    def explain(
        self,
        node: str,
        *,
        inputs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> Explanation:
        """Return why the node is fresh or stale, part by part."""
        request, _ = self._request([node], inputs, overrides)
        step = make_plan(request, self._lookup()).steps.get(node)
        if step is None:
            raise InputError(f"'{node}' is an input: it is given, not made")
        if node in request.givens:
            return Explanation(step, Manifest(()), None, step.reasons, request.givens)
        manifest = request.manifest(node)
        changes = find_changes(step.record.manifest, manifest) if step.record else ()
        return Explanation(step, manifest, step.record, changes or step.reasons, request.givens)

    @answered
    def find_unseen(self, nodes: Iterable[str] = ()) -> dict[str, tuple[Part, ...]]:
        """Return by node what its code uses and nobody sees, of all nodes unless some are named; runs nothing."""
        self._findings.code.look_again()
        known = self.graph.nodes
        chosen = [known[name] if name in known else self.check_node(name) for name in nodes]
        manifests = self._findings.code.make_manifests(chosen or known.values())
        return {name: manifest.unseen for name, manifest in manifests.items() if manifest.unseen}

    def make_work(self, node: str) -> Work:
        """Return the call that makes the node's value from stored ones, not to be kept; raises InputError."""
        self._findings.load()
        request, _ = self._request([node], None, None, [node], save=True)
        values, views = request.needs(node)
        found = {
            up: request.givens[up].artifact if up in request.givens else self.artifact(up) for up in values
        }
        return Work(
            self.graph.nodes[node], found, views=tuple(self.graph.nodes[view] for view in views), keep=False
        )

    @answered
    def artifact(self, node: str) -> Artifact:
        """Return the artifact that the node has today, without running anything; raises InputError when it has none."""
        request, _ = self._request([node], None, None)
        if node in request.givens:
            return request.givens[node].artifact
        step = make_plan(request, self._lookup()).steps[node]
        if step.record is None or step.digest is None:
            why = f": {step.reasons[0]}" if step.reasons else ""
            raise InputError(f"'{node}' is not built{why}", hint=f"dagbuild build {node}")
        return step.record.artifact

    def value(self, node: str) -> Any:
        """Return the node's value from the store, without running anything; raises InputError when it has none."""
        if (artifact := self.artifact(node)).code:  # a pickle may name the project's classes
            self._findings.load()
        return self.artifacts.load(artifact)

    def log(self, node: str | None = None) -> list[Record]:
        """Return the records, newest first; of one node where it is named, with what was accepted of it."""
        names = (node, f"accept:{node}")
        records = (record for record in self.store.iter_records() if node is None or record.node in names)
        return sorted(records, key=lambda record: record.started, reverse=True)

    def accept(
        self, node: str = "", *, because: str, package: str = "", helper: str = ""
    ) -> list[Acceptance]:
        """Say that what has changed of the node itself does not alter its value: it stays fresh, and what is below.

        Without a node: of all nodes of which only this package or helper has changed. Raises InputError when there is
        no such change, or no value.
        """
        self._findings.load()
        request, _ = self._request([self.check_node(node).name] if node else (), None, None)
        plan = make_plan(request, self._lookup())
        if node:
            return self._say([accept_node(request, plan, node, because, author())])
        return self._say(accept_everywhere(request, plan, because, author(), package=package, helper=helper))

    def revoke(self, node: str, *, because: str = "") -> Acceptance:
        """Take back what was accepted of the node as it is today; raises InputError when nothing was."""
        self._findings.load()
        request, _ = self._request([self.check_node(node).name], None, None)
        return self._say([revoke(request, node, because, author())])[0]

    def _say(self, found: list[Acceptance]) -> list[Acceptance]:
        self.store.put_records([acceptance.to_record() for acceptance in found])
        self.store.flush()
        return found

    # -- pins ----------------------------------------------------------------------------------------------------

    def pin_value(self, node: str, value: Any, note: str = "") -> Pin:
        """Put a value in the node's place for everybody who has this dagbuild.toml; counts from the next load."""
        self.check_node(node)
        return self._pin(node, save_value(self.artifacts, value), note)

    def pin_built(self, node: str, selector: str = "@current", note: str = "") -> Pin:
        """Pin a value that was built: "@current", or "@" and the start of a run's name or a digest.

        Raises InputError when nothing or more than one value matches.
        """
        self.check_node(node)
        current = selector == "@current"
        artifact = self.artifact(node) if current else choose_artifact(self.log(node), node, selector)
        return self._pin(node, artifact, note)

    def _pin(self, node: str, artifact: Artifact, note: str) -> Pin:
        self.store.flush()
        return add_pin(self.settings, node, artifact, note)

    def unpin(self, node: str) -> None:
        """Let the node be computed again; raises InputError when it is not pinned."""
        drop_pin(self.settings, node)

    def check_node(self, name: str) -> Node:
        """Return the node with its code; raises InputError with the nearest name when there is none."""
        self._findings.load()
        if name not in self.graph.nodes:
            raise InputError(f"there is no node '{name}'", hint=did_you_mean(name, self.graph.nodes))
        return self.graph.nodes[name]
