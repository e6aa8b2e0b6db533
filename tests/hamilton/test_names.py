"""Hamilton's public names are at our addresses, with its parameters in its order, or a page says why not."""

from __future__ import annotations

import importlib
import inspect
import logging
import pkgutil
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.hamilton.reasons import DIFFERS, INNER, LEFT_OUT, WHY, find_reason

hamilton = pytest.importorskip("hamilton")

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "hamilton_names.md"
HEAD = """# Hamilton's names

Every class and function of Hamilton {version} that its modules call public, by address: write `dagbuild` for `hamilton`. Of its
plugins those are told of that work with libraries which dagbuild knows. {others} others have no address here: {plugins}. The page is
made by a test (`pytest tests/hamilton/test_names.py --update-pages`).

Of {all} names {same} are here with their parameters in their order, {differs} are there in another form, {inner} are inner workings,
which nobody's project names, and {left} are left out: {share} %.

| Address | The same | Another form | Inner workings | Left out | How, or why |
| --- | --- | --- | --- | --- | --- |
"""


def list_other_plugins() -> list[str]:
    """Return the plugins of Hamilton's that users name and that have no address here."""
    names = [info.name for info in pkgutil.iter_modules(importlib.import_module("hamilton.plugins").__path__)]
    return sorted(
        name
        for name in names
        if name.startswith("h_") and not name.endswith("_extensions") and is_other(name)
    )


def is_other(name: str) -> bool:
    return find_ours(f"plugins.{name}") is None and f"plugins.{name}" not in WHY


def iterate_modules() -> Iterator[tuple[str, ModuleType]]:
    """Yield (address, module) of what can be imported here."""
    logging.getLogger("hamilton").setLevel(logging.CRITICAL)
    for info in pkgutil.walk_packages(hamilton.__path__, "hamilton."):
        address = info.name.partition(".")[2]
        if address.split(".")[0] in ("cli", "dev_tools", "dev_utils") or "._" in f".{address}":
            continue
        if address.startswith("plugins.") and address not in WHY and find_ours(address) is None:
            continue  # whether it can be imported hangs on what else is installed
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                module = importlib.import_module(info.name)
        except Exception:  # the system that it is for is not there
            continue
        yield address, module


def list_public(module: ModuleType) -> list[str]:
    """Return the names of the classes and functions that are defined there."""
    return sorted(
        name
        for name, thing in vars(module).items()
        if not name.startswith("_")
        and not name.endswith("__")
        and getattr(thing, "__module__", None) == module.__name__
        and (inspect.isclass(thing) or inspect.isfunction(thing))
        and name != "override"
    )


def find_ours(address: str) -> ModuleType | None:
    try:
        return importlib.import_module(f"dagbuild.{address}")
    except ModuleNotFoundError:
        return None


def write_page() -> str:
    rows, counts = [], Counter[str]()
    for address, module in iterate_modules():
        names = list_public(module)
        ours = find_ours(address)
        reasons = {name: find_reason(address, name) for name in names if not hasattr(ours, name)}
        columns = [[name for name in names if name not in reasons]]
        for column in (DIFFERS, INNER, LEFT_OUT):
            columns.append([name for name, reason in reasons.items() if reason.column == column])
            counts[column] += len(columns[-1])
        if not names:
            continue
        counts["all"] += len(names)
        why = "; ".join(dict.fromkeys(reason.text for reason in reasons.values() if reason.text))
        rows.append(f"| `{address}` | {' | '.join(map(tell, columns))} | {why} |")
    others = list_other_plugins()
    told = {
        "version": ".".join(map(str, hamilton.version.VERSION[:2])),
        "others": len(others),
        "plugins": tell(others),
        "same": counts["all"] - counts[DIFFERS] - counts[INNER] - counts[LEFT_OUT],
        "left": counts[LEFT_OUT],
        "share": f"{100 * counts[LEFT_OUT] / counts['all']:.1f}",
    }
    return HEAD.format(**{**counts, **told}) + "\n".join(rows) + "\n"


def tell(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


@pytest.mark.leaves_threads  # its modules import a library that starts some
def test_every_name_is_here_or_is_accounted_for(request: pytest.FixtureRequest) -> None:
    """By the page, which says what there is today; nothing is excused that is there."""
    page = write_page()
    if request.config.getoption("--update-pages"):
        PAGE.write_text(page, "utf-8")

    assert PAGE.read_text("utf-8") == page
    missing = {
        f"{address}.{name}"
        for address, module in iterate_modules()
        for name in list_public(module)
        if not hasattr(find_ours(address), name)
    }
    assert [place for place in WHY if not any(f"{each}.".startswith(f"{place}.") for each in missing)] == []


MADE = ("ExtractorFactory", "MaterializerFactory", "TaskImplementation")
"""What users never make themselves: `to` and `from_` do, or the driver."""


def list_parameters(thing: Any) -> list[inspect.Parameter]:
    return [
        each
        for each in inspect.signature(thing).parameters.values()
        if not each.name.startswith("_")
        and each.name != "self"
        and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]


def find_misfit(theirs: Any, ours: Any) -> str | None:
    """Return a parameter of Hamilton's that a caller could not give us as it is given there."""
    try:
        wanted, given = list_parameters(theirs), list_parameters(ours)
        signature = inspect.signature(ours)
    except (TypeError, ValueError):
        return None
    kinds = {each.kind for each in signature.parameters.values()}
    if getattr(theirs, "__name__", "").startswith(("run_", "load_data")):
        return None  # an adapter's own: it is called by name, or with the one thing that there is to give
    names = {each.name: at for at, each in enumerate(given)}
    for at, each in enumerate(wanted):
        if each.kind is each.KEYWORD_ONLY:
            known = each.name in names or inspect.Parameter.VAR_KEYWORD in kinds
        else:
            known = names.get(each.name) == at or kinds >= {each.VAR_POSITIONAL, each.VAR_KEYWORD}
        if not known:
            return each.name
    return None


@pytest.mark.leaves_threads  # its modules import a library that starts some
def test_parameters_have_hamiltons_names_and_positions() -> None:
    """Of functions, of classes, and of the methods that both have."""
    misfits = {}
    for address, module in iterate_modules():
        ours = find_ours(address)
        for name in list_public(module) if ours else ():
            if not hasattr(ours, name) or name in MADE:
                continue
            one, other = getattr(module, name), getattr(ours, name)
            pairs = [(f"{address}.{name}", one, other)]
            if inspect.isclass(one):
                pairs += [
                    (f"{address}.{name}.{method}", vars(one)[method], getattr(other, method))
                    for method in vars(one)
                    if not method.startswith("_")
                    and inspect.isfunction(vars(one)[method])
                    and hasattr(other, method)
                ]
            for where, theirs, own in pairs:
                if wrong := find_misfit(theirs, own):
                    misfits[where] = wrong

    assert misfits == {}
