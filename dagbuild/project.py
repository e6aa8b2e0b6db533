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
from typing import Any, TypeVar

from dagbuild.artifacts import Artifacts
from dagbuild.build import Tools, run_build
from dagbuild.errors import InputError, did_you_mean
from dagbuild.events import BuildResult, Event, Listener, Notice
from dagbuild.executors.base import Executor
from dagbuild.executors.local import LocalExecutor
from dagbuild.findings import Code, Known, Loaded, Remembered
from dagbuild.graph import Graph
from dagbuild.inputs import GivenMaker, Outside
from dagbuild.node import Node
from dagbuild.observe import Places
from dagbuild.observe.words import name_observation
from dagbuild.plan import Decision, Given, Place, Plan, Request, Step, make_plan
from dagbuild.reasons import Reason, find_changes, with_parts
from dagbuild.record import Artifact, Key, Manifest, Observation, Record
from dagbuild.settings import Pin, Settings, load_settings
from dagbuild.snapshot import Album, CodeNeededError, Grounds, Snapshot, list_grounds
from dagbuild.store import FileDigests, open_store
from dagbuild.store.base import Store
from dagbuild.store.layered import LayeredStore
from dagbuild.store.local import LocalStore
from dagbuild.watching import Watching

T = TypeVar("T")


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
        self._allow_overrides = allow_overrides
        self._known: Known | None = None
        self._maker: GivenMaker | None = None
        self._code: Code
        if modules is not None:
            self._code = Loaded(settings, list(modules), allow_overrides=allow_overrides)
            return
        self._album = Album(settings, self.places, self.files, allow_overrides=allow_overrides)
        snapshot = self._album.find()
        if snapshot is not None and snapshot.answers:
            self._code = self._known = Known(snapshot, self.places)
        else:
            self._code = self._import(snapshot)

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

    # -- the code: imported, or known without ------------------------------------------------------------------------

    @property
    def graph(self) -> Graph:
        """The nodes and inputs. While nothing was imported, types are texts and functions cannot be called."""
        return self._code.graph

    @property
    def modules(self) -> Sequence[ModuleType]:
        """The modules that hold the nodes, imported if they were not."""
        self.load_code()
        return self._code.modules

    def load_code(self) -> None:
        """Import the project's modules, unless that is done. Raises LoadError or GraphError."""
        if self._known is not None:
            self._code = self._import(self._known.snapshot)
            self._known = None

    def _import(self, before: Snapshot | None) -> Remembered:
        return Remembered(
            self.settings, self._album, self.files, before, allow_overrides=self._allow_overrides
        )

    def _answer(self, ask: Callable[[], T]) -> T:
        """Return what is asked, from what is known without importing where that tells enough."""
        if self._known is not None:
            try:
                return ask()
            except (CodeNeededError, InputError):  # mistakes are told in the words of the code
                self.load_code()
        return ask()

    def list_grounds(self, targets: Iterable[str], records: Iterable[Record]) -> Grounds | None:
        """Return what the last answer stood on, with the records that it took; None when stats cannot tell."""
        remote = self.settings.remote
        paths = self._maker.find_paths() if self._maker is not None else None
        if self._known is None or paths is None or not (remote is None or remote.mode == "off"):
            return None
        ground = self._known.snapshot.ground
        wanted = self.targets(targets)
        return list_grounds(ground, self.settings, self.places, inputs=paths, records=records, targets=wanted)

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

    @property
    def places(self) -> Places:
        """How files are named in what is kept."""
        return Places(self.settings.root.resolve(), [self.settings.cache.folder])

    def close(self) -> None:
        """Let go of the store, and keep what was found of the code."""
        if isinstance(self._code, Remembered):
            self._code.keep()
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
        if self._known is not None and (inputs or overrides):
            raise CodeNeededError  # their types are to be checked
        names = self.targets(targets)
        for name in force:
            if name not in self.graph.nodes:
                raise InputError(
                    f"there is no node '{name}' to force", hint=did_you_mean(name, self.graph.nodes)
                )
        maker = GivenMaker(self.graph, self.settings.root, self.artifacts, self.files, save=save)
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
        manifests = self._code.make_manifests(nodes)
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
        return Watching(self.settings, self.graph.nodes, self.files, self._code.open_reader)

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
        return self._answer(lambda: self._plan(self._request(targets, inputs, overrides, force)[0]))

    def _plan(self, request: Request) -> Plan:
        return make_plan(request, self._lookup(), everything=True)

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
            self.load_code()

        def prepare() -> tuple[Request, Callable[[str], bool], Watching, StoreLookup, Plan]:
            request, unchanged = self._request(targets, inputs, overrides, force, save=True)
            watching = self._watching()
            lookup = StoreLookup(self.store, watching.find_changed)
            plan = make_plan(request, lookup, everything=True)
            if self._known is not None and (plan.names(Decision.RUN) or plan.names(Decision.FETCH)):
                raise CodeNeededError  # a fetch that fails ends in a run
            return request, unchanged, watching, lookup, plan

        request, unchanged, watching, lookup, plan = self._answer(prepare)
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
            )
            run = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"
            return run_build(request, plan, tools, run=run, keep_going=keep_going, values=values)

    def _open_executor(self, kind: str | None, request: Request) -> Executor:
        settings = self.settings.executor
        match "local" if self._known is not None else kind or settings.kind:
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
        return self._answer(lambda: self._explain(node, inputs, overrides))

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

    def artifact(self, node: str) -> Artifact:
        """Return the artifact that the node has today, without running anything; raises InputError when it has none."""
        return self._answer(lambda: self._artifact(node))

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
        artifact = self.artifact(node)
        if artifact.code:  # a pickle may name the project's classes
            self.load_code()
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
        wanted = selector.removeprefix("@")
        found: dict[str, Artifact] = {}
        for record in self.log(node):
            digest = record.artifact.digest
            if (
                record.run.startswith(wanted)
                or digest.startswith(wanted)
                or digest.partition("-")[2].startswith(wanted)
            ):
                found.setdefault(digest, record.artifact)
        if len(found) != 1:
            count = "no value" if not found else f"{len(found)} values"
            raise InputError(
                f"{count} of '{node}' match '{selector}'", hint=f"dagbuild log {node} shows them"
            )
        return self._pin(next(iter(found.values())), note)

    def _pin(self, artifact: Artifact, note: str) -> Pin:
        self.store.flush()
        return Pin(artifact.digest, artifact.to_json(), note, _author(), f"{datetime.now(UTC):%Y-%m-%d}")

    def check_node(self, name: str) -> Node:
        """Return the node; raises InputError with the nearest name when there is none."""
        if name not in self.graph.nodes:
            raise InputError(f"there is no node '{name}'", hint=did_you_mean(name, self.graph.nodes))
        return self.graph.nodes[name]


class StoreLookup:
    """Answers the planner from a store; `find_changed` says which observations of a record hold no longer."""

    def __init__(self, store: Store, find_changed: Callable[[Record], Iterable[Observation]]) -> None:
        self._store = store
        self._find_changed = find_changed

    def find(self, keys: Collection[Key]) -> dict[Key, Record]:
        """Return the record to use for each key: the newest forced one, else the first whose blobs are there.

        Left out are records whose run was seen to read what has changed since.
        """
        found = {key: self._that_hold(records) for key, records in self._store.find_records(keys).items()}
        return {key: self._choose(records) for key, records in found.items() if records}

    def _that_hold(self, records: Sequence[Record]) -> list[Record]:
        forced = max((i for i, record in enumerate(records) if record.forced), default=0)
        records = records[forced:]  # what was forced replaces what was there before
        return [r for r in records if not r.observations or next(iter(self._find_changed(r)), None) is None]

    def find_changed(self, record: Record) -> tuple[Reason, ...]:
        """Say what the record's run was seen to read and is no longer so."""
        return tuple(
            Reason(f"{name_observation(seen)} changed", "observed") for seen in self._find_changed(record)
        )

    def _choose(self, records: Sequence[Record]) -> Record:
        if len(records) == 1:
            return records[0]
        forced = [record for record in reversed(records) if record.forced]
        ordered = [*forced, *(record for record in records if not record.forced)]
        return next((r for r in ordered if self.place(r.artifact) is not Place.NOWHERE), ordered[0])

    def find_latest(self, nodes: Collection[str]) -> Mapping[str, Record]:
        """Return the newest record of each node."""
        return self._store.find_latest(nodes)

    def place(self, artifact: Artifact) -> Place:
        """Say where the artifact's blobs are."""
        refs = set(artifact.blobs)
        if len(self._store.has_blobs(refs, local=True)) == len(refs):
            return Place.LOCAL
        return Place.REMOTE if len(self._store.has_blobs(refs)) == len(refs) else Place.NOWHERE


def _author() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
