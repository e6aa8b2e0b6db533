"""What runs in each build: what says so, and where the settings want it, what hangs on something that nobody sees.

Pure. Knows no settings: whoever asks knows what they say.
"""

from __future__ import annotations

from dataclasses import replace

from dagbuild.ground.errors import InputError, Problem
from dagbuild.observe.wording import name_note
from dagbuild.plan.plan import Plan
from dagbuild.plan.request import Request


def find_unseen(request: Request, plan: Plan) -> dict[str, str]:
    """Return the nodes that have something which is not tracked, with what it is.

    Views run in any case, and so do savers that leave what nobody can look at.
    """
    found = {}
    for name, notes in plan.notes.items():
        untracked = [note for note in notes if not note.tracked]
        if untracked and not request.is_view(name) and not request.graph.nodes[name].saves:
            found[name] = name_note(untracked[0])
    return found


def renew(request: Request, plan: Plan, *, unseen: bool) -> Request | None:
    """Return what is asked for with those that run in each build forced, which say so themselves; None without any.

    With `unseen`, nodes of which something is not tracked are among them.
    """
    renewed = {
        name: "it runs in each build" for name in request.order if request.graph.nodes[name].cache.always
    }
    if unseen:
        for name, why in find_unseen(request, plan).items():
            renewed.setdefault(name, f"it {why}: not tracked, so it runs in each build")
    renewed = {name: why for name, why in renewed.items() if name not in request.forced}
    return replace(request, forced={**request.forced, **renewed}) if renewed else None


def refuse(request: Request, plan: Plan) -> None:
    """Raise InputError that names all of them."""
    problems = [
        Problem(
            f"'{name}' {why}: not tracked, and [build] unseen is \"error\"",
            str(request.graph.nodes[name].where),
            'take it as an input, or write @cache("always") or @cache("never") above the function',
        )
        for name, why in find_unseen(request, plan).items()
        if name not in request.forced and not request.graph.nodes[name].cache.always
    ]
    if problems:
        raise InputError.of(problems)
