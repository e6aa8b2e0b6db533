"""Which nodes words like `+forecast`, `tag:team=growth`, `module:features`, `status:stale` and `spend_*` stand for.

Knows a graph, and whom to ask how nodes stand. A plain name stands for itself, whether it is there or not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from dagbuild.ground.errors import InputError, Problem, did_you_mean
from dagbuild.model.graph import Graph
from dagbuild.model.node import Node
from dagbuild.plan.plan import Status

_WORD = re.compile(r"(?:(?P<up>\d*)(?P<above>\+))?(?P<what>[^+]+)(?:(?P<below>\+)(?P<down>\d*))?")
_EVERYTHING = 1 << 60

FindStatus = Callable[[], Mapping[str, Status]]
"""Tells how nodes stand; asked only where a word wants to know."""


def is_selection(word: str) -> bool:
    """Tell whether a word is more than a name."""
    return any(sign in word for sign in "+*?:,")


def select(graph: Graph, words: Iterable[str], find_status: FindStatus) -> tuple[str, ...]:
    """Return the names that the words stand for, each once, those of one word in the order of definition.

    Words add to each other; the parts of one that commas join each take away what they do not stand for. Raises
    InputError for all words that cannot be read, or stand for nothing. A word that asks how nodes stand may stand for
    none of them.
    """
    chosen: dict[str, None] = {}
    problems: list[Problem] = []
    for word in words:
        if not is_selection(word):
            chosen[word] = None
            continue
        try:
            parts = [_find(graph, part.strip(), find_status) for part in word.split(",")]
            found = set.intersection(*parts)
            if not found and "status:" not in word:
                raise InputError(f"no node is all of '{word}'")
        except InputError as error:
            problems += error.problems
            continue
        chosen.update(dict.fromkeys(name for name in graph.nodes if name in found))
    if problems:
        raise InputError.of(problems)
    return tuple(chosen)


def _find(graph: Graph, part: str, find_status: FindStatus) -> set[str]:
    read = _WORD.fullmatch(part)
    if read is None:
        raise InputError(
            f"'{part}' cannot be read",
            hint="write +forecast, forecast+, forecast+2, tag:team=growth or spend_*",
        )
    found = _find_plain(graph, read["what"], find_status)
    reached = set(found)
    if read["above"]:
        reached |= _walk(found, graph.upstream, int(read["up"] or _EVERYTHING))
    if read["below"]:
        reached |= _walk(found, graph.downstream, int(read["down"] or _EVERYTHING))
    return reached & graph.nodes.keys()


def _find_plain(graph: Graph, what: str, find_status: FindStatus) -> set[str]:
    kind, colon, value = what.partition(":")
    if not colon:
        return _find_named(graph, what)
    match kind:
        case "tag":
            return _find_tagged(graph, value)
        case "module":
            return _find_in_modules(graph, value)
        case "status":
            if value not in [each.value for each in Status]:
                known = ", ".join(each.value for each in Status)
                raise InputError(f"there is no status '{value}'", hint=f"they are: {known}")
            return {name for name, status in find_status().items() if status.value == value}
    raise InputError(f"'{kind}:' says nothing of nodes", hint="write tag:, module: or status:")


def _find_named(graph: Graph, pattern: str) -> set[str]:
    if pattern in graph:
        return {pattern}
    found = {name for name in graph.nodes if fnmatchcase(name, pattern)}
    if not found:
        hint = did_you_mean(pattern, graph.nodes) or "dagbuild list shows every node"
        raise InputError(f"there is no node '{pattern}'", hint=hint)
    return found


def _find_tagged(graph: Graph, text: str) -> set[str]:
    found = {name for name, node in graph.nodes.items() if text in _spell_tags(node)}
    if not found:
        known = dict.fromkeys(each for node in graph.nodes.values() for each in _spell_tags(node))
        raise InputError(f"no node has the tag '{text}'", hint=did_you_mean(text, known))
    return found


def _spell_tags(node: Node) -> Iterator[str]:
    for key, has in node.tags.items():
        values = has if isinstance(has, list) else [str(has).lower() if isinstance(has, bool) else has]
        yield key
        yield from (f"{key}={value}" for value in values)


def _find_in_modules(graph: Graph, pattern: str) -> set[str]:
    found = {
        name
        for name, node in graph.nodes.items()
        if fnmatchcase(node.where.module, pattern) or node.where.module.startswith(f"{pattern}.")
    }
    if not found:
        known = dict.fromkeys(node.where.module for node in graph.nodes.values())
        raise InputError(f"no module '{pattern}' has nodes", hint=did_you_mean(pattern, known))
    return found


def _walk(names: Iterable[str], follow: Callable[[str], Iterable[str]], steps: int) -> set[str]:
    """Return what is at most so many steps away from one of the names."""
    seen = set(names)
    edge = list(seen)
    while edge and steps:
        edge = [
            each for each in dict.fromkeys(far for name in edge for far in follow(name)) if each not in seen
        ]
        seen.update(edge)
        steps -= 1
    return seen
