"""The Python face: a Driver in the manner of Hamilton's, over the same Project that the command line uses."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from dagbuild.driver.modules import collect_modules
from dagbuild.driver.results import DictResult, RayGraphAdapter, ResultBuilder
from dagbuild.ground.errors import UserError, did_you_mean
from dagbuild.ground.home import expand_user
from dagbuild.ground.texts import get_noted
from dagbuild.model.assembly import Assembly
from dagbuild.model.graph import Graph
from dagbuild.model.node import Node, Tag
from dagbuild.model.outcome import Failure
from dagbuild.model.types import describe_type
from dagbuild.observe.wording import tell_note
from dagbuild.plan.events import BuildResult, Event, How, Notice
from dagbuild.plan.plan import Explanation, Plan
from dagbuild.project.exchange import write_bytes, write_file
from dagbuild.project.project import Project
from dagbuild.report.failures import say_failure, tell_frames
from dagbuild.report.notebook import NotebookReport, find_display
from dagbuild.settings import (
    RETURNS,
    UNDECLARED,
    UNSEEN,
    CacheSettings,
    ExecutorSettings,
    RemoteSettings,
    Settings,
    check_folder,
)
from dagbuild.store.notices import log_notice


class NodeError(UserError):
    """A node's function raised; `__cause__` is what it raised, `failure` tells more."""

    failure: Failure
    node: str


def _ignore(event: Event) -> None:
    """Listen to nothing."""


@dataclass(frozen=True, slots=True)
class Variable:
    """What `list_available_variables` tells of a node or input.

    `type` is the annotation, `default` the value a function has for it, `tags` and `documentation` the author's.
    """

    name: str
    type: Any
    tags: Mapping[str, Tag]
    documentation: str
    is_external_input: bool
    where: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {describe_type(self.type)}"


class Driver:
    """Builds nodes of modules: `Driver(config, *modules).execute(["forecast"])`; single functions will do, too.

    `cache` is the folder of the local store, or None for one that lasts as long as the driver; `remote` is an fsspec
    URL or RemoteSettings; `adapter` builds the result of `execute` from the values (a dict unless given); `executor`
    is "local", "ray" or "ray://HOST": unless given, Ray for a RayGraphAdapter, else "local". `allow_overrides` lets the
    function of a later module replace one of the same name. `undeclared` says what to do about what nodes read and is
    no input: track, warn, error, or off, which leaves this process as it is; `returns` about a function that returns
    what it is not annotated with: warn, error or off; `unseen` about one whose value may hang on what nobody sees, such
    as a clock: track, which says so, run, in each build, or error. Raises UserError for what is neither module nor
    function, GraphError with all problems of the modules.

    Each call goes by what the modules hold then: a notebook's cell that defines a node again, adds or deletes one is
    followed (there the module is `__main__`), and so is a reloaded module. A single function that is defined again
    where it was defined is followed as well.
    """

    def __init__(
        self,
        config: Mapping[str, Any] | None = None,
        *modules: ModuleType | Callable[..., Any],
        adapter: ResultBuilder | None = None,
        executor: str | None = None,
        cache: str | Path | None = "cache",
        remote: str | RemoteSettings | None = None,
        packages: Mapping[str, str] | None = None,
        undeclared: str = "track",
        returns: str = "warn",
        unseen: str = "track",
        allow_overrides: bool = False,
        root: str | Path | None = None,
    ) -> None:
        words_of = {
            "undeclared": (undeclared, UNDECLARED),
            "returns": (returns, RETURNS),
            "unseen": (unseen, UNSEEN),
        }
        for name, (said, words) in words_of.items():
            if said not in words:
                raise UserError(f"{name} wants one of {', '.join(map(repr, words))}, not {said!r}")
        found = collect_modules(config, modules)
        self.adapter = adapter or DictResult()
        self._scratch = tempfile.TemporaryDirectory(prefix="dagbuild-") if cache is None else None
        folder = Path(self._scratch.name) if self._scratch else check_folder("cache", cache or "cache")
        settings = Settings(
            root=Path(root or ".").resolve(),
            config=dict(config or {}),
            modules=(),
            cache=CacheSettings(folder=expand_user(folder).resolve()),
            remote=RemoteSettings(url=remote) if isinstance(remote, str) else remote,
            executor=_choose_executor(executor, self.adapter),
            packages=dict(packages or {}),
            undeclared=undeclared,
            returns=returns,
            unseen=unseen,
        )
        self.project = Project(settings, found, assembly=Assembly(allow_overrides))
        self._warned: set[str] = set()

    # -- running -------------------------------------------------------------------------------------------------

    def execute(
        self,
        outputs: Sequence[str | Callable[..., Any]],
        inputs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        *,
        on_event: Callable[[Event], None] = _ignore,
    ) -> Any:
        """Return the values of the outputs, put together by the adapter.

        Outputs are names or functions. What only leads to overridden nodes is not computed. What cannot be seen of
        nodes (a clock, the network) is logged as a warning, and a notebook shows how far the build is, unless
        `on_event` listens. Raises InputError before anything runs, NodeError when a node raises; what was finished by
        then stays finished.
        """
        names = [_name(output) for output in outputs]
        result = self.build(names, inputs, overrides, on_event=on_event)
        return self.adapter.build_result(**{name: result.values[name] for name in names})

    def build(
        self,
        outputs: Sequence[str | Callable[..., Any]],
        inputs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        *,
        force: Collection[str] = (),
        on_event: Callable[[Event], None] = _ignore,
    ) -> BuildResult:
        """Return how each node ended, with the outputs' values under `values`; raises as `execute` does."""
        shown = find_display() if on_event is _ignore else None
        report = NotebookReport(shown) if shown else _ignore

        def listen(event: Event) -> None:
            report(event)
            self._log(event)

        result = self.project.build(
            [_name(output) for output in outputs],
            inputs=inputs,
            overrides=overrides,
            force=force,
            values=True,
            on_event=listen if on_event is _ignore else on_event,
        )
        if result.interrupted:
            raise KeyboardInterrupt
        if on_event is _ignore:
            for name, notes in result.find_notes().items():
                for note in notes:
                    self._warn(tell_note(name, note))
        for name in result.names(How.FAILED):
            failure = result.steps[name].failure
            assert failure is not None
            raise make_node_error(name, failure, str(self.project.graph.nodes[name].where)) from failure.error
        return result

    def _log(self, event: Event) -> None:
        if isinstance(event, Notice) and event.kind in {"ended", "executor", "undeclared", "made"}:
            self._warn(event.text)

    def _warn(self, text: str) -> None:
        """Log a line that is true of all values to come, too: once for each driver."""
        if text not in self._warned:
            self._warned.add(text)
            log_notice(text)

    def export(
        self,
        output: str | Callable[..., Any],
        file: str | Path,
        inputs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> None:
        """Write an output's value to a file, in the form that its suffix names; raises as `execute` does.

        Raises InputError when the value has no such form, with those that it has, or the file cannot be written.
        """
        name = _name(output)
        write_file(self.build([name], inputs, overrides).values[name], file, name)

    # -- asking --------------------------------------------------------------------------------------------------

    def status(self, outputs: Sequence[str] = (), **given: Any) -> Plan:
        """Return what is fresh, stale or pinned, and why; runs nothing."""
        return self.project.status(outputs, **given)

    def explain(self, node: str, **given: Any) -> Explanation:
        """Return why the node is fresh or stale, part by part; runs nothing."""
        return self.project.explain(node, **given)

    def list_available_variables(
        self, *, tag_filter: Mapping[str, Tag | None] | None = None
    ) -> list[Variable]:
        """Return every node and input.

        With `tag_filter` only nodes with all these tags: None asks that the tag is there, a list that its value is one
        of these.
        """
        graph = self._graph
        variables = [_variable(node) for node in graph.nodes.values()]
        variables += [Variable(i.name, i.type, {}, "", True) for i in graph.inputs.values()]
        if tag_filter is None:
            return variables
        return [v for v in variables if all(_tagged(v, key, wanted) for key, wanted in tag_filter.items())]

    def what_is_upstream_of(self, *names: str) -> list[Variable]:
        """Return the nodes and inputs that these are made from, themselves included."""
        return self._variables(self._graph.reach_up(self._known(names)))

    def what_is_downstream_of(self, *names: str) -> list[Variable]:
        """Return the nodes that are made from these, themselves included."""
        return self._variables(self._graph.reach_down(self._known(names)))

    def what_is_the_path_between(self, upstream: str, downstream: str) -> list[Variable]:
        """Return every node on a way from one node down to another, both included; empty when there is none."""
        self._known([upstream, downstream])
        return self._variables(self._graph.find_path(upstream, downstream))

    def validate_execution(
        self,
        outputs: Sequence[str],
        inputs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> None:
        """Raise InputError when the outputs cannot be built from what is given; runs nothing."""
        self.project.status(outputs, inputs=inputs, overrides=overrides)

    def has_cycles(self, outputs: Sequence[str] = ()) -> bool:
        """Tell whether the graph of the outputs has a cycle; always False, since a Driver refuses to be made of one."""
        self._known(outputs)
        return self._graph.find_cycle() is not None

    # -- drawing -------------------------------------------------------------------------------------------------

    def visualize_execution(
        self,
        outputs: Sequence[str],
        path: str | Path | None = None,
        inputs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> str:
        """Draw what the outputs need, coloured by status; write it where `path` says and return the SVG text.

        The suffix of `path` chooses the format: svg, dot, mmd, json; with the extra `pictures` or Graphviz png,
        with Graphviz pdf.
        """
        return self._draw(outputs, self.project.status(outputs, inputs=inputs, overrides=overrides), path)

    def display_all_functions(self, path: str | Path | None = None) -> str:
        """Draw the whole graph; write it where `path` says and return the SVG text."""
        return self._draw((), None, path)

    def _draw(self, outputs: Sequence[str], plan: Plan | None, path: str | Path | None) -> str:
        from dagbuild.report.drawing import draw_picture, make_picture

        picture = make_picture(self._graph, plan, outputs)
        if path is not None:
            write_bytes(draw_picture(picture, Path(path).suffix.removeprefix("."))[0], path)
        return draw_picture(picture, "svg")[0].decode()

    # -- helpers -------------------------------------------------------------------------------------------------

    @property
    def _graph(self) -> Graph:
        """The graph of what the modules hold now."""
        self.project.look_again()
        return self.project.graph

    def _known(self, names: Sequence[str]) -> Sequence[str]:
        graph = self._graph
        for name in names:
            if name not in graph:
                known = [*graph.nodes, *graph.inputs]
                raise UserError(f"there is no node or input '{name}'", hint=did_you_mean(name, known))
        return names

    def _variables(self, names: Collection[str]) -> list[Variable]:
        return [variable for variable in self.list_available_variables() if variable.name in names]


def make_node_error(name: str, failure: Failure, where: str) -> NodeError:
    """Return the error that tells of a failed node, with its frames where no traceback will show them."""
    error = NodeError(f"node '{name}' failed: {say_failure(failure)}", where=where)
    if failure.frames and (failure.error is None or get_noted(failure.error, "__traceback__") is None):
        error.add_note(tell_frames(failure))
    error.failure, error.node = failure, name
    return error


def _choose_executor(said: str | None, adapter: ResultBuilder) -> ExecutorSettings:
    if said is None and isinstance(adapter, RayGraphAdapter):
        options = dict(adapter.ray_init_config)
        return ExecutorSettings("ray", address=options.pop("address", None), options=options)
    kind, _, address = (said or "local").partition("://")
    return ExecutorSettings(kind, address=said if address else None)


def _name(output: str | Callable[..., Any]) -> str:
    return output if isinstance(output, str) else output.__name__


def _variable(node: Node) -> Variable:
    return Variable(node.name, node.type, node.tags, node.doc, False, str(node.where))


def _tagged(variable: Variable, key: str, wanted: Tag | None) -> bool:
    if key not in variable.tags:
        return False
    if wanted is None:
        return True
    has, asks = ([each] if isinstance(each, str | bool) else each for each in (variable.tags[key], wanted))
    return bool({*has} & {*asks})
