"""Order within layers, so that few arrows cross: medians from both sides, then swaps of neighbours."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

ROUNDS = 12
PATIENCE = 4
BIG = 400
"""Layers over so many slots are not improved by swaps: it would take seconds."""

S = TypeVar("S")


def reduce_crossings(layers: Sequence[Sequence[S]], links: Sequence[tuple[S, S]]) -> list[list[S]]:
    """Return the layers in a good order; `links` join neighbouring layers only."""
    above: dict[S, list[S]] = {slot: [] for layer in layers for slot in layer}
    below: dict[S, list[S]] = {slot: [] for slot in above}
    for start, end in links:
        above[end].append(start)
        below[start].append(end)
    current = [list(layer) for layer in layers]
    best, fewest = [list(layer) for layer in current], _count(current, below)
    since = 0
    for turn in range(ROUNDS):
        if not fewest or since >= PATIENCE:
            break
        near = above if turn % 2 == 0 else below
        numbers = range(1, len(current)) if turn % 2 == 0 else range(len(current) - 2, -1, -1)
        for number in numbers:
            beside = current[number - 1 if turn % 2 == 0 else number + 1]
            current[number] = _by_median(current[number], beside, near)
        _swap(current, above, below)
        crossings = _count(current, below)
        since += 1
        if crossings < fewest:
            best, fewest, since = [list(layer) for layer in current], crossings, 0
    return best


def _by_median(layer: list[S], beside: list[S], near: dict[S, list[S]]) -> list[S]:
    """Sort a layer by the middle of each slot's neighbours; slots without any keep their places."""
    place = {slot: number for number, slot in enumerate(beside)}
    moving: list[tuple[float, int, S]] = []
    for number, slot in enumerate(layer):
        places = sorted(place[other] for other in near[slot])
        if places:
            middle = len(places) // 2
            odd = len(places) % 2
            median = float(places[middle]) if odd else (places[middle - 1] + places[middle]) / 2
            moving.append((median, number, slot))
    free = [number for _, number, _ in moving]
    result = list(layer)
    moving.sort(key=lambda item: item[:2])
    for number, (_, _, slot) in zip(free, moving, strict=True):
        result[number] = slot
    return result


def _swap(layers: list[list[S]], above: dict[S, list[S]], below: dict[S, list[S]]) -> None:
    """Exchange neighbours while that leaves fewer crossings, a few times over."""
    places = [{slot: number for number, slot in enumerate(layer)} for layer in layers]
    for _ in range(4):
        better = False
        for number, layer in enumerate(layers):
            if len(layer) > BIG:
                continue
            sides = [
                (near, places[beside])
                for near, beside in ((above, number - 1), (below, number + 1))
                if 0 <= beside < len(layers)
            ]
            ends = {
                slot: [sorted(place[other] for other in near[slot]) for near, place in sides]
                for slot in layer
            }
            for left in range(len(layer) - 1):
                first, second = layer[left], layer[left + 1]
                gain = sum(
                    _between(a, b) - _between(b, a) for a, b in zip(ends[first], ends[second], strict=True)
                )
                if gain > 0:
                    layer[left], layer[left + 1] = second, first
                    better = True
            places[number] = {slot: at for at, slot in enumerate(layer)}
        if not better:
            return


def _between(first: list[int], second: list[int]) -> int:
    """Count crossings of two slots' links when the first stands before the second."""
    return sum(bisect_left(second, place) for place in first)


def _count(layers: Sequence[Sequence[S]], below: dict[S, list[S]]) -> int:
    """Count crossings: between two layers, the inversions among links' ends in the order of their starts."""
    total = 0
    for upper, lower in pairwise(layers):
        place = {slot: number for number, slot in enumerate(lower)}
        ends = [end for slot in upper for end in sorted(place[other] for other in below[slot])]
        tree = [0] * (len(lower) + 1)
        for seen, end in enumerate(ends):
            smaller, at = 0, end + 1
            while at:
                smaller += tree[at]
                at -= at & -at
            total += seen - smaller
            at = end + 1
            while at <= len(lower):
                tree[at] += 1
                at += at & -at
    return total
