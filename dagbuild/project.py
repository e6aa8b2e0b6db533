"""The only wiring: settings, graph, store and executor become plans, builds and explanations.

The command line and the Driver call nothing else. Holds no rule of its own: what is stale is the planner's to say,
how a step runs the executor's.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from dagbuild.artifacts import Artifacts
from dagbuild.build import Tools, run_build
from dagbuild.errors import InputError, did_you_mean
from dagbuild.events import BuildResult, Event, Listener, Notice
from dagbuild.executors.base import Executor, Work
from dagbuild.executors.local import LocalExecutor
from dagbuild.findings import Findings
from dagbuild.graph import Graph
from dagbuild.inputs import GivenMaker, Outside
from dagbuild.lookup import StoreLookup
from dagbuild.node import Node
from dagbuild.observe.unseen import Unseen, find_unseen
from dagbuild.pinning import new_pin, select_artifact
from dagbuild.plan import Decision, Given, Plan, Request, Step, make_plan
from dagbuild.reasons import Reason, find_changes, with_parts
from dagbuild.record import Artifact, Manifest, Record
from dagbuild.settings import Pin, Settings, load_settings
from dagbuild.snapshot import CodeNeededError, Grounds
from dagbuild.store import FileDigests, open_store
from dagbuild.store.layered import LayeredStore
from dagbuild.store.local import LocalStore
from dagbuild.watching import Watching


def _ignore(_: Event) -> None:
    pass


@dataclass(frozen=True)
class Explanation:
    """Why a node is what it is: its step in the plan, today's manifest and the record it is compared with."""

    step: Step
    manifest: Manifest
    record: Record | None
    changes: tuple[Reason, ...]
    givens: Mapping[str, Given] = field(default_factory=dict)


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
        pins = {
            name: (Artifact.from_json(pin.artifact), pin.note or pin.digest)
            for name, pin in self.settings.pins.items()
            if name not in (overrides or {})
        }
        outside = Outside(
            self.settings.config, {**self.settings.inputs, **(inputs or {})}, overrides or {}, pins
        )
        givens = maker.make(outside, names)
        reached = self.graph.order(names, stop=givens.__contains__)
        nodes = [self.graph.nodes[n] for n in reached if n in self.graph.nodes and n not in givens]
        reads = {node.name: maker.read_parts(node) for node in nodes if node.reads}
        manifests = self._findings.code.make_manifests(nodes)
        for name, parts in reads.items():
            manifests[name] = with_parts(manifests[name], parts)
        request = Request(self.graph, names, givens, manifests, frozenset(force))

        def is_unchanged(name: str) -> bool:
            files = [
                givens[up] for up in self.graph.upstream(name) if up in givens and givens[up].kind == "file"
            ]
            return all(maker.is_unchanged(given) for given in files) and maker.are_unchanged(
                reads.get(name, ())
            )

        return request, is_unchanged

    def _watching(self) -> Watching:
        return Watching(self.settings, self.graph.nodes, self.files, self._findings.code.open_reader)

    def _lookup(self) -> StoreLookup:
        return StoreLookup(self.store, self._watching().find_changed)

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

    def plan(
        self,
        targets: Iterable[str] = (),
        *,
        inputs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        force: Collection[str] = (),
    ) -> Plan:
        """Return what a build would do; runs and fetches nothing."""
        targets = list(targets)

        def ask() -> Plan:
            request, _ = self._request(targets, inputs, overrides, force)
            return make_plan(request, self._lookup(), everything=True)

        return self._findings.answer(ask)

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
        targets = list(targets)
        if values or executor is not None:
            self._findings.load()

        def prepare() -> tuple[Request, Callable[[str], bool], Watching, StoreLookup, Plan]:
            request, unchanged = self._request(targets, inputs, overrides, force, save=True)
            watching = self._watching()
            lookup = StoreLookup(self.store, watching.find_changed)
            plan = make_plan(request, lookup, everything=True)
            if self._findings.known is not None and (plan.names(Decision.RUN) or plan.names(Decision.FETCH)):
                raise CodeNeededError  # a fetch that fails ends in a run
            return request, unchanged, watching, lookup, plan

        request, unchanged, watching, lookup, plan = self._findings.answer(prepare)
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
                watching.find_notes,
                watching.carry,
            )
            run = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"
            return run_build(request, plan, tools, run=run, keep_going=keep_going, values=values)

    def _open_executor(self, kind: str | None, request: Request) -> Executor:
        settings = self.settings.executor
        match "local" if self._findings.known is not None else kind or settings.kind:
            case "local":
                return LocalExecutor(
                    self.store, self.artifacts, lambda node, text: self.listener(Notice(text, node))
                )
            case "ray":
                from dagbuild.executors.ray import Code, RayExecutor, open_worker_store

                nodes = [self.graph.nodes[name] for name in request.manifests]
                code = Code(
                    self.settings.root, self.modules, nodes, request.manifests, self.settings.packages
                )
                self.store.flush()  # inputs that were saved are needed on other machines
                opener = partial(open_worker_store, self.settings.cache, self.settings.remote)
                return RayExecutor(opener, code, address=settings.address)
            case other:
                raise InputError(f"there is no executor '{other}'", hint="local or ray")

    def explain(
        self,
        node: str,
        *,
        inputs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> Explanation:
        """Return why the node is fresh or stale, part by part."""
        return self._findings.answer(lambda: self._explain(node, inputs, overrides))

    def _explain(
        self, node: str, inputs: Mapping[str, Any] | None, overrides: Mapping[str, Any] | None
    ) -> Explanation:
        request, _ = self._request([node], inputs, overrides)
        step = make_plan(request, self._lookup(), everything=True).steps.get(node)
        if step is None:
            raise InputError(f"'{node}' is an input: it is given, not made")
        if node in request.givens:
            return Explanation(step, Manifest(()), None, step.reasons, request.givens)
        manifest = request.manifest(node)
        changes = find_changes(step.record.manifest, manifest) if step.record else ()
        return Explanation(step, manifest, step.record, changes or step.reasons, request.givens)

    def find_unseen(self, nodes: Iterable[str] = ()) -> list[Unseen]:
        """Return what the nodes' code uses and nobody sees, of all nodes unless some are named; runs nothing."""
        self._findings.load()
        chosen = [self.check_node(name) for name in nodes] or list(self.graph.nodes.values())
        return find_unseen(chosen, self._findings.code.open_reader())

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

    def artifact(self, node: str) -> Artifact:
        """Return the artifact that the node has today, without running anything; raises InputError when it has none."""
        return self._findings.answer(lambda: self._artifact(node))

    def _artifact(self, node: str) -> Artifact:
        request, _ = self._request([node], None, None)
        if node in request.givens:
            return request.givens[node].artifact
        step = make_plan(request, self._lookup(), everything=True).steps[node]
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
        """Return the records, newest first; of one node where it is named."""
        records = [record for record in self.store.iter_records() if node is None or record.node == node]
        return sorted(records, key=lambda record: record.started, reverse=True)

    # -- pins ----------------------------------------------------------------------------------------------------

    def make_pin(self, node: str, value: Any, note: str = "") -> Pin:
        """Store a value and return the pin that puts it in the node's place."""
        self.check_node(node)
        return self._pin(self.artifacts.save(value), note)

    def select_pin(self, node: str, selector: str = "@current", note: str = "") -> Pin:
        """Return a pin on a value that was built: "@current", "@" and the start of a run's name or a digest.

        Raises InputError when nothing or more than one value matches.
        """
        self.check_node(node)
        if selector == "@current":
            return self._pin(self.artifact(node), note)
        return self._pin(select_artifact(node, self.log(node), selector), note)

    def _pin(self, artifact: Artifact, note: str) -> Pin:
        self.store.flush()
        return new_pin(artifact, note)

    def check_node(self, name: str) -> Node:
        """Return the node; raises InputError with the nearest name when there is none."""
        if name not in self.graph.nodes:
            raise InputError(f"there is no node '{name}'", hint=did_you_mean(name, self.graph.nodes))
        return self.graph.nodes[name]
