"""What a step is handed to the executor as: one call, with what it takes and how it is to be watched.

Decides nothing about what runs.
"""

from __future__ import annotations

from typing import Protocol

from dagbuild.build.recorder import Keys, Recorder
from dagbuild.executors.base import Work
from dagbuild.ground.digest import Digest
from dagbuild.store.declared import DeclaredFiles


class Observed(Protocol):
    """What a build asks about what its steps read."""

    @property
    def warns(self) -> bool:
        """Whether what is undeclared is said each time, not only when it is new."""

    def find_declared(self, node: str) -> tuple[tuple[DeclaredFiles, Digest], ...]:
        """Return the files that a node takes or says that it reads, with what they were when its key was made."""


def make_work(recorder: Recorder, watched: Observed, name: str, keys: Keys) -> Work:
    """Return the call of a node whose upstream values are at hand."""
    request, steps = recorder.request, recorder.steps
    values, views = request.needs(name)
    nodes, given = request.graph.nodes, request.givens
    taken = {up: artifact for up in values if (artifact := steps.artifact(up))}
    keep = not request.is_view(name)
    leased = keep and name not in request.forced and not steps[name].unreadable
    return Work(
        node=nodes[name],
        values=taken,
        draft=recorder.draft(name, keys, taken) if keep else None,
        held={up: steps[up].value for up in values if up not in given and steps[up].held},
        views=tuple(nodes[view] for view in views),
        lease=keys.content if leased else None,
        files=frozenset(up for up in values if up in given and given[up].kind == "file"),
        declared=watched.find_declared(name),
        manifests=tuple(request.manifests[each] for each in (name, *views)),
        foreign=request.foreign(name),
        places={up: nodes[up].writes for up in taken if up in nodes},
    )
