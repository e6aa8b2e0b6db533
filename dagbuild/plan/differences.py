"""Say where two outlines differ: at ['uk'], at .deep[2], from what to what.

Pure; knows outlines and no manifests. What it cannot tell apart it says nothing of: no difference that is none.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from dagbuild.model.outline import as_elided, parse, show


@dataclass(frozen=True, slots=True)
class Difference:
    """At `path` of a value there was `was` and is `now`; None where there was or is nothing.

    Both are empty when it is another value of which the outlines say no more. `order` says that items only changed
    places.
    """

    path: str
    was: str | None = ""
    now: str | None = ""
    order: bool = False

    def tell(self, subject: str) -> str:
        """Return the line that says it; `subject` has a gap "{}" for the way to the part: constant `RATES{}`."""
        name = subject.replace("{}", self.path)
        if self.order:
            return f"{name} is in another order"
        if self.was is None and self.now is not None:
            return f"{name} is new: {show(self.now)}" if self.now else f"{name} is new"
        if self.now is None and self.was is not None:
            return f"{name} is gone; it was {show(self.was)}" if self.was else f"{name} is gone"
        was, now = _show_both(self.was or "", self.now or "")
        return f"{name}: {was} -> {now}" if was and now and was != now else f"{name} changed"


def find_differences(old: str, new: str) -> list[Difference]:
    """Return where two outlines differ, in the order of the newer one; texts that are none differ as a whole."""
    was, now = parse(old), parse(new)
    if was is None or now is None:
        return [Difference("", old, new)]
    return list(_compare(_Both(old, new), was, now, ""))


def find_inside(old: str, new: str) -> list[tuple[str, Difference]] | None:
    """Return where the groups of named parts differ in `code('mark', defaults(x=1))`, with the name of the group.

    None when the rest of the code differs, too, or when the texts do not tell.
    """
    was, now = parse(old), parse(new)
    if not isinstance(was, ast.Call) or not isinstance(now, ast.Call):
        return None
    heads = [ast.dump(call.args[0]) if call.args else "" for call in (was, now)]
    if heads[0] != heads[1] or not heads[0]:
        return None
    before, after = _groups(was), _groups(now)
    both = _Both(old, new)
    return [
        (name, Difference(d.path.removeprefix("."), d.was, d.now, d.order))
        for name in dict.fromkeys([*after, *before])
        for d in _compare(both, before.get(name) or _empty(name), after.get(name) or _empty(name), "")
    ]


def _empty(name: str) -> ast.expr:
    return ast.Call(ast.Name(name, ast.Load()), [], [])


def _groups(call: ast.Call) -> dict[str, ast.expr]:
    return {
        arg.func.id: arg for arg in call.args if isinstance(arg, ast.Call) and isinstance(arg.func, ast.Name)
    }


class _Both:
    """The two texts, from which parts are cut as they are written."""

    def __init__(self, old: str, new: str) -> None:
        self.old, self.new = old, new

    def was(self, node: ast.expr) -> str:
        return ast.get_source_segment(self.old, node) or ""

    def now(self, node: ast.expr) -> str:
        return ast.get_source_segment(self.new, node) or ""


def _compare(both: _Both, was: ast.expr, now: ast.expr, path: str) -> Iterator[Difference]:
    todo = [(was, now, path)]
    while todo:
        was, now, path = todo.pop()
        if ast.dump(was) == ast.dump(now):
            continue
        direct = _compare_directly(both, was, now, path)
        pairs = _pair(was, now) if direct is None else []
        if direct is not None:
            yield from direct
        elif pairs is None:
            yield Difference(path, both.was(was), both.now(now))
        elif not pairs:
            yield Difference(path, order=isinstance(now, ast.Dict))
        for left, right, step in pairs or []:
            if left is None or right is None:
                before, after = both.was(left) if left else None, both.now(right) if right else None
                yield Difference(path + step, before, after)
        both_there = [(left, right, path + step) for left, right, step in pairs or [] if left and right]
        todo.extend(reversed(both_there))


def _compare_directly(both: _Both, was: ast.expr, now: ast.expr, path: str) -> Iterator[Difference] | None:
    if isinstance(was, ast.Set) and isinstance(now, ast.Set):
        return _compare_sets(both, was, now, path)
    before, after = as_elided(was), as_elided(now)
    if before and after and before[0] == after[0]:
        return _compare_elided(both, (was, now), (before, after), path)
    return None


def _pair(was: ast.expr, now: ast.expr) -> _Pairs | None:
    """Return the parts of two expressions that belong together and differ, with the way to each; None of others."""
    if isinstance(was, ast.Dict) and isinstance(now, ast.Dict):
        return _pair_named(_items(was), _items(now))
    if isinstance(was, (ast.List, ast.Tuple)) and isinstance(now, type(was)):
        return list(_pair_listed(was.elts, now.elts))
    if isinstance(was, ast.Call) and isinstance(now, ast.Call) and ast.dump(was.func) == ast.dump(now.func):
        return _pair_given(was, now)
    return None


_Pairs = list[tuple[ast.expr | None, ast.expr | None, str]]


def _items(node: ast.Dict) -> dict[str, ast.expr]:
    return {f"[{ast.unparse(key)}]": value for key, value in zip(node.keys, node.values, strict=True) if key}


def _pair_named(was: dict[str, ast.expr], now: dict[str, ast.expr]) -> _Pairs:
    names = dict.fromkeys([*now, *was])
    pairs = [(was.get(name), now.get(name), name) for name in names]
    return [(a, b, name) for a, b, name in pairs if a is None or b is None or ast.dump(a) != ast.dump(b)]


def _pair_listed(
    was: list[ast.expr], now: list[ast.expr]
) -> Iterator[tuple[ast.expr | None, ast.expr | None, str]]:
    before, after = [ast.dump(node) for node in was], [ast.dump(node) for node in now]
    for tag, i, j, m, n in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        both_there = min(j - i, n - m)
        for place in range(both_there):
            yield was[i + place], now[m + place], f"[{m + place}]"
        yield from ((was[place], None, f"[{place}]") for place in range(i + both_there, j))
        yield from ((None, now[place], f"[{place}]") for place in range(m + both_there, n))


def _pair_given(was: ast.Call, now: ast.Call) -> _Pairs:
    """Return the pairs of an object's parts; those of a wrapping such as `frozenset({...})` are at the same place."""
    named = _pair_named(
        {f".{k.arg}": k.value for k in was.keywords}, {f".{k.arg}": k.value for k in now.keywords}
    )
    if len(was.args) == len(now.args) == 1 and not named:
        return [(was.args[0], now.args[0], "")]
    return [*_pair_listed(was.args, now.args), *named]


def _compare_sets(both: _Both, was: ast.Set, now: ast.Set, path: str) -> Iterator[Difference]:
    before = {ast.dump(node): both.was(node) for node in was.elts}
    after = {ast.dump(node): both.now(node) for node in now.elts}
    gone = [text for key, text in before.items() if key not in after]
    new = [text for key, text in after.items() if key not in before]
    if len(gone) == len(new) == 1:
        yield Difference(path, gone[0], new[0])
        return
    yield from (Difference(f"{path} item", None, text) for text in new)
    yield from (Difference(f"{path} item", text, None) for text in gone)


_Elided = tuple[str, str, tuple[str, ...]]


def _compare_elided(
    both: _Both, nodes: tuple[ast.expr, ast.expr], found: tuple[_Elided, _Elided], path: str
) -> Iterator[Difference]:
    (_, about_was, marks_was), (kind, about_now, marks_now) = found
    if len(marks_was) == len(marks_now) == 2:  # of the whole, and of its items
        before, after = _index_marks(kind, marks_was[1]), _index_marks(kind, marks_now[1])
        if kind == "dict" or len(before) == len(after):
            steps = [step for step in dict.fromkeys([*after, *before]) if before.get(step) != after.get(step)]
            for step in steps:
                was, now = ("" if step in index else None for index in (before, after))
                yield Difference(path + step, was, now)
            if not steps and list(before) != list(after):
                yield Difference(path, order=True)
                return
            if steps:
                return
    yield (
        Difference(path, both.was(nodes[0]), both.now(nodes[1]))
        if about_was != about_now
        else Difference(path)
    )


def _index_marks(kind: str, text: str) -> dict[str, str]:
    words = text.split()
    if kind != "dict":
        return {f"[{place}]": mark for place, mark in enumerate(words)}
    return {f"[{name!r}]": mark for name, _, mark in (word.partition("=") for word in words)}


def _show_both(was: str, now: str) -> tuple[str, str]:
    """Return both texts as people read them; long ones from a little before where they begin to differ."""
    short = show(was), show(now)
    if short[0] != short[1]:
        return short
    was, now = show(was, len(was) + 1), show(now, len(now) + 1)
    same = next(
        (at for at, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), min(len(was), len(now))
    )
    start = max(0, same - 15)
    cut = [f"…{text[start : start + 45]}{'…' if len(text) > start + 45 else ''}" for text in (was, now)]
    return (cut[0], cut[1]) if was != now else (was, now)
