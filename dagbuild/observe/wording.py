"""Say what was seen, in the user's words: one line for a node and a reason, with the remedy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dagbuild.ground import environment
from dagbuild.ground.secrets import names_secret
from dagbuild.model.record import SAVED, UNOBSERVED, Note, Observation

_ALL = {
    environment.ALL: "all environment variables",
    environment.NAMES: "the names of all environment variables",
    environment.WHOLE: "all environment variables",
}


UNKNOWN = "it saves each time: whether what it saved is still there cannot be seen"


def name_observation(seen: Observation) -> str:
    """Return the short name of what was read: data/x.csv, $REGION, plugins.f."""
    match seen.kind:
        case "env":
            return _ALL.get(seen.name) or f"${seen.name}"
        case "listing":
            return f"the names in {seen.name}" if seen.name.endswith("/") else f"the names of {seen.name}"
        case "code":
            return seen.name.replace(":", ".").rstrip(".")
        case _:
            return seen.name


def tell_changed(seen: Observation) -> str:
    """Return why a record does not count in which this was observed."""
    if seen.kind == UNOBSERVED.kind:
        return "nobody watched what it read"
    if seen.kind == SAVED:
        return f"what it saved changed: {seen.name}" if seen.name else UNKNOWN
    if seen.kind == "env" and seen.name in _ALL:
        return f"it looks at {_ALL[seen.name]}, and one changed"
    return f"{name_observation(seen)} changed"


def find_news(observations: Iterable[Observation], before: Iterable[Observation]) -> list[Observation]:
    """Return what was not read the last time."""
    known = {(seen.kind, seen.name) for seen in before}
    return [seen for seen in observations if (seen.kind, seen.name) not in known]


def tell_undeclared(node: str, observations: Sequence[Observation]) -> str | None:
    """Return a line about what a node reads and is no input, and what to do; None when there is nothing."""
    told = [f"{text}; {remedy}" if remedy else text for text, remedy in find_undeclared(observations)]
    return f"'{node}' {'; it '.join(told)}" if told else None


def find_undeclared(observations: Iterable[Observation]) -> list[tuple[str, str]]:
    """Return what a node reads and is no input, by kind, each with what to do about it."""
    observations = list(observations)
    parts: list[tuple[str, str]] = []
    files = [seen for seen in observations if seen.kind == "file"]
    listings = [seen for seen in observations if seen.kind == "listing"]
    if read := files or listings:
        declare = f'annotate a parameter with File, or @reads("{read[0].name}")'
        how = "tracked by content" if files else "tracked"
        parts.append((f"reads {_some(read)}, which {_no_input(read)}: {how}", declare))
    if variables := [seen for seen in observations if seen.kind == "env"]:
        parts.append((f"depends on {_some(variables)}: tracked", _advise([seen.name for seen in variables])))
    if code := [seen for seen in observations if seen.kind == "code"]:
        parts.append((f"ran {_some(code)}, found only at run time: tracked", ""))
    return parts


def _advise(variables: Sequence[str]) -> str:
    """Return what to do about variables; a config value would show a secret."""
    if _ALL.keys() & set(variables):
        return "better look each of them up"
    secret = next(filter(names_secret, variables), None)
    if secret is None:
        return "better a config value"
    return f'if the value should not count, [variables] ignored = ["{secret}"]'


def tell_forbidden(observations: Sequence[Observation]) -> tuple[str, str] | None:
    """Return why a node that may read declared inputs only has failed, and what to do; None when it may stay."""
    read = [seen for seen in observations if seen.kind in {"file", "listing", "env"}]
    if not read:
        return None
    remedies = []
    if paths := [seen for seen in read if seen.kind != "env"]:
        remedies.append(
            f'annotate a parameter with File, or write @reads("{paths[0].name}") above the function'
        )
    if len(paths) < len(read):
        names = [seen.name for seen in read if seen.kind == "env"]
        ignore = f'name it under [variables] ignored = ["{names[0]}"]'
        remedies.append(ignore if names_secret(names[0]) else "make the variable a config value")
    return f"reads {_some(read)}, which {_no_input(read)}", "; ".join(remedies)


def tell_note(node: str, note: Note) -> str:
    """Return a line about what is suspected of a node, and what to do about it."""
    told = [] if note.tracked else ["not tracked"]
    rest = "; ".join([*told, note.remedy] if note.remedy else told)
    return f"'{node}' {name_note(note)}{f': {rest}' if rest else ''}"


def name_note(note: Note) -> str:
    """Return what is suspected, and where."""
    return f"{note.text} ({note.where})" if note.where else note.text


def _some(observations: Sequence[Observation]) -> str:
    names = _names(observations)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _names(observations: Sequence[Observation]) -> list[str]:
    """Return the names, each once: calls for elements may have read one file with several contents."""
    return list(dict.fromkeys(map(name_observation, observations)))


def _no_input(observations: Sequence[Observation]) -> str:
    return "is no input" if len(_names(observations)) == 1 else "are no inputs"
