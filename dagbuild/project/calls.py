"""One call of a node that is called for elements, by its name: "page[17]". What it takes, and whether that is known.

Knows a request, its plan and who answers its questions. Runs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dagbuild.ground.errors import InputError
from dagbuild.model.node import Node
from dagbuild.model.record import Artifact, Manifest, Record
from dagbuild.plan.elements import Block, Call, Calls, Tree, UnevenError
from dagbuild.plan.plan import Decision, Explanation, Lookup, Plan, Status, Step
from dagbuild.plan.reasons import NEVER_BUILT, Reason, find_changes
from dagbuild.plan.request import Request

_CALL = re.compile(r"([\w.]+)((?:\[\d+\])+)")


def split_name(name: str) -> tuple[str, list[int]]:
    """Return a node and the place of one of its calls; of what names a node, no place."""
    if found := _CALL.fullmatch(name):
        return found[1], [int(number) for number in re.findall(r"\d+", found[2])]
    return name, []


class KnownCalls:
    """The calls that a node has today.

    Raises InputError for a node that has none, and where it is not known what they take.
    """

    def __init__(self, request: Request, plan: Plan, lookup: Lookup, node: Node) -> None:
        self._request = request
        self._plan = plan
        self._lookup = lookup
        self._node = node
        if not node.block:
            raise InputError(
                f"'{node.name}' is called once, and not for elements", hint=f"dagbuild explain {node.name}"
            )
        if node.name in request.givens:
            raise InputError(f"'{node.name}' is given ({plan.steps[node.name].reasons[0]}): it is not called")
        self.block = Block(request, node.name)
        self._calls = self._find()

    def _find(self) -> Calls:
        node = self._node.name
        try:
            calls = self.block.find_calls(self.artifact, self._split)
        except UnevenError as error:
            raise InputError(f"'{node}': {error}") from error
        if calls is None:
            lacking = [up for up, depth in self.block.depths.items() if depth and self.artifact(up) is None]
            names = ", ".join(f"'{up}'" for up in lacking)
            raise InputError(
                f"which elements '{node}' is called for is not known: {names} is not built",
                hint=f"dagbuild build {node}",
            )
        return calls

    def artifact(self, up: str) -> Artifact | None:
        """Return the value that a node or input has today."""
        if up in self._request.givens:
            return self._request.givens[up].artifact
        step = self._plan.steps.get(up)
        return step.record.artifact if step is not None and step.record and step.digest else None

    def _split(self, name: str, artifact: Artifact) -> Sequence[Artifact]:
        elements = self._lookup.find_elements(artifact)
        if elements is None:
            raise InputError(
                f"the elements of '{name}' cannot be read here", hint=f"dagbuild fetch {name}, or build it"
            )
        return elements

    def all(self) -> Sequence[Call]:
        """Return the calls, equal ones once."""
        return self._calls.calls

    def get(self, place: Sequence[int]) -> Call:
        """Return the call that makes the element at a place."""
        tree: Tree = self._calls.tree
        name = self._node.name
        for depth, number in enumerate(place):
            at = name + "".join(f"[{each}]" for each in place[:depth])
            if isinstance(tree, int):
                raise InputError(f"'{at}' is one element, and has no [{number}]")
            if number >= len(tree):
                count = f"{len(tree):,} element{'s' * (len(tree) != 1)}"
                raise InputError(f"there is no '{at}[{number}]': '{at}' has {count}, counted from 0")
            tree = tree[number]
        if not isinstance(tree, int):
            at = name + "".join(f"[{each}]" for each in place)
            raise InputError(f"'{at}' is a list of elements", hint=f'name one of them: "{at}[0]"')
        return self._calls.calls[tree]


def explain_call(
    request: Request, plan: Plan, lookup: Lookup, node: Node, place: Sequence[int]
) -> Explanation:
    """Return whether a call would be reused, and why not; raises InputError where there is none of this name."""
    known = KnownCalls(request, plan, lookup, node)
    call = known.get(place)
    name = node.name + "".join(f"[{number}]" for number in place)
    if call.key is None:
        missing = [up for up, depth in known.block.depths.items() if not depth and known.artifact(up) is None]
        reasons = tuple(Reason(f"upstream `{up}` is stale", "upstream") for up in missing)
        step = Step(name, Decision.RUN, Status.AFFECTED, request.deep[node.name], reasons)
        return Explanation(step, Manifest(()), None, reasons, request.givens)
    if (record := _find_record(known, lookup, request, call)) is not None:
        reasons = tuple(_tell_found(request, node.name, name, record))
        step = Step(name, Decision.REUSE, Status.FRESH, call.key, reasons, record, record.artifact.digest)
        return Explanation(step, Manifest(()), record, reasons, request.givens)
    last = next(iter(lookup.find_latest([name]).get(name, ())), None)
    reasons = tuple(_tell_missing(known, request, lookup, call, last)) if last else (NEVER_BUILT,)
    status = Status.STALE if last else Status.MISSING
    step = Step(name, Decision.RUN, status, call.key, reasons, last)
    return Explanation(step, Manifest(()), last, reasons, request.givens)


def _find_record(known: KnownCalls, lookup: Lookup, request: Request, call: Call) -> Record | None:
    if call.key is None:
        return None
    if (record := lookup.find([call.key]).get(call.key)) is not None:
        return record
    chain = request.accepted.get(known.block.name, ())
    for acceptance in chain:
        key = known.block.key(known.artifact, call.elements, acceptance.known)
        if key and (record := lookup.find([key], carried=chain[0].carried).get(key)) is not None:
            return record
    return None


def _tell_found(request: Request, node: str, name: str, record: Record) -> Iterator[Reason]:
    if node in request.accepted:
        yield request.accepted[node][0].reason
    if record.node != name:
        yield Reason(f"of an equal element, made as `{record.node}`", "element")


def _tell_missing(
    known: KnownCalls, request: Request, lookup: Lookup, call: Call, last: Record
) -> Iterator[Reason]:
    """Yield what differs from the last call that had this place."""
    name, count = known.block.name, 0
    if last.manifest != known.block.manifest:
        record = next(iter(lookup.find_latest([name]).get(name, ())), None)
        changes = find_changes(record.manifest, request.manifest(name)) if record else ()
        yield from changes or (Reason(f"the code of `{name}`, or what it reads, has changed", "changed"),)
        count += 1
    for up, digest in last.upstream.items():
        element = call.elements.get(up)
        now = element or known.artifact(up)
        if now is not None and now.digest != digest:
            what = f"the element of `{up}`" if element else f"upstream `{up}`"
            yield Reason(f"{what} is another than when this place was computed last", "upstream")
            count += 1
    for reason in lookup.find_changed(last):
        yield reason
        count += 1
    if not count:
        yield Reason("its record is gone", "missing")
