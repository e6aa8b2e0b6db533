"""The only wiring: settings, graph, store and executor become plans, builds and explanations.

The command line, the Driver, and what is done with a project besides (pins, accepted changes) go through it. Holds no
rule of its own: what is stale is the planner's to say, how a step runs the executor's.
"""

from __future__ import annotations

import contextlib
import copy
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from types import ModuleType
from typing import Any

from dagbuild.artifacts import Artifacts
from dagbuild.build.loop import Tools, run_build
from dagbuild.executors.base import Executor
from dagbuild.executors.opening import open_executor
from dagbuild.ground.errors import InputError, did_you_mean
from dagbuild.model.graph import Graph
from dagbuild.model.node import Node
from dagbuild.model.record import Artifact, Manifest, Part, Record
from dagbuild.plan.acceptance import find_acceptances
from dagbuild.plan.events import BuildResult, Listener, Notice
from dagbuild.plan.lookup import StoreLookup
from dagbuild.plan.plan import Decision, Explanation, Plan, make_plan
from dagbuild.plan.reasons import find_changes, with_parts
from dagbuild.plan.request import Request
from dagbuild.project.code import Findings, answered
from dagbuild.project.exchange import write_file
from dagbuild.project.givens import GivenMaker, Outside
from dagbuild.project.observations import Watching
from dagbuild.settings import Settings, load_settings
from dagbuild.shortcut.answer_basis import Grounds
from dagbuild.shortcut.graph_json import CodeNeededError
from dagbuild.store import FileDigests, open_store
from dagbuild.store.layered import LayeredStore
from dagbuild.store.local import LocalStore


class Project:
    """A folder of functions with its settings, graph and store."""

    def __init__(
        self,
        settings: Settings,
        modules: Sequence[ModuleType] | None = None,
        *,
        allow_overrides: bool = False,
        listener: Listener = lambda _: None,
    ) -> None:
        self.settings = settings
        self.listener = listener
        self._maker: GivenMaker | None = None
        self._findings = Findings(settings, modules, self.files, allow_overrides=allow_overrides)

    @classmethod
    def load(
        cls,
        path: str | Path = ".",
        *,
        profile: str | None = None,
        config: Mapping[str, Any] | None = None,
        listener: Listener = lambda _: None,
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

    @cached_property
    def store(self) -> LocalStore | LayeredStore:
        """The store: local, with the remote behind it where the settings name one."""
        return open_store(
            self.settings.cache.folder,
            self.settings.remote,
            fsync=self.settings.cache.fsync,
            on_notice=lambda text: self.listener(Notice(text)),
        )

    @cached_property
    def artifacts(self) -> Artifacts:
        """Values to and from the store."""
        return Artifacts(self.store)

    @cached_property
    def files(self) -> FileDigests:
        """Digests of files, remembered in the cache folder."""
        return FileDigests(self.settings.cache.folder)

    def close(self) -> None:
        """Let go of the store, and keep what was found of the code."""
        self._findings.keep()
        self.files.close()
        if "store" in self.__dict__:
            self.store.close()

    def without_pin(self, node: str) -> Project:
        """Return the same project, with the same store, as it would be without a pin; this one closes the store."""
        other = copy.copy(self)
        other.store = self.store
        pins = {name: pin for name, pin in self.settings.pins.items() if name != node}
        other.settings = replace(self.settings, pins=pins)
        return other

    # -- what people ask for -------------------------------------------------------------------------------------

    def targets(self, names: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the names, or the project's own targets, or every node that nothing else takes."""
        chosen = tuple(dict.fromkeys(names)) or tuple(self.settings.targets)
        return chosen or tuple(name for name in self.graph.nodes if not self.graph.downstream(name))

    def check_node(self, name: str) -> Node:
        """Return the node with its code; raises InputError with the nearest name when there is none."""
        self._findings.load()
        if name not in self.graph.nodes:
            raise InputError(f"there is no node '{name}'", hint=did_you_mean(name, self.graph.nodes))
        return self.graph.nodes[name]

    def status(
        self,
        targets: Iterable[str] = (),
        *,
        inputs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> Plan:
        """Return the plan of a build that forces nothing."""
        return self.plan(targets, inputs=inputs, overrides=overrides)

    def plan(
        self,
        targets: Iterable[str] = (),
        *,
        inputs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        force: Collection[str] = (),
    ) -> Plan:
        """Return what a build would do, with every node above the targets looked up; runs and fetches nothing."""
        return self.look(targets, inputs=inputs, overrides=overrides, force=force)[1]

    @answered
    def look(
        self,
        targets: Iterable[str] = (),
        *,
        inputs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        force: Collection[str] = (),
        save: bool = False,
    ) -> tuple[Request, Plan]:
        """Return what is asked for, and what a build would do; with `save`, what is given is stored, to be loaded."""
        request, _ = self._request(targets, inputs, overrides, force, save=save)
        return request, make_plan(request, self._lookup(self._watching()))

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
        on_event: Listener = lambda _: None,
        executor: str | None = None,
    ) -> BuildResult:
        """Build the targets: take what is right from the stores, compute the rest.

        `values` asks for the targets' values in the result. Raises InputError before anything runs; a node that
        raises is in the result.
        """
        self.listener = on_event
        if values or executor is not None:
            self._findings.load()
        request, maker = self._request(targets, inputs, overrides, force, save=True)
        watching = self._watching()
        lookup = self._lookup(watching)
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
                maker.is_unchanged,
                watching.watch,
                partial(watching.observe_code, request),
                partial(watching.find_notes, request),
                watching.carry,
            )
            run = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"
            return run_build(request, plan, tools, run=run, keep_going=keep_going, values=values)

    def explain(
        self,
        node: str,
        *,
        inputs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> Explanation:
        """Return why the node is fresh or stale, part by part."""
        request, plan = self.look([node], inputs=inputs, overrides=overrides)
        step = plan.steps.get(node)
        if step is None:
            raise InputError(f"'{node}' is an input: it is given, not made")
        if node in request.givens:
            return Explanation(step, Manifest(()), None, step.reasons, request.givens)
        manifest = request.manifest(node)
        changes = find_changes(step.record.manifest, manifest) if step.record else ()
        return Explanation(step, manifest, step.record, changes or step.reasons, request.givens)

    def artifact(self, node: str) -> Artifact:
        """Return the artifact that the node has today, without running anything; raises InputError when it has none."""
        request, plan = self.look([node])
        if node in request.givens:
            return request.givens[node].artifact
        step = plan.steps[node]
        if step.record is None or step.digest is None:
            why = f": {step.reasons[0]}" if step.reasons else ""
            raise InputError(f"'{node}' is not built{why}", hint=f"dagbuild build {node}")
        return step.record.artifact

    def value(self, node: str) -> Any:
        """Return the node's value from the store, without running anything; raises InputError when it has none."""
        if (artifact := self.artifact(node)).code:  # a pickle may name the project's classes
            self._findings.load()
        return self.artifacts.load(artifact)

    def export(self, node: str, file: str | Path) -> None:
        """Write the node's value from the store to a file, in the form that its suffix names; runs nothing.

        Raises InputError when it has no value, the value no such form, or the file cannot be written.
        """
        write_file(self.value(node), file, node)

    def log(self, node: str | None = None) -> list[Record]:
        """Return the records, newest first; of one node where it is named, with what was accepted of it."""
        names = (node, f"accept:{node}")
        records = (record for record in self.store.iter_records() if node is None or record.node in names)
        return sorted(records, key=lambda record: record.started, reverse=True)

    @answered
    def find_unseen(self, nodes: Iterable[str] = ()) -> dict[str, tuple[Part, ...]]:
        """Return by node what its code uses and nobody sees, of all nodes unless some are named; runs nothing."""
        self._findings.code.look_again()
        known = self.graph.nodes
        chosen = [known[name] if name in known else self.check_node(name) for name in nodes]
        manifests = self._findings.code.make_manifests(chosen or known.values())
        return {name: manifest.unseen for name, manifest in manifests.items() if manifest.unseen}

    # -- how it hangs together -----------------------------------------------------------------------------------

    def _request(
        self,
        targets: Iterable[str],
        inputs: Mapping[str, Any] | None,
        overrides: Mapping[str, Any] | None,
        force: Collection[str],
        *,
        save: bool,
    ) -> tuple[Request, GivenMaker]:
        if self._findings.known is not None and (inputs or overrides):
            raise CodeNeededError  # their types are to be checked
        self._findings.code.look_again()
        graph, names = self.graph, self.targets(targets)
        for name in force:
            if name not in graph.nodes:
                raise InputError(f"there is no node '{name}' to force", hint=did_you_mean(name, graph.nodes))
        carry = self._watching().carry
        maker = GivenMaker(graph, self.settings.root, self.artifacts, self.files, save=save, carry=carry)
        self._maker = maker
        givens = maker.make(Outside.of(self.settings, inputs or {}, overrides or {}), names)
        reached = graph.order(names, stop=givens.__contains__)
        nodes = [graph.nodes[name] for name in reached if name in graph.nodes and name not in givens]
        reads = {node.name: maker.read_parts(node) for node in nodes if node.reads}
        manifests = self._findings.code.make_manifests(nodes)
        for name, parts in reads.items():
            manifests[name] = with_parts(manifests[name], parts)
        accepted = find_acceptances(manifests, self.store.find_records)
        excerpt, forced = self.artifacts.excerpt, frozenset(force)
        return Request(graph, names, givens, manifests, forced, accepted, excerpt), maker

    def _watching(self) -> Watching:
        return Watching(self.settings, self.graph.nodes, self.files, self._findings.code.open_reader)

    def _lookup(self, watching: Watching) -> StoreLookup:
        return StoreLookup(self.store, watching.find_changed, self.artifacts.find_obstacle)

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
