"""Hamilton's public names are at our addresses, with its parameters in its order, or a page says why not."""

from __future__ import annotations

import importlib
import inspect
import logging
import pkgutil
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.hamilton.reasons import INNER, WHY, find_reason

hamilton = pytest.importorskip("hamilton")

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "hamilton_names.md"
HEAD = """# Hamilton's names

Every class and function of Hamilton {version} that its modules call public, by address: write `dagbuild` for `hamilton`. Of its
plugins those are told of that work with libraries which dagbuild knows; the others (Dask, Spark, Vaex, MLflow, Slack, ...) have no
address here. The page is made by a test
(`pytest tests/hamilton/test_names.py --update-pages`).

Of {all} names {same} are here; of the {rest} others {inner} are inner workings.

| Address | The same | Left out | Why |
| --- | --- | --- | --- |
"""


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
    rows, counts = [], {"all": 0, "same": 0, "inner": 0}
    for address, module in iterate_modules():
        names = list_public(module)
        ours = find_ours(address)
        same = [name for name in names if hasattr(ours, name)]
        rest = [name for name in names if name not in same]
        if not names:
            continue
        why = find_reason(address) if rest else ""
        counts["all"] += len(names)
        counts["same"] += len(same)
        counts["inner"] += len(rest) if why == INNER else 0
        rows.append(f"| `{address}` | {tell(same)} | {tell(rest)} | {why} |")
    counts["rest"] = counts["all"] - counts["same"]
    version = ".".join(map(str, hamilton.version.VERSION[:2]))
    return HEAD.format(version=version, **counts) + "\n".join(rows) + "\n"


def tell(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


@pytest.mark.leaves_threads  # its modules import a library that starts some
def test_every_name_is_here_or_is_accounted_for(request: pytest.FixtureRequest) -> None:
    """By the page, which says what there is today; nothing is excused that is there."""
    page = write_page()
    if request.config.getoption("--update-pages"):
        PAGE.write_text(page, "utf-8")

    assert PAGE.read_text("utf-8") == page
    used = set(re.findall(r"^\| `([\w.]+)` \|.*\| [^|]+ \|$", page, re.MULTILINE))
    packages = {address.rpartition(".")[0] for address in used} | {address.split(".")[0] for address in used}
    assert set(WHY) - used - packages - {"cli", "dev_utils"} == set()


MADE = ("ExtractorFactory", "MaterializerFactory")
"""What only `to` and `from_` make."""


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
