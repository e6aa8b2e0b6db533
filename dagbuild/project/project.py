"""What people ask of a project: plans, builds, explanations, values and records of the past.

The command line, the Driver, and what is done with a project besides (pins, accepted changes) go through it. Has
`parts` open what it asks, and holds no rule of its own: what is stale is the planner's to say, how a step runs the
executor's.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from dagbuild.ground import gc_pause
from dagbuild.ground.errors import InputError, UserError, did_you_mean
from dagbuild.ground.secrets import GivenSecrets, find_texts
from dagbuild.model.node import READ_ONCE, Node
from dagbuild.model.record import Artifact, Manifest, Record
from dagbuild.plan.acceptance import Acceptances
from dagbuild.plan.causes import find_causes
from dagbuild.plan.events import BuildResult, Listener
from dagbuild.plan.lookup import StoreLookup
from dagbuild.plan.plan import Decision, Explanation, Plan, make_plan
from dagbuild.plan.reasons import find_changes, with_parts
from dagbuild.plan.request import Request
from dagbuild.plan.unseen import refuse, renew
from dagbuild.project.calls import explain_call, split_name
from dagbuild.project.failed_runs import FailureKeeper, find_failed
from dagbuild.project.givens import GivenMaker, check_places
from dagbuild.project.observations import Observations
from dagbuild.project.outside import Outside
from dagbuild.project.parts import Parts
from dagbuild.project.requirements import find_ends, find_lacking
from dagbuild.project.suspicions import Suspicions, find_suspicions
from dagbuild.settings import load_settings
from dagbuild.shortcut.answer_basis import AnswerBasis
from dagbuild.store.failed_runs import FailedRun
from dagbuild.store.local import LocalStore


class Project(Parts):
    """A folder of functions with its settings, graph and store."""

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
            settings = settings.with_config(config)
        return cls(settings, listener=listener)

    def list_answer_basis(self, plan: Plan, records: Iterable[Record]) -> AnswerBasis | None:
        """Return what an answer stood on, with the records that it took; None when stats cannot tell."""
        if not isinstance(self.store, LocalStore) and self.store.asked:
            return None  # no stat tells of what is there by now
        return (
            None if plan.files is None else self._source.list_answer_basis(plan.files, records, plan.targets)
        )

    # -- what people ask for -------------------------------------------------------------------------------------

    def targets(self, names: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the names, or the project's own targets, or every node but inner ones that nothing else takes."""
        chosen = tuple(dict.fromkeys(names)) or tuple(self.settings.targets)
        return chosen or find_ends(self.graph, ())

    def check_node(self, name: str) -> Node:
        """Return the node with its code; raises InputError with the nearest name when there is none."""
        self._source.load()
        if name not in self.graph.nodes:
            raise InputError(f"there is no node '{name}'", hint=did_you_mean(name, self.graph.nodes))
        return self.graph.nodes[name]

    def status(
        self,
        targets: Iterable[str] = (),
        *,
        inputs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        without_pin: str | None = None,
    ) -> Plan:
        """Return the plan of a build that forces nothing, as it would be without one pin where that is named."""
        return self._prepare(targets, inputs, overrides, without_pin=without_pin).plan

    def plan(
        self,
        targets: Iterable[str] = (),
        *,
        inputs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        force: Collection[str] = (),
    ) -> Plan:
        """Return what a build would do, with every node above the targets looked up; runs and fetches nothing."""
        return self._prepare(targets, inputs, overrides, force).plan

    def look(self, targets: Iterable[str], *, save: bool = False) -> tuple[Request, Plan]:
        """Return what is asked for, and what a build would do; with `save`, what is given is stored, to be loaded."""
        prepared = self._prepare(targets, save=save)
        return prepared.request, prepared.plan

    def look_closely(self, targets: Iterable[str]) -> tuple[Request, Plan, StoreLookup]:
        """Return what `look` does, and who answers further questions of stores."""
        prepared = self._prepare(targets)
        return prepared.request, prepared.plan, prepared.lookup

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
        jobs: int | None = None,
        verbose: bool = False,
        limits: bool = True,
    ) -> BuildResult:
        """Build the targets: take what is right from the stores, compute the rest.

        `values` asks for the targets' values in the result; `executor` and `jobs` win over the settings. With
        `verbose`, each line that nodes print is shown behind their names. Without `limits`, `@retry` and `@timeout`
        mean nothing. Raises InputError before anything runs; a node that raises is in the result.
        """
        targets = tuple(targets)
        with self._heard_by(on_event):
            from dagbuild.build.loop import Build  # here: planning needs nothing that runs

            if values or executor is not None:
                self._source.load()
            prepared = self._prepare(targets, inputs, overrides, force, save=True)
            self.tell_ended(on_event)
            if prepared.runs and self._source.load():
                prepared = self._prepare(targets, inputs, overrides, force, save=True)
            with contextlib.closing(
                self.open_executor(executor, prepared.request, jobs, named=verbose)
            ) as opened:
                return Build(
                    prepared.request,
                    prepared.plan,
                    run=f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}",
                    artifacts=self.artifacts,
                    lookup=prepared.lookup,
                    watched=prepared.observations,
                    executor=opened,
                    outputs=self.outputs,
                    listener=FailureKeeper(self.failed_runs, prepared.request, on_event),
                    keep_going=keep_going,
                    limits=limits,
                ).run(values=values)

    def explain(
        self,
        node: str,
        *,
        inputs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> Explanation:
        """Return why the node is fresh or stale, part by part, or one of its calls for elements: "page[17]"."""
        node, place = split_name(node)
        prepared = self._prepare([node], inputs, overrides)
        if place:
            return explain_call(
                prepared.request, prepared.plan, prepared.lookup, self.check_node(node), place
            )
        request, step = prepared.request, prepared.plan.steps.get(node)
        if step is None:
            raise InputError(f"'{node}' is an input: it is given, not made")
        if node in request.givens:
            return Explanation(step, Manifest(()), None, step.reasons, request.givens)
        manifest = request.manifest(node)
        changes = find_changes(step.record.manifest, manifest) if step.record else ()
        causes = find_causes(request, prepared.plan, node)
        return Explanation(step, manifest, step.record, changes or step.reasons, request.givens, causes)

    def find_present(self, node: str) -> dict[str, Record]:
        """Return the records that today's keys lead to, of a node that is built and of what is above it, by name.

        Raises InputError when the node has none.
        """
        self.artifact(node)
        steps = self._prepare([node]).stands.steps
        return {name: step.record for name, step in steps.items() if step.record and step.digest}

    def artifact(self, node: str) -> Artifact:
        """Return the artifact that the node has today, without running anything; raises InputError when it has none."""
        prepared = self._prepare([node])
        request = prepared.request
        if node in request.givens:
            return request.givens[node].artifact
        if request.is_view(node):
            raise InputError(
                f"'{node}' is never cached: it {self.graph.nodes[node].cache.because or 'says so'}",
                where=str(self.graph.nodes[node].where),
                hint="ask for a node that needs it",
            )
        step = prepared.stands.steps[node]
        if step.record is None or step.digest is None:
            why = f": {step.reasons[0]}" if step.reasons else ""
            raise InputError(f"'{node}' is not built{why}", hint=f"dagbuild build {node}")
        return step.record.artifact

    def value(self, node: str, columns: Sequence[str] = ()) -> Any:
        """Return the node's value from the store, without running anything; of a table only `columns`, by their labels.

        Of a table stored by column, no other is read or fetched. Raises InputError when the node has no value,
        ColumnsError when it has not these columns.
        """
        if (artifact := self.artifact(node)).code:  # a pickle may name the project's classes
            self._source.load()
        if not columns:
            return self.artifacts.load(artifact)
        from dagbuild.project.columns import load_columns  # here: builds take whole values

        return load_columns(self.artifacts, node, artifact, columns)

    def export(self, node: str, file: str | Path) -> None:
        """Write the node's value from the store to a file, in the form that its suffix names; runs nothing.

        Raises InputError when it has no value, the value no such form, or the file cannot be written.
        """
        from dagbuild.project.exchange import write_file  # here: planning and building write no such file

        write_file(self.value(node), file, node)

    def log(self, node: str | None = None, number: int | None = None, *, calls: bool = True) -> list[Record]:
        """Return the records, newest first; of one node where it is named, with what was accepted of it.

        Not more than `number` of them, where it is given; of very many, the first few cost little. Those of single
        `calls` for elements are among them, unless they are left out.
        """
        names = None if node is None else (node, f"accept:{node}")
        found = (record for record in self.store.iter_newest(names) if calls or not record.caller)
        return list(islice(found, number))

    def log_failed(self, node: str | None = None, number: int | None = None) -> list[FailedRun]:
        """Return the failures that are kept, newest first; of one node where it is named, at most `number`."""
        return list(islice(self.failed_runs.iter_newest(node), number))

    def find_failed(self, plan: Plan) -> Mapping[str, FailedRun]:
        """Return, of the nodes that are to run, the last failure of those that failed with the very key of today."""
        return find_failed(self.failed_runs, plan)

    def name_signer(self, record: Record) -> str:
        """Return who has signed for a record that came from elsewhere, by the project's name; nothing of one's own."""
        return (record.proof and self.store.trust.name_signer(record.proof)) or ""

    def find_suspicions(self, nodes: Iterable[str] = ()) -> Suspicions:
        """Return what is suspected of nodes, of all unless some are named: of code, and of runs. Runs nothing."""
        names = tuple(nodes)

        def ask() -> dict[str, Manifest]:
            self._source.code.look_again()
            known = self.graph.nodes
            chosen = [known[name] if name in known else self.check_node(name) for name in names]
            return self._source.code.make_manifests(chosen or known.values())

        manifests = self._source.answer(ask)
        outside = self._allow(Outside.of(self.settings, self.settings.pins, {}, {}))
        lacking = find_lacking(self.graph, outside.has)
        wanted = [name for name in manifests if name not in lacking]
        try:
            plan = self.status(wanted) if wanted else Plan(())
        except UserError:  # of a project that cannot be built today there is still its code
            plan = Plan(())
        return find_suspicions(manifests, plan)

    def find_iterators(self, nodes: Iterable[str] = ()) -> dict[str, Node]:
        """Return the nodes that are never cached though nobody asked for that, of all unless some are named."""
        chosen = set(nodes) or self.graph.nodes.keys()
        return {
            name: node
            for name, node in self.graph.nodes.items()
            if name in chosen and node.cache.because == READ_ONCE
        }

    # -- how it hangs together -----------------------------------------------------------------------------------

    def _allow(self, outside: Outside) -> Outside:
        """Let what is pinned be had from the remote, for it is part of the project."""
        if outside.pins and not isinstance(self.store, LocalStore):
            self.store.allow(ref for artifact, _ in outside.pins.values() for ref in artifact.all_blobs)
        return outside

    def _prepare(
        self,
        targets: Iterable[str],
        inputs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        force: Collection[str] = (),
        *,
        save: bool = False,
        without_pin: str | None = None,
    ) -> _Prepared:
        """Find out what is asked for and what a build would do: without importing, where that tells enough."""
        gc_pause.collect_grown()
        secrets = GivenSecrets(find_texts({**(inputs or {}), **(overrides or {})}))
        if inputs or overrides:
            self._source.load()  # their types are to be checked
        pins = {name: pin for name, pin in self.settings.pins.items() if name != without_pin}
        outside = self._allow(Outside.of(self.settings, pins, inputs or {}, overrides or {}))
        targets = tuple(targets)
        return self._source.answer(lambda: self._plan(targets, outside, frozenset(force), secrets, save=save))

    @gc_pause.paused()
    def _plan(
        self,
        targets: tuple[str, ...],
        outside: Outside,
        force: frozenset[str],
        secrets: GivenSecrets,
        *,
        save: bool,
    ) -> _Prepared:
        code = self._source.code
        code.look_again()
        graph, names, lacking = self.graph, self.targets(targets), {}
        check_places(graph, self.settings)
        if not (save or targets or self.settings.targets) and (lacking := find_lacking(graph, outside.has)):
            names = find_ends(graph, lacking) or names  # where nothing is left, that is said
        for name in force:
            if name not in graph.nodes:
                raise InputError(f"there is no node '{name}' to force", hint=did_you_mean(name, graph.nodes))
        maker = GivenMaker(
            graph,
            self.settings.root,
            self.artifacts,
            self.files,
            save=save,
            carry=self.carry,
            typed=self._source.typed,
            variables=self._source.places.variables,
        )
        givens = maker.make(outside, names)
        reached = graph.order(names, stop=givens.__contains__)
        nodes = [graph.nodes[name] for name in reached if name in graph.nodes and name not in givens]
        reads = {node.name: maker.read_parts(node) for node in nodes if node.reads}
        manifests = code.make_manifests(nodes)
        for name, parts in reads.items():
            manifests[name] = with_parts(manifests[name], parts)
        request = Request(
            graph,
            names,
            givens,
            manifests,
            dict.fromkeys(force, "forced"),
            Acceptances(manifests, self.store.find_records),
            self.artifacts.excerpt,
            maker.find_paths(),
            lacking,
        )
        lookup = StoreLookup(self.artifacts, self._code.find_changed, self.outputs, self._code.tell_change)
        plan = stands = make_plan(request, lookup)
        unseen = self.settings.unseen
        if unseen == "error" and save:
            refuse(request, plan)
        if renewed := renew(request, plan, unseen=unseen == "run"):
            request, plan = renewed, make_plan(renewed, lookup)
        observations = Observations(
            request, maker.inputs, maker.reads, warns=self._watch.undeclared == "warn"
        )
        return _Prepared(request, plan, stands, lookup, observations, secrets)


@dataclass(frozen=True)
class _Prepared:
    """What is asked for, what a build would do about it, and who answers its questions.

    `stands` tells what the last build left, also of nodes that run in each build. `secrets` are known for as long as
    it is there.
    """

    request: Request
    plan: Plan
    stands: Plan
    lookup: StoreLookup
    observations: Observations
    secrets: GivenSecrets

    @property
    def runs(self) -> bool:
        """Whether a build calls functions, or may: a fetch that fails ends in a run."""
        return any(map(self.plan.names, (Decision.RUN, Decision.FETCH, Decision.RESTORE)))
