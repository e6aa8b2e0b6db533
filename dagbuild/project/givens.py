"""Turn what is given from outside into `Given` values: inputs, config, files, overrides and pins.

Knows types and content digests, nothing of plans or builds. All mistakes are told together.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import is_dataclass, replace
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path, PurePath
from typing import Any
from uuid import UUID

from dagbuild.artifacts import Artifacts
from dagbuild.ground.digest import Digest
from dagbuild.ground.digits import tell
from dagbuild.ground.environment import Variables
from dagbuild.ground.errors import (
    GraphError,
    InputError,
    Problem,
    UserError,
    did_you_mean,
    find_unnamed,
)
from dagbuild.ground.filetree import is_there
from dagbuild.ground.read_once import ReadOnceError
from dagbuild.ground.secrets import holds_secret, mask_url
from dagbuild.model.conversion import Unfit, show_value
from dagbuild.model.graph import Graph
from dagbuild.model.node import REQUIRED, File, Files, Node
from dagbuild.model.outliner import Outliner
from dagbuild.model.output_paths import find_read, is_within
from dagbuild.model.record import Artifact, Part
from dagbuild.model.types import check_value, describe_type
from dagbuild.plan.request import Given
from dagbuild.project.elements import encode_given, type_of
from dagbuild.project.observations import Declared
from dagbuild.project.outside import Outside, Said
from dagbuild.project.requirements import find_takers, tell_remedy
from dagbuild.settings import Settings
from dagbuild.store.declared import DeclaredFiles
from dagbuild.store.file_digests import FileDigests


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

    Of a secret, nothing is told, and nothing is kept that could be guessed: `variables` hide it.
    `carry` adds to an artifact what the project's code that it refers to means. `typed` are the settings' values that
    are known to become another one by the type that is wanted, where no type is known.
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
        typed: Mapping[str, tuple[Artifact, str]] | None = None,
        variables: Variables,
    ) -> None:
        self.graph = graph
        self.root = root
        self.artifacts = artifacts
        self.files = files
        self.save = save
        self.carry = carry
        self.typed = typed or {}
        self._variables = variables
        self.problems: list[Problem] = []
        self.inputs: dict[str, Declared] = {}
        self.reads: dict[str, Declared] = {}
        self._writers: dict[str, str] = {}
        self._has_pinned_outputs = False

    def make(self, outside: Outside, targets: Iterable[str]) -> dict[str, Given]:
        """Return the givens that the targets reach, by name.

        Raises InputError that tells all unknown names, missing inputs, wrong types and unreadable files.
        """
        targets = list(targets)
        self._check_names(outside, targets)
        replaced = {*outside.overrides, *outside.pins}
        reached = self.graph.reach_up(targets, stop=replaced.__contains__)
        givens: dict[str, Given] = {}
        plain = {*outside.overrides, *(name for name, pin in outside.pins.items() if not pin[0].outputs)}
        self._writers = {
            path: node.name
            for node in self.graph.nodes.values()
            for path in node.writes
            if node.name not in plain
        }
        for name in sorted(reached & set(outside.pins)):
            artifact, text = self.carry(outside.pins[name][0]), outside.pins[name][1]
            writes = self.graph.nodes[name].writes  # what it wrote under other names is not put there
            self._has_pinned_outputs = self._has_pinned_outputs or bool(artifact.outputs)
            if any(output.path not in writes for output in artifact.outputs):
                outputs = tuple(output for output in artifact.outputs if output.path in writes)
                artifact = replace(artifact, outputs=outputs)
            givens[name] = Given(name, "pin", artifact.digest, artifact, text)
        for name in sorted(reached & set(outside.overrides)):
            said = Said.of_override(outside.overrides[name])
            self._add(givens, name, said, type_of(self.graph.nodes[name]))
        made = reached - replaced
        for name in sorted(reached & set(self.graph.inputs)):
            wanted = self.graph.inputs[name].type
            if found := outside.find(name):
                self._add(givens, name, found, wanted)
            elif takers := find_takers(self.graph, name, made):
                self._miss(name, takers[0], outside)
            elif wanted in {File, Files} and (default := self._default(name, made)) is not None:
                self._add(givens, name, Said("input", default), wanted)
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
            elif name in outside.config and (node := self.graph.find_shaped(name, targets)):
                text = f"input '{name}' is a config value, and that has decided what '{node.name}' is"
                self.problems.append(Problem(text, str(node.where), f"give '{name}' as a config value"))
        for kind, names in (("override", outside.overrides), ("pin", outside.pins)):
            for name in names:
                if name not in self.graph.nodes:
                    near = did_you_mean(name, self.graph.nodes)
                    self.problems.append(Problem(f"{kind} '{name}' is no node", hint=near))
        if self.problems:
            raise InputError.of(self.problems)

    def _miss(self, name: str, taker: Node, outside: Outside) -> None:
        below = self.graph.reach_down([taker.name])  # none of them can be what it needs
        near = did_you_mean(name, [*(set(self.graph.nodes) - below), *outside.config, *outside.inputs])
        self.problems.append(
            Problem(
                f"node '{taker.name}' needs '{name}', but no node, input or config value has that name",
                where=str(taker.where),
                hint=near or tell_remedy(self.graph, taker, name),
            )
        )

    def _default(self, name: str, made: Collection[str]) -> Any:
        for user in self.graph.inputs[name].used_by:
            for parameter in self.graph.nodes[user].parameters if user in made else ():
                if parameter.upstream == (name,) and parameter.default is not REQUIRED:
                    return parameter.default
        return None

    def _add(self, givens: dict[str, Given], name: str, said: Said, wanted: Any) -> None:
        kind, value = said.kind, said.value
        if kind != "override" and name in self.typed:
            artifact, text = self.typed[name]
            givens[name] = self._tell(name, said, artifact, text)
            return
        try:
            if kind != "override" or said.texts:
                value = said.convert(wanted)
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
            artifact = self._replace(name, value) if kind == "override" else self._encode(value)
        except Unfit as unfit:
            what, shown = "config value" if kind == "config" else kind, show_value(value, said.texts)
            owner = self._owner(name)
            told = unfit.tell(f"{what} '{name}'", shown, owner.name, wanted)
            if kind == "override":
                told = f"override '{name}' is {shown}, but it gives {describe_type(wanted)}"
            self.problems.append(Problem(told, str(owner.where)))
        except UserError as error:
            problem = error.problems[0]
            place = problem.where or self._where(name)
            self.problems.append(Problem(f"{kind} '{name}': {problem.message}", place, problem.hint))
        except OSError as error:
            hint = ReadOnceError.HINT if isinstance(error, ReadOnceError) else ""
            self.problems.append(Problem(f"{kind} '{name}': {_tell(error)}", self._where(name), hint))
        except UnicodeEncodeError as error:
            if (unnamed := find_unnamed(error)) is None:
                raise
            told = f"{kind} '{name}': {unnamed.message}"
            self.problems.append(Problem(told, self._where(name), unnamed.hint))
        else:
            givens[name] = self._tell(name, said, artifact, tell_value(value))

    def _tell(self, name: str, said: Said, artifact: Artifact, text: str) -> Given:
        if said.kind == "override" or not holds_secret(name, said.value):
            return Given(name, said.kind, artifact.digest, artifact, text)
        return Given(name, said.kind, Digest(f"hidden-{self._variables.digest(artifact.digest)}"), artifact)

    def _where(self, name: str) -> str | None:
        return str(self._owner(name).where)

    def _owner(self, name: str) -> Node:
        """Return the node, or the one whose word on an input's type counts."""
        if name in self.graph.nodes:
            return self.graph.nodes[name]
        needed = self.graph.inputs[name]
        users = [self.graph.nodes[user] for user in needed.used_by]
        return next((n for n in users if any(p.type is needed.type for p in n.parameters)), users[0])

    def _file(self, name: str, value: Any, *, many: bool) -> Given:
        said = [str(value)] if isinstance(value, str | Path) or not many else [str(item) for item in value]
        for each in said:
            self._refuse_output(name, each)
        files = DeclaredFiles(str(self.root), tuple(said), single=not many)
        digest, listing = files.look(self.files)
        self.inputs[name] = ((files, digest),)
        paths = files.find()
        text = ", ".join(map(mask_url, said)) if many else mask_url(self.show(paths[0]))
        return Given(name, "file", digest, self._encode(paths if many else paths[0]), text, listing)

    def _refuse_output(self, name: str, path: str) -> None:
        """Raise InputError for an input that is some node's output: what it is now says nothing of what it will be."""
        for output in self._find_read(path):
            writer = self._writers[output]
            raise InputError(
                f"'{path}' is '{output}', which node '{writer}' writes",
                where=self._where(name),
                hint=f"take '{writer}' as a parameter, or write @reads(\"{output}\") above the function",
            )

    def _encode(self, value: Any, takes: Callable[[Path], bool] | None = None) -> Artifact:
        save = self.artifacts.save
        return self.carry(
            save(value, takes=takes) if self.save else self.artifacts.encode(value, takes=takes)[0]
        )

    def _replace(self, name: str, value: Any) -> Artifact:
        join = self.artifacts.join if self.save else self.artifacts.join_unsaved
        artifact = encode_given(
            self.graph.nodes[name], value, lambda each: self._encode(each, is_there), join
        )
        return self.carry(artifact)

    def show(self, path: str) -> str:
        """Return a path as people write it: from the project's root where it is below it."""
        with_root = Path(path)
        return str(with_root.relative_to(self.root)) if with_root.is_relative_to(self.root) else path

    def read_parts(self, node: Node) -> list[Part]:
        """Return a counting manifest line for each path that `@reads` names; raises InputError for a missing one.

        What other nodes write has none: the node follows them.
        """
        parts, found = [], []
        for path in node.reads:
            read = self._find_read(path)
            for output in read:
                if (writer := self._writers[output]) not in (*node.follows, node.name):
                    raise InputError(
                        f"node '{node.name}' reads '{path}', which is '{output}' that '{writer}' writes",
                        where=str(node.where),
                        hint=f'@reads("{output}")',
                    )
            if any(is_within(way, output) for output in read for way in self._ways(path)):
                continue
            single = "://" in path or (self.root / path).is_file()
            without = tuple(str(self.root / output) for output in read)
            files = DeclaredFiles(str(self.root), (path,), single=single, without=without)
            try:
                digest, listing = files.look(self.files)
            except OSError as error:
                raise InputError(
                    f"node '{node.name}' reads '{path}': {_tell(error)}",
                    where=str(node.where),
                    hint=ReadOnceError.HINT
                    if isinstance(error, ReadOnceError)
                    else None
                    if "://" in path
                    else "paths are taken from the project's root",
                ) from error
            parts.append(Part("file", mask_url(path), digest, listing or mask_url(path)))
            found.append((files, digest))
        self.reads[node.name] = tuple(found)
        return parts

    def _find_read(self, path: str) -> list[str]:
        """Return the outputs that a path, folder or pattern stands for, by whichever way it leads there."""
        if not self._writers or "://" in path:
            return []
        ways = {each for way in self._ways(path) for each in find_read(way, self._writers)}
        return [output for output in self._writers if output in ways]

    def _ways(self, path: str) -> set[str]:
        """Return the names from the project's root that a path has, as it is written and behind links."""
        full = os.path.join(self.root, path)  # noqa: PTH118 - what is behind a pattern is a text
        plain = os.path.relpath(os.path.normpath(full), self.root)
        real = os.path.relpath(os.path.realpath(full), os.path.realpath(self.root))
        return {each.replace(os.sep, "/") for each in (plain, real)}

    def find_paths(self) -> tuple[str, ...] | None:
        """Return the files that were looked at so far; None when there was more to look at than single local files."""
        if self._has_pinned_outputs:
            return None
        found = [files for each in (*self.inputs.values(), *self.reads.values()) for files, _ in each]
        paths = tuple(path for files in found for path in files.paths)
        plain = all(files.single for files in found) and all("://" not in path for path in paths)
        return paths if plain and all(Path(path).is_file() for path in paths) else None


_WRITTEN = PurePath | date | time | timedelta | Decimal | UUID | Enum
"""Whose text says what they are."""


def check_places(graph: Graph, settings: Settings) -> None:
    """Raise GraphError for outputs in whose place is the project itself: its settings, its code or its cache."""
    nodes = [node for node in graph.nodes.values() if node.writes]
    if not nodes:
        return
    root = settings.root
    own = {file: "the project's code" for node in graph.nodes.values() if (file := node.where.file)}
    own |= {str(settings.cache.folder): "the cache folder", str(settings.file): "the project's settings"}
    problems = [
        Problem(
            f"'{node.name}' writes '{path}', where {what} is",
            str(node.where),
            "give the output a place of its own: out/...",
        )
        for node in nodes
        for path in node.writes
        for place, what in own.items()
        if Path(place).is_relative_to(root / path) or (root / path).is_relative_to(place)
    ]
    if problems:
        raise GraphError.of(list({problem.message: problem for problem in problems}.values()))


def _tell(error: OSError) -> str:
    return f"{error.strerror}: {error.filename}" if error.strerror and error.filename else str(error)


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0].lower() in "aeiou" else f"a {kind}"


def tell_value(value: Any) -> str:
    """Return how people write a small value; nothing for a large one."""
    if value is None or isinstance(value, bool | int | float | str | _WRITTEN):
        text = str(value) if isinstance(value, str | _WRITTEN) else tell(value)
        return text if len(text) <= 60 else ""
    if isinstance(value, list | dict | tuple | set | frozenset | Enum) or is_dataclass(value):
        return Outliner().write(value)
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return f"{type(value).__name__} {' x '.join(map(str, shape))}"
    return ""
