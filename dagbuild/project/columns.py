"""Some columns of a node's stored value, by what people type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dagbuild.artifacts import Artifacts
from dagbuild.codecs.selecting import NoSuchColumns, NoTable
from dagbuild.ground.errors import ColumnsError, did_you_mean
from dagbuild.model.node import Columns
from dagbuild.model.record import Artifact


def load_columns(artifacts: Artifacts, node: str, artifact: Artifact, names: Sequence[str]) -> Any:
    """Return these columns of a table, which go by their labels as text; raises ColumnsError when it has not all."""
    names = list(dict.fromkeys(names))
    try:
        try:
            return artifacts.load(artifact, Columns(*names))
        except NoSuchColumns as reason:
            labels = {str(label): label for label in reason.known}  # of numbers, dates or several levels
            missing = [name for name in names if name not in labels]
            if missing:
                raise ColumnsError(
                    f"'{node}' has no column {', '.join(map(repr, missing))}",
                    hint=did_you_mean(missing[0], labels) or f"its columns are {reason.tell_known()}",
                ) from None
            return artifacts.load(artifact, Columns(*(labels[name] for name in names)))
    except (NoTable, ValueError) as reason:
        what = f"is of type '{reason}'" if isinstance(reason, NoTable) else "has labels of other kinds"
        raise ColumnsError(f"'{node}' {what}: no columns can be taken", hint="show all of it") from None
