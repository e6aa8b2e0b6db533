"""What is said of nodes that are made already: tags, schema, files read and written, how to cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from string import Formatter
from typing import Any

from dagbuild.ground.errors import did_you_mean
from dagbuild.model.node import PASS_ON, CachePolicy, Node
from dagbuild.model.output_paths import clean_path
from dagbuild.modifiers.base import Context, NodeModifier, Stage, Target, find_makers, runs, select_nodes

_RESERVED = ("hamilton", "dagbuild", "dag", "module", "data_quality", "gdpr", "ccpa", "ray_remote")


class _Describes(NodeModifier):
    stage = Stage.DECORATE

    def _change(self, nodes: list[Node], target: Target, change: Callable[[Node], Node]) -> list[Node]:
        chosen = {node.name for node in select_nodes(nodes, target, self)}
        return [change(node) if node.name in chosen else node for node in nodes]


class tag(_Describes):  # noqa: N801  # decorators are written small
    """Attach words to nodes, to find them by: `@tag(owner="growth", area=["spend", "media"])`.

    `target_` says which of the function's nodes: the last ones, `...` for all, or names.
    """

    def __init__(self, *, target_: Target = None, **tags: str | list[str]) -> None:
        for key, word in tags.items():
            self._check(key, word)
        self.target = target_
        self._tags = tags

    def _check(self, key: str, word: Any) -> None:
        parts = key.split(".")
        if not all(part.isidentifier() for part in parts):
            raise self.error(
                f"'{key}' is no name of a tag", hint="words with dots between them: 'team.owner'"
            )
        if parts[0] in _RESERVED:
            raise self.error(f"'{key}': names that begin with '{parts[0]}' are kept for tools")
        words = word if isinstance(word, list) else [word]
        if not words or not all(isinstance(item, str) for item in words):
            raise self.error(f"'{key}' is {word!r}; a text or a list of texts is needed")

    def apply(self, nodes: list[Node], _: Context, /) -> list[Node]:
        """Add the tags; a tag further out wins."""
        return self._change(nodes, self.target, lambda node: replace(node, tags={**node.tags, **self._tags}))


class tag_outputs(_Describes):  # noqa: N801
    """Attach tags to single nodes of the function: `@tag_outputs(spend={"area": "media"})`."""

    def __init__(self, **tag_mapping: Mapping[str, str | list[str]]) -> None:
        self._tags = {name: tag(**tags) for name, tags in tag_mapping.items()}
        self.target = tuple(tag_mapping)

    def apply(self, nodes: list[Node], context: Context, /) -> list[Node]:
        """Add each node's tags."""
        select_nodes(nodes, self.target, self)  # says so when one is not there
        # Each by itself: of thousands of nodes none is looked at for the tags of another.
        return [
            each
            for node in nodes
            for each in (self._tags[node.name].apply([node], context) if node.name in self._tags else [node])
        ]


class schema(_Describes):  # noqa: N801
    """Namespace of `schema.output`."""

    def __init__(self, fields: Sequence[tuple[str, str]], target: Target) -> None:
        for field in fields:
            if not (isinstance(field, tuple) and len(field) == 2):
                raise self.error(f"{field!r} is no (field, type)")
        self._fields = tuple((str(name), str(kind)) for name, kind in fields)
        self.target = target

    @property
    def label(self) -> str:
        """The decorator's name as the user writes it."""
        return "schema.output"

    @staticmethod
    def output(*fields: tuple[str, str], target_: Target = None) -> schema:
        """Say which fields the node's value has, for people: `@schema.output(("spend", "float"))`."""
        return schema(fields, target_)

    def apply(self, nodes: list[Node], _: Context, /) -> list[Node]:
        """Note the fields."""
        return self._change(nodes, self.target, lambda node: replace(node, schema=self._fields))


class reads(_Describes):  # noqa: N801
    """Say which files the function reads by paths written in it: `@reads("data/holidays.csv")`.

    Their contents count as inputs. Relative paths are taken from the project's root.
    """

    def __init__(self, *paths: str) -> None:
        if not paths or not all(isinstance(path, str) and path for path in paths):
            raise self.error("paths are needed", hint='@reads("data/holidays.csv")')
        self._paths = paths

    def apply(self, nodes: list[Node], context: Context, /) -> list[Node]:
        """Note the paths on the nodes that run the user's function, or what stands in for it."""
        chosen = {node.name for node in find_makers(nodes, context.function)}
        return [
            replace(node, reads=tuple(dict.fromkeys((*node.reads, *self._paths))))
            if node.name in chosen
            else node
            for node in nodes
        ]


class writes(_Describes):  # noqa: N801
    """Say which files or folders the function leaves in the project: `@writes("out/report.md")`.

    They are kept with its value, and put back when they are gone or changed. Paths start at the project's root, where
    the function runs; `{region}` stands for a config value, `{node}` for the node's name.
    """

    def __init__(self, *paths: str) -> None:
        if not paths or not all(isinstance(path, str) and path for path in paths):
            raise self.error("paths are needed", hint='@writes("out/report.md")')
        self._paths = paths

    def apply(self, nodes: list[Node], context: Context, /) -> list[Node]:
        """Note the paths on the nodes that run the user's function, or what stands in for it."""
        chosen = {node.name for node in find_makers(nodes, context.function)}
        return [self._note(node, context) if node.name in chosen else node for node in nodes]

    def _note(self, node: Node, context: Context) -> Node:
        config, name = context.config, context.namespace + node.name
        read: dict[str, Any] = {}
        paths = [self._fill(path, name, config, read) for path in self._paths]
        return replace(
            node,
            writes=tuple(dict.fromkeys((*node.writes, *paths))),
            saves="",
            config_used={**node.config_used, **read},
        )

    def _fill(self, path: str, name: str, config: Mapping[str, Any], read: dict[str, Any]) -> str:
        try:
            fields = {field for _, field, _, _ in Formatter().parse(path) if field is not None}
        except ValueError as error:
            raise self.error(f"'{path}': {error}", hint="write {{ and }} for braces") from error
        for field in fields - {"node"}:
            if not isinstance(config.get(field), str | int | float):
                known = [key for key, value in config.items() if isinstance(value, str | int | float)]
                raise self.error(
                    f"'{path}' names a config value '{field}', and there is no text or number of that name",
                    hint=did_you_mean(field, [*known, "node"]) or f"give {field} under [config]",
                )
            read[field] = config[field]
        filled = Formatter().vformat(path, (), {**read, "node": name})
        try:
            return clean_path(filled)
        except ValueError as error:
            raise self.error(
                f"'{filled}': {error}", hint="name it from the project's root: out/report.md"
            ) from error


_BEHAVIORS = ("default", "never", "always", "recompute", "disable", "ignore")
"""What may be said, here and in Hamilton."""

_NEVER = ("never", "disable", "ignore")
_ALWAYS = ("always", "recompute")


class cache(_Describes):  # noqa: N801
    """Say how the node's value is cached.

    `@cache("never")` or `never=True`: not stored; the node runs again inside each step that needs it.
    `@cache("always")`: stored, and made again in each build; where it comes out equal, nothing below it runs.
    Hamilton's "disable" and "ignore" are "never", its "recompute" is "always".
    `format`: the codec to store the value with, such as "parquet". `version`: a word of yours; changing it
    makes the value again. `ignore`: helpers whose code never matters to the value.
    """

    def __init__(
        self,
        behavior: str = "default",
        *,
        format: str | None = None,  # noqa: A002  # Hamilton's name
        version: str | int | None = None,
        ignore: Sequence[Callable[..., Any] | type] = (),
        never: bool = False,
        target_: Target = ...,
    ) -> None:
        if behavior not in _BEHAVIORS:
            raise self.error(
                f"there is no behavior '{behavior}'",
                hint=did_you_mean(behavior, _BEHAVIORS) or '@cache("never") or @cache(version=...)',
            )
        helpers = tuple(ignore) if isinstance(ignore, (list, tuple, set)) else (ignore,)
        for helper in helpers:
            if not callable(helper):
                raise self.error(f"ignore={helper!r} is no function or class")
        self._never = never or behavior in _NEVER
        self._always = behavior in _ALWAYS
        self._format = format
        self._version = None if version is None else str(version)
        self._ignore = helpers
        self.target = target_

    def apply(self, nodes: list[Node], context: Context, /) -> list[Node]:
        """Set the policy; a format is for the nodes that hold what the function returns, not for parts of
        it."""
        whole = {id(node.type) for node in nodes if runs(node, context.function)}

        def change(node: Node) -> Node:
            if node.operation == PASS_ON:
                return node
            old = node.cache
            chosen = self._format if not whole or id(node.type) in whole else None
            policy = CachePolicy(
                never=self._never or old.never,
                format=chosen or old.format,
                version=self._version if self._version is not None else old.version,
                ignore=(*old.ignore, *self._ignore),
                always=self._always or old.always,
            )
            return replace(node, cache=policy)

        return self._change(nodes, self.target, change)
