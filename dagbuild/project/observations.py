"""What one build asks about what its steps read: which files are declared, what nobody can see.

Joins the request, its files and the project's code; decides nothing and runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dagbuild.code import SourceReader
from dagbuild.ground.digest import Digest
from dagbuild.plan.request import Request
from dagbuild.store.declared import DeclaredFiles

Declared = tuple[tuple[DeclaredFiles, Digest], ...]
"""Files that are declared, each with what it was when the keys were made."""


@dataclass(frozen=True)
class Observations:
    """The observations of one build. `inputs` are declared by input, `reads` by node.

    `open_reader` is asked only when a node is told of; with `warns`, what is undeclared is said each time.
    """

    request: Request
    inputs: Mapping[str, Declared]
    reads: Mapping[str, Declared]
    open_reader: Callable[[], SourceReader]
    warns: bool = False

    def find_declared(self, node: str) -> Declared:
        """Return the files that a step of the node takes or says that it reads, with what they were."""
        if not self.inputs and not self.reads:
            return ()
        values, views = self.request.needs(node)
        found = [*(self.inputs.get(up, ()) for up in values)]
        found += [self.reads.get(each, ()) for each in (node, *views)]
        return tuple(each for some in found for each in some)

    def find_notes(self, node: str) -> list[str]:
        """Return a line for each thing in the node's code that neither the fingerprint nor an observation sees."""
        own = self.request.graph.nodes[node]
        unseen = self.request.manifests[node].unseen
        hidden = self.open_reader().find_notes([own.function, *own.sources], own.cache.ignore)
        return [
            *(f"'{node}': {note}" for note in hidden),
            *(f"'{node}' {part.name} ({part.where}): not tracked; {part.text}" for part in unseen),
        ]
