"""Digests of entities that refer to each other, in cycles too.

Entities outside cycles get the digest of their content with each reference replaced by the digest of what it
refers to. The members of a cycle are refined together until no more of them can be told apart; each then gets its
own colour with those of all members. So a digest depends on what can be reached and on nothing else: not on where
the walk began, and not on the order of definitions. All loops, no recursion: chains may be as long as they like.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from dagbuild.code.entities import Entity, Item
from dagbuild.ground.digest import Digest, digest_text

Digester = Callable[[Entity, str], Digest]
"""Makes the digest of an entity of the text that says it."""


def digest_plainly(entity: Entity, text: str) -> Digest:  # noqa: ARG001 - for those that hold secrets
    """Return the digest of what an entity says."""
    return digest_text(text)


_NOTHING = Digest("nothing")
"""Of an entity that says nothing to the code in question: referring to it says nothing, either."""


def digest_all(
    roots: Iterable[Entity],
    known: dict[Entity, Digest],
    kinds: frozenset[str] = frozenset(),
    digest: Digester = digest_plainly,
) -> None:
    """Add the digest of each root, and of all it reaches, to `known`; what they show of these `kinds` counts."""
    for component in _find_components(roots, known, Entity.neighbours):
        _digest_component(component, known, digest, kinds=kinds)


def digest_own(
    roots: Iterable[Entity], known: dict[Entity, Digest], digest: Digester = digest_plainly
) -> None:
    """Add to `known` digests in which a reference to anything with a name counts by its kind and a helper's name.

    Two of them differ where the thing itself was edited, not merely something that it uses.
    """
    for component in _find_components(roots, known, _unnamed_neighbours):
        _digest_component(component, known, digest, named=True)


def digest_rest(entity: Entity, known: Mapping[Entity, Digest]) -> Digest:
    """Return the digest of an entity's own items but for those that are set aside; `known` is of `digest_own`."""
    aside = {place for start, stop in entity.aside for place in range(start, stop)}
    rest = [item for place, item in enumerate(entity.items) if place not in aside]
    return digest_text(_spell(rest, lambda other: _name(other) if other.kind else known[other]))


def _name(entity: Entity) -> str:
    return entity.kind + (entity.name.rpartition(".")[2] if entity.kind == "helper" else "")


def _unnamed_neighbours(entity: Entity) -> list[Entity]:
    return [other for other in entity.neighbours() if not other.kind]


def _items_of(entity: Entity, kinds: frozenset[str]) -> list[Item]:
    """Return what an entity says, to code that sees these kinds of what it shows."""
    if not kinds:
        return entity.items
    seen = ((kind, tell(kind)) for kind in sorted(kinds) for tell in entity.shown)
    return [*entity.items, *(f"{kind} {text}" for kind, text in seen if text)]


def _digest_component(
    members: Sequence[Entity],
    known: dict[Entity, Digest],
    digest: Digester,
    *,
    named: bool = False,
    kinds: frozenset[str] = frozenset(),
) -> None:
    inside = set(members)
    colours: dict[Entity, Digest] = {member: Digest("") for member in members}

    def colour_of(entity: Entity) -> str:
        if entity in inside:
            return colours[entity]
        if named and entity.kind:
            return _name(entity)
        return known[entity]

    if len(members) == 1 and members[0] not in members[0].neighbours():
        items = _items_of(members[0], kinds)
        known[members[0]] = digest(members[0], _spell(items, colour_of)) if items else _NOTHING
        return
    said = {member: _items_of(member, kinds) for member in members}
    distinct = 0
    while True:
        refined = {
            member: digest(member, colours[member] + _spell(said[member], colour_of)) for member in members
        }
        colours = refined
        count = len(set(colours.values()))
        if count == distinct:
            break
        distinct = count
    every = "".join(sorted(colours.values()))
    for member in members:
        known[member] = digest_text(f"cycle {colours[member]} {every}")


def _spell(items: Iterable[Item], colour_of: Callable[[Entity], str]) -> str:
    """Return one unambiguous text of the items."""
    parts: list[str] = []
    for item in items:
        if isinstance(item, str):
            parts.append(f"{len(item)}:{item}")
        elif isinstance(item, Entity):
            colour = colour_of(item)
            if colour != _NOTHING:
                parts.append("@" + colour)
        else:
            texts = sorted(_spell([part], colour_of) for part in item.items)
            parts.append(f"{{{len(texts)}{''.join(texts)}}}")
    return "".join(parts)


def _find_components(
    roots: Iterable[Entity], known: dict[Entity, Digest], neighbours: Callable[[Entity], list[Entity]]
) -> Iterable[list[Entity]]:
    """Yield strongly connected components, each after those it refers to (Tarjan's algorithm as a loop)."""
    index: dict[Entity, int] = {}
    low: dict[Entity, int] = {}
    stack: list[Entity] = []
    on_stack: set[Entity] = set()
    for root in roots:
        if root in known or root in index:
            continue
        work = [(root, iter(neighbours(root)))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            entity, others = work[-1]
            for other in others:
                if other in known:
                    continue
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(neighbours(other))))
                    break
                if other in on_stack:
                    low[entity] = min(low[entity], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[entity])
                if low[entity] == index[entity]:
                    component: list[Entity] = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        component.append(member)
                        if member is entity:
                            break
                    yield component
