"""Hamilton's public names are at our addresses, with its parameters in its order, or a page says why not."""

from __future__ import annotations

import ast
import importlib
import inspect
import logging
import pkgutil
import textwrap
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.hamilton.reasons import HERE, HUB, MISSING, SAME, Form, Said, find_said

hamilton = pytest.importorskip("hamilton")

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "hamilton_names.md"
HEAD = """# Hamilton's names

Every class and function of Hamilton {version} that its modules call public, by address: write `dagbuild` for `hamilton`. The page
is made by a test (`pytest tests/hamilton/test_names.py --update-pages`), and other tests hold what is here against Hamilton.

Of {all} names {inner} are inner workings, which a project has no use for by themselves. Of the {rest} others {same} ({same_share}) are
the same here, {better} ({better_share}) better, {differs} ({differs_share}) differ in a way that is told, and {left} ({left_share}) are left
out; {hub} of these are Hamilton's hub of shared code.

Not counted are its command line, in whose place is `dagbuild`, and {plugins} plugins without an address here, with {plugin_names} classes
and functions by their text. Most are for a library of their own, and cannot be imported where that is not installed:

{plugin_list}.

| Address | Names | Here | How, or why |
| --- | --- | --- | --- |
"""


def iterate_modules() -> Iterator[tuple[str, ModuleType]]:
    """Yield (address, module) of what can be imported here."""
    logging.getLogger("hamilton").setLevel(logging.CRITICAL)
    for info in pkgutil.walk_packages(hamilton.__path__, "hamilton."):
        address = info.name.partition(".")[2]
        if address.split(".")[0] in ("cli", "dev_tools", "dev_utils") or "._" in f".{address}":
            continue
        if address.startswith("plugins.") and not is_told_of(address):
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


def is_told_of(address: str) -> bool:
    """Tell whether a plugin has an address here, or it is said why not."""
    return find_ours(address) is not None or address in MISSING


def list_other_plugins() -> dict[str, int]:
    """Return the plugins without an address here, each with the number of public names that its files define."""
    found = {}
    (folder,) = map(Path, importlib.import_module("hamilton.plugins").__path__)
    for info in pkgutil.iter_modules([str(folder)]):
        if is_told_of(f"plugins.{info.name}"):
            continue
        files = (folder / info.name).rglob("*.py") if info.ispkg else [folder / f"{info.name}.py"]
        found[info.name] = sum(
            isinstance(each, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and each.name[0] != "_"
            for file in files
            for each in ast.parse(file.read_text("utf-8")).body
        )
    return found


def find_form(address: str, name: str) -> tuple[str, Said]:
    """Return what a name is to ours, and under which key that is said."""
    here = hasattr(find_ours(address), name)
    found = find_said(HERE if here else MISSING, address, name)
    if found is None and not here:
        raise LookupError(f"{address}.{name} is not here, and nothing says why")
    return found or ("", SAME)


def write_page() -> str:
    rows = []
    counts: Counter[Form] = Counter()
    hub = 0
    for address, module in iterate_modules():
        said: dict[Said, list[str]] = {}
        for name in list_public(module):
            said.setdefault(find_form(address, name)[1], []).append(name)
        for each in sorted(said, key=lambda each: list(Form).index(each.form)):
            counts[each.form] += len(said[each])
            hub += len(said[each]) if each == HUB else 0
            rows.append(f"| `{address}` | {tell(said[each])} | {each.form.value} | {each.why} |")
    rest = counts.total() - counts[Form.INNER]
    words = {form.name.lower(): counts[form] for form in Form}
    shares = {f"{name}_share": f"{100 * count / rest:.1f} %" for name, count in words.items()}
    others = list_other_plugins()
    head = HEAD.format(
        version=".".join(map(str, hamilton.version.VERSION[:2])),
        all=counts.total(),
        rest=rest,
        hub=hub,
        plugins=len(others),
        plugin_names=sum(others.values()),
        plugin_list="\n".join(textwrap.wrap(tell(sorted(others)), 118)),
        **words,
        **shares,
    )
    return head + "\n".join(rows) + "\n"


def tell(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


@pytest.mark.leaves_threads  # its modules import a library that starts some
def test_every_name_is_here_or_is_accounted_for(request: pytest.FixtureRequest) -> None:
    """By the page, which says what there is today; nothing is excused that is there."""
    page = write_page()
    if request.config.getoption("--update-pages"):
        PAGE.write_text(page, "utf-8")

    assert PAGE.read_text("utf-8") == page


@pytest.mark.leaves_threads  # its modules import a library that starts some
def test_nothing_is_said_of_what_is_not_there() -> None:
    """Each word is of a name that Hamilton has, and those that are better, other or left out say how or why."""
    used = {
        (hasattr(find_ours(address), name), find_form(address, name)[0])
        for address, module in iterate_modules()
        for name in list_public(module)
    }

    assert set(HERE) == {key for here, key in used if here and key}
    assert set(MISSING) == {key for here, key in used if not here}
    for each in (*HERE.values(), *MISSING.values()):
        assert bool(each.why) == (each.form in (Form.BETTER, Form.DIFFERS, Form.LEFT))
    assert not any(each.form in (Form.SAME, Form.LEFT, Form.INNER) for each in HERE.values())


MADE = ("ExtractorFactory", "MaterializerFactory", "TaskImplementation")
"""What nobody makes but `to`, `from_` and a driver."""


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
