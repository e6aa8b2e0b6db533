"""Functions that load or save by themselves: `dataloader`, `datasaver`.

The function stays what it is; what it gives is told apart, or it is known that it leaves something behind.
"""

from __future__ import annotations

import typing
from dataclasses import replace
from typing import Any

from dagbuild.model.node import Node, Tag
from dagbuild.model.types import describe_type, plain_type
from dagbuild.modifiers.adapter_nodes import make_selecting
from dagbuild.modifiers.base import Context, NodeModifier, Stage, find_makers

_LOADS = "return the value and a dict of what is known of it: -> tuple[pd.DataFrame, dict]"


class dataloader(NodeModifier):  # noqa: N801  # decorators are written small
    """Say that the function loads: it returns the value, and a dict of what is known of it.

    Its node is called `<function>.loader`, and one with the function's name gives the value alone.
    """

    stage = Stage.INJECT

    def apply(self, nodes: list[Node], context: Context, /) -> list[Node]:
        """Put two nodes in the place of each that runs the function."""
        makers = {node.name for node in find_makers(nodes, context.function)}
        made: list[Node] = []
        for node in nodes:
            made += self._split(node) if node.name in makers else [node]
        return made

    def _split(self, node: Node) -> list[Node]:
        form: Any = plain_type(node.type)
        kinds = typing.get_args(form) if typing.get_origin(form) is tuple else ()
        if len(kinds) != 2 or not _is_dict(kinds[1]):
            raise self.error(f"'{node.name}' returns {describe_type(node.type)}", hint=_LOADS)
        tags: dict[str, Tag] = {
            "hamilton.data_loader": True,
            "hamilton.data_loader.has_metadata": True,
            "hamilton.data_loader.node": node.name,
            "hamilton.data_loader.classname": f"{node.name}()",
            "hamilton.data_loader.source": "loader",
        }
        selected = {
            **tags,
            "hamilton.data_loader.has_metadata": False,
            "hamilton.data_loader.source": node.name,
        }
        loading = replace(node, name=f"{node.name}.loader", tags={**node.tags, **tags})
        return [loading, make_selecting(loading, node.name, kinds[0], selected)]


class datasaver(NodeModifier):  # noqa: N801
    """Say that the function saves: it returns a dict of what is known of where the value is now.

    It runs again when a file that it wrote is gone or changed, and each time where it wrote none.
    """

    stage = Stage.INJECT

    def apply(self, nodes: list[Node], context: Context, /) -> list[Node]:
        """Note it on the nodes that run the function."""
        makers = {node.name for node in find_makers(nodes, context.function)}
        return [self._note(node) if node.name in makers else node for node in nodes]

    def _note(self, node: Node) -> Node:
        if not _is_dict(node.type):
            raise self.error(
                f"'{node.name}' returns {describe_type(node.type)}",
                hint="return a dict of what is known of where the value is now: -> dict",
            )
        tags: dict[str, Tag] = {
            "hamilton.data_saver": True,
            "hamilton.data_saver.sink": node.name,
            "hamilton.data_saver.classname": f"{node.name}()",
        }
        return replace(node, tags={**node.tags, **tags}, saves="files")


def _is_dict(kind: Any) -> bool:
    form: Any = plain_type(kind)
    return (typing.get_origin(form) or form) is dict
