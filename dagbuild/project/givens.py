"""Turn what is given from outside into `Given` values: inputs, config, files, overrides and pins.

Knows types and content digests, nothing of plans or builds. All mistakes are told together.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dagbuild.artifacts import Artifacts
from dagbuild.ground.digest import Digest, digest_json
from dagbuild.ground.errors import InputError, Problem, UserError, did_you_mean
from dagbuild.ground.filetree import is_there
from dagbuild.model.graph import Graph
from dagbuild.model.node import REQUIRED, File, Files, Node
from dagbuild.model.record import Artifact, Part
from dagbuild.model.types import check_value, describe_type
from dagbuild.plan.request import Given
from dagbuild.settings import Settings
from dagbuild.store.file_digests import FileDigests


@dataclass(frozen=True)
class Outside:
    """What the user gives: values by name; `pins` are artifacts with a text for people."""

    config: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)
    pins: Mapping[str, tuple[Artifact, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings, inputs: Mapping[str, Any], overrides: Mapping[str, Any]) -> Outside:
        """Return what the settings give, with more inputs, and overrides that win over pins."""
        pins = {
            name: (Artifact.from_json(pin.artifact), pin.note or pin.digest)
            for name, pin in settings.pins.items()
            if name not in overrides
        }
        return cls(settings.config, {**settings.inputs, **inputs}, overrides, pins)


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
        self._files: dict[str, tuple[Any, bool, Given]] = {}
        self._reads: dict[str, list[Part]] = {}

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
        else:
            givens[name] = Given(name, kind, artifact.digest, artifact, _short(value))

    def _where(self, name: str) -> str | None:
        if name in self.graph.inputs:
            return str(self.graph.nodes[self.graph.inputs[name].used_by[0]].where)
        return str(self.graph.nodes[name].where)

    def _file(self, name: str, value: Any, *, many: bool) -> Given:
        given = self._look_at(name, value, many=many)
        self._files[name] = (value, many, given)
        return given

    def _look_at(self, name: str, value: Any, *, many: bool) -> Given:
        if not many:
            path = self._resolve(str(value))
            return Given(name, "file", self.files.digest_file(path), self._encode(path), self.show(path))
        patterns = [str(value)] if isinstance(value, str | Path) else [str(item) for item in value]
        found = [path for pattern in patterns for path in find_files(self.root, pattern)]
        return Given(name, "file", self._digest_patterns(patterns), self._encode(found), ", ".join(patterns))

    def _digest_patterns(self, patterns: list[str]) -> Digest:
        digests = []
        for pattern in patterns:
            base = fixed_folder(self.root, pattern)
            names = [str(Path(path).relative_to(base)) for path in find_files(self.root, pattern)]
            digests.append(self.files.digest_files(base, names))
        return digest_json(digests)

    def _encode(self, value: Any, takes: Callable[[Path], bool] | None = None) -> Artifact:
        save = self.artifacts.save
        return self.carry(
            save(value, takes=takes) if self.save else self.artifacts.encode(value, takes=takes)[0]
        )

    def _resolve(self, path: str) -> str:
        return path if "://" in path else str(self.root / path)

    def show(self, path: str) -> str:
        """Return a path as people write it: from the project's root where it is below it."""
        with_root = Path(path)
        return str(with_root.relative_to(self.root)) if with_root.is_relative_to(self.root) else path

    def read_parts(self, node: Node) -> list[Part]:
        """Return a counting manifest line for each path that `@reads` names; raises InputError for a missing one."""
        parts = []
        for path in node.reads:
            try:
                parts.append(Part("file", path, self._digest_read(path), path))
            except OSError as error:
                raise InputError(
                    f"node '{node.name}' reads '{path}': {_tell(error)}",
                    where=str(node.where),
                    hint="paths of @reads are taken from the project's root",
                ) from error
        self._reads[node.name] = parts
        return parts

    def find_paths(self) -> list[str] | None:
        """Return the files that were looked at so far; None when there was more to look at than single local files."""
        if any(many for _, many, _ in self._files.values()):
            return None
        names = [str(value) for value, _, _ in self._files.values()]
        names += [part.name for parts in self._reads.values() for part in parts]
        paths = [self._resolve(name) for name in names]
        return paths if all("://" not in path and Path(path).is_file() for path in paths) else None

    def _digest_read(self, path: str) -> Digest:
        resolved = self._resolve(path)
        if "://" in path or Path(resolved).is_file():
            return self.files.digest_file(resolved)
        return self._digest_patterns([path])

    def is_unchanged(self, node: str) -> bool:
        """Tell whether the files that a node takes or reads are still those that its key was made of."""
        taken = [self._files[up] for up in self.graph.upstream(node) if up in self._files]
        try:
            return all(
                self._look_at(given.name, value, many=many).digest == given.digest
                for value, many, given in taken
            ) and all(self._digest_read(part.name) == part.digest for part in self._reads.get(node, ()))
        except OSError:
            return False


def fixed_folder(root: Path, pattern: str) -> Path:
    """Return the folder that a glob, folder or file name stands in: what comes before the first wildcard."""
    path = root / pattern
    if path.is_dir():
        return path
    fixed = itertools.takewhile(lambda part: not any(c in part for c in "*?["), path.parent.parts)
    return Path(*fixed)


def find_files(root: Path, pattern: str) -> list[str]:
    """Return the files that a folder's name, a glob or a file's name stands for, sorted; raises FileNotFoundError."""
    path = root / pattern
    if path.is_file():
        return [str(path)]
    base = fixed_folder(root, pattern)
    found = path.rglob("*") if path.is_dir() else base.glob(str(path.relative_to(base)))
    files = sorted(str(each) for each in found if each.is_file())
    if not files:
        raise FileNotFoundError(f"no file matches '{pattern}'")
    return files


def _tell(error: OSError) -> str:
    return f"{error.strerror}: {error.filename}" if error.strerror and error.filename else str(error)


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0].lower() in "aeiou" else f"a {kind}"


def _short(value: Any) -> str:
    """Return how people write a small value; nothing for a large one."""
    if value is None or isinstance(value, bool | int | float | str):
        text = value if isinstance(value, str) else repr(value)
        return text if len(text) <= 60 else ""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return f"{type(value).__name__} {' x '.join(map(str, shape))}"
    return ""
