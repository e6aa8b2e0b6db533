"""What a project is made of: its code, its stores and files, and who runs its steps; each opens when it is needed.

Wires, and decides nothing. What people ask of all this is in `project`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING

from dagbuild.artifacts import Artifacts
from dagbuild.ground.secrets import GivenSecrets, find_texts
from dagbuild.model.assembly import STRICT, Assembly
from dagbuild.model.graph import Graph
from dagbuild.model.record import Artifact
from dagbuild.observe.places import PathNames
from dagbuild.observe.project_code import ProjectCode
from dagbuild.observe.watch import Watch
from dagbuild.outputs import Home, Outputs
from dagbuild.plan.events import Event, Listener, Notice
from dagbuild.plan.request import Request
from dagbuild.project.code import CodeSource
from dagbuild.project.givens import check_said
from dagbuild.settings import Settings, find_key, take_key
from dagbuild.store import FileDigests, open_store
from dagbuild.store.failed_runs import FailedRuns
from dagbuild.store.folder import CacheFolder
from dagbuild.store.local import LocalStore

if (
    TYPE_CHECKING
):  # what looks into code and runs steps is imported where that is done: planning needs none of it
    from dagbuild.code.closure import SourceReader
    from dagbuild.executors.base import Executor
    from dagbuild.executors.streams import Capturing
    from dagbuild.executors.worker import Worker
    from dagbuild.store.base import Store
    from dagbuild.store.layered import LayeredStore


class Parts:
    """The parts of a project, and how they hang together."""

    def __init__(
        self,
        settings: Settings,
        modules: Sequence[ModuleType] | None = None,
        *,
        assembly: Assembly = STRICT,
        listener: Listener = lambda _: None,
    ) -> None:
        take_key()  # before any module of the project can look
        self.settings = settings
        self.secrets = GivenSecrets(find_texts({**settings.inputs, **settings.config}))
        self._listeners = [listener]
        self._noticed: set[str] = set()
        self._source = CodeSource(settings, modules, self.files, assembly=assembly, listener=self._tell)
        check_said(settings, self.graph)

    @property
    def graph(self) -> Graph:
        """The nodes and inputs. While nothing was imported, types are texts and functions cannot be called."""
        return self._source.code.graph

    @property
    def modules(self) -> Sequence[ModuleType]:
        """The modules that hold the nodes, imported if they were not."""
        self._source.load()
        return self._source.code.modules

    def look_again(self) -> None:
        """Follow what the modules hold by now, after a reload or a notebook's cell: what is planned does so by itself.

        Raises GraphError with all problems.
        """
        self._source.code.look_again()

    # -- parts that open late ------------------------------------------------------------------------------------

    @cached_property
    def store(self) -> LocalStore | LayeredStore:
        """The store: local, with the remote behind it where the settings name one."""
        return open_store(
            self.settings.cache.folder,
            self.settings.remote,
            fsync=self.settings.cache.fsync,
            on_notice=self._notice,
            find_key=find_key,
        )

    @cached_property
    def artifacts(self) -> Artifacts:
        """Values to and from the store."""
        return Artifacts(self.store)

    @cached_property
    def files(self) -> FileDigests:
        """Digests of files, remembered in the cache folder."""
        return FileDigests(self.settings.cache.folder)

    @cached_property
    def failed_runs(self) -> FailedRuns:
        """How nodes failed lately, in the cache folder."""
        return FailedRuns(CacheFolder(self.settings.cache.folder))

    @cached_property
    def outputs(self) -> Outputs:
        """What nodes leave in the project."""
        home = Home(str(self.settings.root), str(self.settings.cache.folder))
        return Outputs(home, self.artifacts, self.files)

    def close(self) -> None:
        """Let go of the store, and keep what was found of the code."""
        self._source.keep()
        self.files.close()
        if "store" in self.__dict__:
            self.store.close()

    def tell_ended(self, listener: Listener) -> None:
        """Tell of nodes that ran when an earlier build was killed or crashed; they are told once."""
        names = " and ".join(f"`{node}`" for node in self.store.take_ended())
        if names:
            were = "were" if " and " in names else "was"
            text = f"{names} {were} running when an earlier build ended without a word"
            listener(Notice(f"{text}: it was killed, or crashed in native code", kind="ended"))

    # -- how it hangs together -----------------------------------------------------------------------------------

    @cached_property
    def _watch(self) -> Watch:
        folder = self.settings.cache.folder
        outputs = [path for node in self.graph.nodes.values() for path in node.writes]
        places = PathNames(self.settings.root, [folder], outputs, self._source.places.variables)
        return Watch(
            places, str(folder), self.settings.undeclared, self.settings.returns, self.settings.unseen
        )

    @cached_property
    def _code(self) -> ProjectCode:
        """What code is that is found when nodes run; read anew for each look."""
        return ProjectCode(self._open_reader, self._watch.places, self.files, observing=self._watch.observes)

    def carry(self, artifact: Artifact) -> Artifact:
        """Return the artifact with what the project's code that it refers to means today."""
        return self._code.carry(artifact)

    def _open_reader(self) -> SourceReader:
        return self._source.code.open_reader()

    def make_worker(self, *, watched: bool = True, named: bool = False) -> Worker:
        """Return what runs this project's steps in this process, observed or not, their output behind their names."""
        from dagbuild.executors.worker import Worker

        watch = self._watch if watched else None
        return Worker(self.artifacts, self._code, self.files, watch, self.outputs.home, named=named)

    def _make_copied_worker(self, store: Store, capture: Callable[[], Capturing]) -> Worker:
        """Return what runs this project's steps in a copy of this process, which has no file in common with it."""
        from dagbuild.executors.worker import Worker

        files = FileDigests(self.settings.cache.folder)
        watch = self._watch
        code = ProjectCode(self._open_reader, watch.places, files, observing=watch.observes)
        home = self.outputs.home
        return Worker(Artifacts(store), code, files, watch, home, marked=False, capture=capture)

    def open_executor(
        self, kind: str | None, request: Request, jobs: int | None = None, *, named: bool = False
    ) -> Executor:
        """Return what runs the steps of a request; raises InputError for a kind that is not known."""
        from dagbuild.executors.opening import open_executor

        if self._source.known is not None:
            kind = "inline"  # nothing is going to run
        nodes = [self.graph.nodes[name] for name in request.manifests]
        return open_executor(
            kind or self.settings.executor.kind,
            self.settings,
            self.make_worker(named=named),
            jobs=jobs,
            named=named,
            store=self.store,
            make_worker=self._make_copied_worker,
            find_code=lambda: (self.modules, nodes, request.manifests),
            on_wait=lambda node, who: self._tell(
                Notice(f"'{node}' is being computed by {who}: waiting for it", node)
            ),
            on_notice=lambda text: self._notice(text, again=False),
        )

    def _notice(self, text: str, *, again: bool = True) -> None:
        """Tell what the store has to say; without `again`, unless that was said: it comes from a process of steps."""
        if again or text not in self._noticed:
            self._noticed.add(text)
            self._tell(Notice(text, kind="" if again else "executor"))

    def _tell(self, event: Event) -> None:
        self._listeners[-1](event)

    @contextlib.contextmanager
    def _heard_by(self, listener: Listener) -> Iterator[None]:
        """Let what the store has to say meanwhile go to a listener."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.pop()
