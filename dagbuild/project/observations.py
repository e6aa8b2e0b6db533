"""What one build asks about what its steps read: which files are declared.

Joins the request and its files; decides nothing and runs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dagbuild.ground.digest import Digest
from dagbuild.plan.request import Request
from dagbuild.store.declared import DeclaredFiles

Declared = tuple[tuple[DeclaredFiles, Digest], ...]
"""Files that are declared, each with what it was when the keys were made."""


@dataclass(frozen=True)
class Observations:
    """The observations of one build. `inputs` are declared by input, `reads` by node.

    With `warns`, what is undeclared is said each time.
    """

    request: Request
    inputs: Mapping[str, Declared]
    reads: Mapping[str, Declared]
    warns: bool = False

    def find_declared(self, node: str) -> Declared:
        """Return the files that a step of the node takes or says that it reads, with what they were."""
        if not self.inputs and not self.reads:
            return ()
        values, views = self.request.needs(node)
        found = [*(self.inputs.get(up, ()) for up in values)]
        found += [self.reads.get(each, ()) for each in (node, *views)]
        return tuple(each for some in found for each in some)
