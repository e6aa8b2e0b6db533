"""A picture as a tree of text: targets first, what each needs below it; what was shown is only named.

What would stand too far to the right is named there, and is the top of a tree of its own further down.
"""

from __future__ import annotations

from dagbuild.report.drawing.picture import Picture
from dagbuild.report.style import Style

DEEPEST = 40
"""Levels of a tree; a line of one more is wider than a screen."""

_STEP = "   "


def draw_tree(picture: Picture, style: Style) -> list[str]:
    """Return the lines of the tree; those that nothing else takes are its roots."""
    needs: dict[str, list[str]] = {name: [] for name in picture.boxes}
    taken: set[str] = set()
    for start, end in picture.arrows:
        needs[end].append(start)
        taken.add(start)
    lines: list[str] = []
    shown: set[str] = set()
    roots = [name for name in picture.boxes if name not in taken]
    for root in roots:  # grows while it is walked
        if root in shown:  # meanwhile, nearer to the left
            continue
        # (name, prefix of its line, prefix of the lines below it)
        stack = [(root, "", "")]
        while stack:
            name, branch, below = stack.pop()
            too_deep = len(below) >= DEEPEST * len(_STEP)
            box = picture.boxes[name]
            again = name in shown and bool(needs[name])
            look = "input" if box.kind == "input" else box.status
            elsewhere = "(above)" if again else "(below)" if too_deep and needs[name] else ""
            detail = "  ".join(filter(None, (box.detail, style.paint(look, look), elsewhere)))
            lines.append(f"{style.paint(branch, 'dim')}{name}  {detail}".rstrip())
            if again:
                continue
            if elsewhere:
                roots.append(name)
                continue
            shown.add(name)
            ups = needs[name]
            for number, up in reversed(list(enumerate(ups))):
                last = number == len(ups) - 1
                stack.append((up, below + ("└─ " if last else "├─ "), below + (_STEP if last else "│  ")))
    return lines
