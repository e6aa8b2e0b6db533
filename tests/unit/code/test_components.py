"""Digests of entities in cycles: from everywhere the same, and touched by every edit that can be reached."""

from __future__ import annotations

import random

import pytest

from dagbuild.code.components import digest_all, digest_own
from dagbuild.code.entities import Entity, Unordered
from dagbuild.ground.digest import Digest


def digests(entities: list[Entity], roots: list[Entity] | None = None) -> list[Digest]:
    known: dict[Entity, Digest] = {}
    digest_all(entities if roots is None else roots, known)
    return [known[entity] for entity in entities if entity in known]


def make(edges: list[list[int]], texts: list[str]) -> list[Entity]:
    entities = [Entity(name=str(index)) for index in range(len(edges))]
    for entity, targets, text in zip(entities, edges, texts, strict=True):
        entity.items = [text, *(entities[target] for target in targets)]
    return entities


CYCLES = {
    "self": [[0]],
    "pair": [[1], [0]],
    "ring": [[1], [2], [3], [0]],
    "two rings": [[1], [0, 2], [3], [2]],
    "eight": [[1, 2], [0], [3], [0]],
    "tail": [[1], [2], [1]],
}


@pytest.mark.parametrize("edges", CYCLES.values(), ids=CYCLES)
def test_where_the_walk_begins_does_not_count(edges: list[list[int]]) -> None:
    """Each entity has one digest, whichever was asked for first."""
    texts = ["same"] * len(edges)
    whole = make(edges, texts)
    expected = digests(whole)
    for order in (list(reversed(range(len(edges)))), [len(edges) // 2]):
        entities = make(edges, texts)
        known: dict[Entity, Digest] = {}
        digest_all([entities[index] for index in order], known)

        for entity, digest in zip(entities, expected, strict=True):
            assert known.get(entity, digest) == digest


def test_every_edit_reaches_all_that_can_reach_it() -> None:
    """In random graphs, an edit changes the digests of those above it and of nothing else."""
    rng = random.Random(7)
    for _ in range(60):
        size = rng.randrange(2, 9)
        edges = [[rng.randrange(size) for _ in range(rng.randrange(3))] for _ in range(size)]
        texts = [str(rng.randrange(2)) for _ in range(size)]
        edited = rng.randrange(size)
        before = digests(make(edges, texts))
        after = digests(make(edges, [t + "!" if i == edited else t for i, t in enumerate(texts)]))
        above = {edited}
        for _ in range(size):
            above |= {i for i, targets in enumerate(edges) if above & set(targets)}

        assert {i for i in range(size) if before[i] != after[i]} == above


def test_members_in_another_order_are_another_cycle() -> None:
    """A ring a-b-c is not a ring a-c-b, though the same things are in it."""
    one = make([[1], [2], [0]], ["a", "b", "c"])
    two = make([[2], [0], [1]], ["a", "b", "c"])

    assert digests(one)[0] != digests(two)[0]


def test_the_order_of_a_set_does_not_count() -> None:
    """Nor inside a cycle."""
    for cyclic in (False, True):
        found = []
        for flip in (False, True):
            u, v, top = Entity(items=["u"]), Entity(items=["v"]), Entity()
            members = (v, u) if flip else (u, v)
            top.items = [Unordered(members), *([top] if cyclic else [])]
            if cyclic:
                u.items.append(top)
            found.append(digests([top])[0])

        assert found[0] == found[1]


def test_items_cannot_be_mistaken_for_each_other() -> None:
    """Two texts are not their concatenation."""
    one, two = Entity(items=["ab", "c"]), Entity(items=["a", "bc"])

    assert digests([one]) != digests([two])


def test_a_chain_may_be_as_long_as_it_likes() -> None:
    """No recursion."""
    size = 50_000
    entities = make([[i + 1] for i in range(size - 1)] + [[]], ["x"] * size)

    assert len(digests(entities, [entities[0]])) == size


def test_own_digests_tell_where_the_edit_was() -> None:
    """What merely uses the edited thing keeps its own digest."""
    found = []
    for text in ("one", "two"):
        helper = Entity("helper", items=[text])
        value = Entity(items=["list", helper])
        user = Entity("function", items=["body", value])
        known: dict[Entity, Digest] = {}
        digest_own([user, helper], known)
        found.append((known[user], known[helper]))

    assert found[0][0] == found[1][0]
    assert found[0][1] != found[1][1]
