"""Turn what is given from outside into `Given` values: inputs, config, files, overrides and pins.

Knows types and content digests, nothing of plans or builds. All mistakes are told together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from dagbuild.artifacts import Artifacts
from dagbuild.ground.digits import tell
from dagbuild.ground.errors import InputError, Problem, UserError, did_you_mean, find_unnamed
from dagbuild.ground.filetree import is_there
from dagbuild.model.graph import Graph
from dagbuild.model.node import REQUIRED, File, Files, Node
from dagbuild.model.outliner import Outliner
from dagbuild.model.record import Artifact, Part
from dagbuild.model.types import check_value, describe_type
from dagbuild.plan.request import Given
from dagbuild.project.observations import Declared
from dagbuild.settings import Pin, Settings
from dagbuild.store.declared import DeclaredFiles
from dagbuild.store.file_digests import FileDigests


@dataclass(frozen=True)
class Outside:
    """What the user gives: values by name; `pins` are artifacts with a text for people."""

    config: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)
    pins: Mapping[str, tuple[Artifact, str]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        settings: Settings,
        pins: Mapping[str, Pin],
        inputs: Mapping[str, Any],
        overrides: Mapping[str, Any],
    ) -> Outside:
        """Return what the settings give, with more inputs, and overrides that win over these pins."""
        pinned = {
            name: (Artifact.from_json(pin.artifact), pin.note or pin.digest)
            for name, pin in pins.items()
            if name not in overrides
        }
        return cls(settings.config, {**settings.inputs, **inputs}, overrides, pinned)


def check_said(settings: Settings, graph: Graph) -> None:
    """Raise InputError for config values that were said for this run, and that neither the file has nor any node reads.

    In the file such a value may be for another graph; on the command line or in the environment it is a slip.
    """
    if not settings.said:
        return
    read = {name for node in graph.nodes.values() for name in node.config_used}
    in_file = {*settings.config, *settings.inputs} - settings.said.keys()
    known = {*graph.inputs, *read, *in_file}
    problems = [
        Problem(f"no node reads a config value '{name}'", where, _find_meant(name, known))
        for name, where in settings.said.items()
        if name not in known
    ]
    if problems:
        raise InputError.of(problems)


def _find_meant(name: str, known: Collection[str]) -> str | None:
    # A shell's variables are in capitals.
    return did_you_mean(name, known) or did_you_mean(name.lower(), known)


class GivenMaker:
    """Makes the givens of one request. `save` stores their blobs, so that steps can load them.

    `carry` adds to an artifact what the project's code that it refers to means.
    """

    def __init__(
        self,
        graph: Graph,
        root: Path,
        artifacts: Artifacts,
        files: FileDigests,
        *,
        save: bool = False,
        carry: Callable[[Artifact], Artifact] = lambda artifact: artifact,
    ) -> None:
        self.graph = graph
        self.root = root
        self.artifacts = artifacts
        self.files = files
        self.save = save
        self.carry = carry
        self.problems: list[Problem] = []
        self.inputs: dict[str, Declared] = {}
        self.reads: dict[str, Declared] = {}

    def make(self, outside: Outside, targets: Iterable[str]) -> dict[str, Given]:
        """Return the givens that the targets reach, by name.

        Raises InputError that tells all unknown names, missing inputs, wrong types and unreadable files.
        """
        targets = list(targets)
        self._check_names(outside, targets)
        replaced = {*outside.overrides, *outside.pins}
        reached = self.graph.reach_up(targets, stop=replaced.__contains__)
        givens: dict[str, Given] = {}
        for name in sorted(reached & set(outside.pins)):
            artifact, text = self.carry(outside.pins[name][0]), outside.pins[name][1]
            givens[name] = Given(name, "pin", artifact.digest, artifact, text)
        for name in sorted(reached & set(outside.overrides)):
            self._add(givens, name, "override", outside.overrides[name], self.graph.nodes[name].type)
        for name in sorted(reached & set(self.graph.inputs)):
            given = self.graph.inputs[name]
            if name in outside.inputs:
                self._add(givens, name, "input", outside.inputs[name], given.type)
            elif name in outside.config:
                self._add(givens, name, "config", outside.config[name], given.type)
            elif given.required:
                self._miss(name, outside)
            elif given.type in {File, Files} and (default := self._default(name)) is not None:
                self._add(givens, name, "input", default, given.type)
        if self.problems:
            raise InputError.of(self.problems)
        return givens

    def _check_names(self, outside: Outside, targets: list[str]) -> None:
        known = [*self.graph.nodes, *self.graph.inputs]
        for name in targets:
            if name not in self.graph:
                hint = did_you_mean(name, known) or "dagbuild list shows every node"
                self.problems.append(Problem(f"there is no node '{name}'", hint=hint))
        for name in outside.inputs:
            if name in self.graph.nodes:
                hint = f"to give it a value in place of its function, override it: {name} = ..."
                self.problems.append(Problem(f"input '{name}' is named like a node", hint=hint))
            elif name not in self.graph.inputs:
                near = did_you_mean(name, self.graph.inputs)
                self.problems.append(Problem(f"no node takes an input '{name}'", hint=near))
        for kind, names in (("override", outside.overrides), ("pin", outside.pins)):
            for name in names:
                if name not in self.graph.nodes:
                    near = did_you_mean(name, self.graph.nodes)
                    self.problems.append(Problem(f"{kind} '{name}' is no node", hint=near))
        if self.problems:
            raise InputError.of(self.problems)

    def _miss(self, name: str, outside: Outside) -> None:
        users = self.graph.inputs[name].used_by
        near = did_you_mean(name, [*self.graph.nodes, *outside.config, *outside.inputs])
        self.problems.append(
            Problem(
                f"node '{users[0]}' needs '{name}', but no node, input or config value has that name",
                where=str(self.graph.nodes[users[0]].where),
                hint=near or f"give it: {name} under [config] in dagbuild.toml, --set {name}=..., or inputs=",
            )
        )

    def _default(self, name: str) -> Any:
        for user in self.graph.inputs[name].used_by:
            for parameter in self.graph.nodes[user].parameters:
                if parameter.upstream == (name,) and parameter.default is not REQUIRED:
                    return parameter.default
        return None

    def _add(self, givens: dict[str, Given], name: str, kind: str, value: Any, wanted: Any) -> None:
        try:
            if wanted is File or wanted is Files or isinstance(value, File | Files):
                givens[name] = self._file(name, value, many=wanted is Files or isinstance(value, Files))
                return
            if not check_value(value, wanted):
                self.problems.append(
                    Problem(
                        f"{kind} '{name}' is {_article(type(value).__name__)}, but {describe_type(wanted)} is wanted",
                        where=self._where(name),
                    )
                )
                return
            # What stands in a node's place is what the node would have made: the file, not its name.
            artifact = self._encode(value, is_there if kind == "override" else None)
        except UserError as error:
            problem = error.problems[0]
            place = problem.where or self._where(name)
            self.problems.append(Problem(f"{kind} '{name}': {problem.message}", place, problem.hint))
        except OSError as error:
            self.problems.append(Problem(f"{kind} '{name}': {_tell(error)}", self._where(name)))
        except UnicodeEncodeError as error:
            if (unnamed := find_unnamed(error)) is None:
                raise
            told = f"{kind} '{name}': {unnamed.message}"
            self.problems.append(Problem(told, self._where(name), unnamed.hint))
        else:
            givens[name] = Given(name, kind, artifact.digest, artifact, _short(value))

    def _where(self, name: str) -> str | None:
        if name in self.graph.inputs:
            return str(self.graph.nodes[self.graph.inputs[name].used_by[0]].where)
        return str(self.graph.nodes[name].where)

    def _file(self, name: str, value: Any, *, many: bool) -> Given:
        said = [str(value)] if isinstance(value, str | Path) or not many else [str(item) for item in value]
        files = DeclaredFiles(str(self.root), tuple(said), single=not many)
        digest, listing = files.look(self.files)
        self.inputs[name] = ((files, digest),)
        paths = files.find()
        text = ", ".join(said) if many else self.show(paths[0])
        return Given(name, "file", digest, self._encode(paths if many else paths[0]), text, listing)

    def _encode(self, value: Any, takes: Callable[[Path], bool] | None = None) -> Artifact:
        save = self.artifacts.save
        return self.carry(
            save(value, takes=takes) if self.save else self.artifacts.encode(value, takes=takes)[0]
        )

    def show(self, path: str) -> str:
        """Return a path as people write it: from the project's root where it is below it."""
        with_root = Path(path)
        return str(with_root.relative_to(self.root)) if with_root.is_relative_to(self.root) else path

    def read_parts(self, node: Node) -> list[Part]:
        """Return a counting manifest line for each path that `@reads` names; raises InputError for a missing one."""
        parts, found = [], []
        for path in node.reads:
            single = "://" in path or (self.root / path).is_file()
            files = DeclaredFiles(str(self.root), (path,), single)
            try:
                digest, listing = files.look(self.files)
            except OSError as error:
                raise InputError(
                    f"node '{node.name}' reads '{path}': {_tell(error)}",
                    where=str(node.where),
                    hint="paths of @reads are taken from the project's root",
                ) from error
            parts.append(Part("file", path, digest, listing or path))
            found.append((files, digest))
        self.reads[node.name] = tuple(found)
        return parts

    def find_paths(self) -> tuple[str, ...] | None:
        """Return the files that were looked at so far; None when there was more to look at than single local files."""
        found = [files for each in (*self.inputs.values(), *self.reads.values()) for files, _ in each]
        paths = tuple(path for files in found for path in files.paths)
        plain = all(files.single for files in found) and all("://" not in path for path in paths)
        return paths if plain and all(Path(path).is_file() for path in paths) else None


def _tell(error: OSError) -> str:
    return f"{error.strerror}: {error.filename}" if error.strerror and error.filename else str(error)


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0].lower() in "aeiou" else f"a {kind}"


def _short(value: Any) -> str:
    """Return how people write a small value; nothing for a large one."""
    if value is None or isinstance(value, bool | int | float | str):
        text = value if isinstance(value, str) else tell(value)
        return text if len(text) <= 60 else ""
    if isinstance(value, list | dict | tuple | set | frozenset | Enum) or is_dataclass(value):
        return Outliner().write(value)
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return f"{type(value).__name__} {' x '.join(map(str, shape))}"
    return ""
