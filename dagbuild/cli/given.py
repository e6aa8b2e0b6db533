"""Values as they are given on the command line: a file, or a text that is read by the type that is wanted."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from dagbuild.ground.digits import any_length
from dagbuild.ground.errors import InputError
from dagbuild.ground.home import expand_user
from dagbuild.model.conversion import Spelled
from dagbuild.model.node import Node
from dagbuild.settings import parse_value


def read_overrides(texts: Iterable[str], nodes: Mapping[str, Node]) -> dict[str, Any]:
    """Return the values of `--override NODE=FILE` by node; raises InputError."""
    overrides: dict[str, Any] = {}
    for text in texts:
        node, equals, value = text.partition("=")
        if not equals or not node:
            raise InputError(f"--override '{text}' has no '='", hint="write --override NODE=FILE, or NODE=5")
        overrides[node] = read_given(value, nodes[node].type if node in nodes else None)
    return overrides


def read_given(text: str, wanted: Any = None) -> Any:
    """Return what a file holds, or the text where it names none, to be read as what is wanted; raises InputError.

    Where a path is wanted, what is there is the value, whatever it holds.
    """
    from dagbuild.project.exchange import read_file  # here: most command lines give no value
    from dagbuild.project.exchange.reading import READERS, is_path_type

    path = expand_user(text)
    # Not path.is_file(): a literal may be longer than any path, which it raises for.
    if is_path_type(wanted) or os.path.isfile(path) or path.suffix.lower() in READERS:  # noqa: PTH113
        return read_file(text, wanted)
    if text[:1] in ("{", "["):
        with contextlib.suppress(ValueError), any_length():
            return Spelled(json.loads(text), text)
    return Spelled(parse_value(text), text)
