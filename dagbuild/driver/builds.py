"""Builds for a driver behind Hamilton's doors: with a store that is kept, or with one that goes when the build ends.

Goes through Project, as all else does. Guards: nobody's program ends for a value that cannot be stored, and what a node
raises reaches the caller as it was raised.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from dagbuild.driver.asking import Adapters
from dagbuild.driver.driver import make_node_error
from dagbuild.driver.moments import BasePostNodeExecute, BasePreNodeExecute
from dagbuild.driver.nodes import HamiltonGraph
from dagbuild.driver.running import DISABLE, IGNORE, RECOMPUTE, Running
from dagbuild.executors.arguments import fill
from dagbuild.ground.errors import CodecError, GraphError, SettingsError
from dagbuild.ground.home import expand_user
from dagbuild.ground.texts import put_note
from dagbuild.model.assembly import Assembly
from dagbuild.model.graph import Graph
from dagbuild.model.node import Node, Parameter
from dagbuild.model.record import Record
from dagbuild.observe.wording import tell_note
from dagbuild.plan.events import BuildStarted, Event, How, Notice, StepFinished, StepStarted
from dagbuild.project.project import Project
from dagbuild.settings import (
    CacheSettings,
    ExecutorSettings,
    RemoteSettings,
    Settings,
    find_settings,
    load_settings,
)
from dagbuild.store.notices import log_notice


def find_settings_file() -> Path | None:
    """Return the dagbuild.toml that the working folder belongs to, where there is one."""
    try:
        return find_settings(Path())
    except SettingsError:
        return None


@dataclass(frozen=True)
class Builds:
    """Builds what a driver is asked for.

    `wanted` tells whether it is to: where values are to be kept, by `with_cache` or a dagbuild.toml, or nodes are to
    run elsewhere than in this process, one after the other.
    """

    graph: Graph
    told: HamiltonGraph
    adapters: Adapters
    modules: Sequence[ModuleType]
    config: Mapping[str, Any]
    assembly: Assembly
    running: Running
    file: Path | None
    views: set[str] = field(default_factory=set)
    """Nodes whose values cannot be stored, as far as that is known."""
    told_of: set[str] = field(default_factory=set)
    """Lines that have been logged."""

    def find_wanted(self) -> bool:
        """Tell whether there is more to do than to call functions here.

        A dagbuild.toml wants it only of nodes that no adapter runs: that it is not done then is logged, once.
        """
        if self.running.caching is not None or self.running.executor in ("local", "ray"):
            return True
        if self.file is None or not (other := self._tell_other()):
            return self.file is not None
        self.tell(f"{other}: values are neither taken from the cache of {self.file} nor put there")
        return False

    def tell(self, text: str) -> None:
        """Log a line, once for a driver."""
        if text not in self.told_of:
            self.told_of.add(text)
            log_notice(text)

    def make(self, run: str, names: Collection[str], given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of the names; raises what a node's function raises."""
        if other := self._tell_other():
            raise GraphError(
                f"{other}, so that builds, which keep values, cannot",
                hint="take one of the two: that, or with_cache",
            )
        while True:
            unstored = self._build(run, names, given)
            if isinstance(unstored, dict):
                return unstored
            log_notice(
                f"the value of '{unstored}' cannot be stored: it is made anew where it is needed; "
                '@cache("never") says so'
            )
            self.views.add(unstored)

    def _tell_other(self) -> str:
        """Say who runs nodes in our place, if somebody does."""
        for adapter in self.adapters.that_run_nodes:
            return f"{type(adapter).__name__} runs nodes itself"
        manager = self.running.manager
        if self.running.executor in ("dask", "own") and manager is not None:
            return f"{type(manager.remote_executor).__name__} calls functions itself"
        return ""

    def _build(self, run: str, names: Collection[str], given: Mapping[str, Any]) -> dict[str, Any] | str:
        """Return the values; or the name of a node whose value cannot be stored."""
        graph = self.graph
        outside = {name: given[name] for name in graph.inputs.keys() & given.keys() - self.config.keys()}
        overrides = {name: given[name] for name in graph.nodes.keys() & given.keys()}
        with (
            tempfile.TemporaryDirectory(prefix="dagbuild-") as scratch,
            closing(self._open(scratch)) as project,
        ):
            listen = _Telling(project, self, given, run)
            result = project.build(
                names,
                inputs=outside,
                overrides=overrides,
                force=self._find_forced() - overrides.keys(),
                values=True,
                jobs=self.running.jobs,
                on_event=listen,
            )
            if result.interrupted:
                raise KeyboardInterrupt
            for name in result.names(How.FAILED):
                failure = result.steps[name].failure
                assert failure is not None
                if isinstance(failure.error, CodecError) and name not in self.views:
                    return name
                if failure.error is None:
                    raise make_node_error(name, failure, str(graph.nodes[name].where))
                put_note(failure.error, f"in node '{name}', {graph.nodes[name].where}")
                raise failure.error
            for name, notes in result.find_notes().items():
                for note in notes:
                    listen.tell(tell_note(name, note))
            return {name: _own(value) for name, value in result.values.items()}

    def _find_forced(self) -> set[str]:
        caching = self.running.caching
        if caching is None:
            return set()
        said = {name: caching.of(name, node.tags) for name, node in self.graph.nodes.items()}
        return {name for name, behavior in said.items() if behavior in (RECOMPUTE, DISABLE)}

    def _open(self, scratch: str) -> Project:
        caching = self.running.caching
        ignored = {name for name, said in (caching.behaviors if caching else {}).items() if said == IGNORE}
        assembly = replace(self.assembly, views=frozenset(self.views | ignored))
        if self.file is not None:
            settings = load_settings(self.file)
            pins = {name: pin for name, pin in settings.pins.items() if name in self.graph.nodes}
            settings = replace(settings, inputs={}, targets=(), said={}, texts={}, pins=pins)
        else:
            settings = Settings(Path().resolve(), (), CacheSettings(Path(scratch)))
        if caching is not None:
            settings = replace(settings, cache=replace(settings.cache, folder=_find_folder(caching.path)))
            if "://" in caching.path:
                # What is far away is shared; what is near makes it quick.
                settings = replace(settings, remote=RemoteSettings(url=caching.path))
        if self.running.executor in ("local", "ray"):
            settings = replace(
                settings,
                executor=ExecutorSettings(self.running.executor, options=dict(self.running.options)),
            )
        return Project(
            replace(settings, config=dict(self.config), modules=()), self.modules, assembly=assembly
        )


def _own(value: Any) -> Any:
    """Return a value that its receiver may change: an array is a view of what is stored."""
    flags = getattr(value, "flags", None)
    return value.copy() if getattr(flags, "writeable", True) is False else value


def _find_folder(path: str) -> Path:
    if "://" not in path:
        return expand_user(Path(path)).resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dagbuild" / "hamilton"


class _Telling:
    """Tells adapters of nodes as a build runs them: with their values, which are loaded for that."""

    def __init__(self, project: Project, asked: Builds, given: Mapping[str, Any], run: str) -> None:
        self._project, self._graph, self._given, self._run = project, asked.graph, given, run
        self._nodes = asked.told.by_name
        self._before = asked.adapters.of(BasePreNodeExecute)
        self._after = asked.adapters.of(BasePostNodeExecute)
        self._records: dict[str, Record] = {}
        self._kwargs: dict[str, dict[str, Any]] = {}
        self.tell = asked.tell

    def __call__(self, event: Event) -> None:
        match event:
            case Notice(text=text):
                self.tell(text)
            case BuildStarted() if self._before or self._after:
                self._records = {name: s.record for name, s in event.plan.steps.items() if s.record}
            case StepStarted() if self._before or self._after:
                self._begin(event.node)
            case StepFinished() if self._before or self._after:
                self._end(event)

    def _begin(self, name: str) -> None:
        kwargs = self._kwargs[name] = self._load_kwargs(self._graph.nodes[name])
        for hook in self._before:
            hook.pre_node_execute(run_id=self._run, node_=self._nodes[name], kwargs=kwargs, task_id=None)

    def _end(self, event: StepFinished) -> None:
        if event.record is not None:
            self._records[event.node] = event.record
        if event.node not in self._kwargs or event.how not in (How.COMPUTED, How.FAILED):
            return
        error = event.failure.error if event.failure else None
        result = self._project.artifacts.load(event.record.artifact) if event.record else None
        for hook in self._after:
            hook.post_node_execute(
                run_id=self._run, node_=self._nodes[event.node], kwargs=self._kwargs.pop(event.node),
                success=event.failure is None, error=error, result=result, task_id=None,
            )  # fmt: skip

    def _load_kwargs(self, node: Node) -> dict[str, Any]:
        loaded = {name: self._records[name] for name in node.upstream if name in self._records}

        def get(name: str, parameter: Parameter) -> Any:
            if name in self._given:
                return self._given[name]
            return self._project.artifacts.load(loaded[name].artifact, parameter.columns)

        return fill(node, {*loaded, *self._given}, get)
