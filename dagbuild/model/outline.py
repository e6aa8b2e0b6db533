"""Outlines: what a value is, in a bounded text that people read, and of which two can be compared part by part.

An outline is a Python expression: a value as one would write it. What is too long, or says nothing as text, stands
as `Kind['what people read', 'mark']`: equal marks, equal values. `outliner` writes them. Knows texts and no values.
"""

from __future__ import annotations

import ast

ROOM = 400
"""Characters of an outline; marks of items take up to twice as many more."""


def parse(text: str) -> ast.expr | None:
    """Return the expression that an outline is, or None for another text."""
    if not text or len(text) > 100 * ROOM:
        return None
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def as_elided(node: ast.expr) -> tuple[str, str, tuple[str, ...]] | None:
    """Return kind, description and marks of what stands for a value in an outline, or None for what is written out."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Name):
        return None
    given = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    texts = [part.value for part in given if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return (node.value.id, texts[0], tuple(texts[1:])) if texts and len(texts) == len(given) else None


def show(text: str, most: int = 60) -> str:
    """Return an outline as people read it, on one line, not longer than `most`; other texts as they are."""
    node = parse(text)
    shown = text if node is None or node.end_lineno != 1 else _show_parts(text, node)
    shown = " ".join(shown.split())
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _show_parts(text: str, node: ast.expr) -> str:
    """Return an outline without the words that say of what it is one."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return _show_values(text, node)
    match node.func.id:
        case "files" if isinstance(listing := node.args[0] if node.args else None, ast.Dict):
            return "1 file" if len(listing.keys) == 1 else f"{len(listing.keys)} files"
        case "given":
            named = node.keywords
        case "code":
            named = [each for group in node.args if isinstance(group, ast.Call) for each in group.keywords]
        case _:
            return _show_values(text, node)
    return ", ".join(f"{each.arg}={_show_values(text, each.value)}" for each in named)


def _show_values(text: str, root: ast.expr) -> str:
    """Return an outline with words in the place of what stands for values."""
    spans: list[tuple[int, int, str]] = []
    todo: list[ast.AST] = [root]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.expr) and (words := _find_words(node)) is not None:
            spans.append((node.col_offset, node.end_col_offset or 0, words))
        else:
            todo.extend(ast.iter_child_nodes(node))
    written = text.encode()  # the offsets are of bytes
    shown, at = b"", root.col_offset
    for start, stop, words in sorted(spans):
        shown += written[at:start] + words.encode()
        at = stop
    return (shown + written[at : root.end_col_offset]).decode()


def _find_words(node: ast.expr) -> str | None:
    if (elided := as_elided(node)) is not None:
        return _tell(*elided)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "upstream":
        name = node.args[0] if node.args else None
        return f"upstream `{name.value!s}`" if isinstance(name, ast.Constant) else None
    return None


def _tell(kind: str, about: str, marks: tuple[str, ...]) -> str:
    if not marks or kind in {"str", "files"}:
        return about
    return f"{kind} of {about}" if about else kind
