"""Whose code a module is, and which distribution it belongs to."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from dagbuild.code.distributions import find_distribution, find_distributions, list_infos, package_version
from dagbuild.code.origin import Origin, Origins
from tests.unit.code.conftest import Load


def install(site: Path, name: str, version: str, files: list[str], top: str = "") -> None:
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nText\n")
    (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    if top:
        (info / "top_level.txt").write_text(top)
    for file in files:
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_text("")


@pytest.mark.parametrize(
    ("module", "origin"),
    [
        ("json.decoder", Origin("standard")),
        ("sys", Origin("standard")),
        ("builtins", Origin("standard")),
        ("__main__", Origin("project")),
        ("dagbuild.code", Origin("dagbuild")),
        ("pandas.core.frame", Origin("package", "pandas")),
        ("dateutil.parser", Origin("package", "python-dateutil")),
        ("yaml", Origin("package", "PyYAML")),
    ],
)
def test_known_modules(module: str, origin: Origin) -> None:
    """By where their files lie; the name of a distribution is not that of the module."""
    assert Origins(()).of_name(module) == origin


def test_modules_that_were_given_are_the_projects(load: Load) -> None:
    """Wherever they lie, with all of their package."""
    import json

    assert Origins([json]).of_name("json.decoder").kind == "project"
    assert Origins([load(nodes="")]).of_name("json.decoder").kind == "standard"


def test_a_module_may_bear_a_name_of_the_standard_library(load: Load) -> None:
    """It is the project's when its file is."""
    module = load(this="")
    assert "this" in sys.stdlib_module_names

    assert Origins(()).of_globals(vars(module)).kind == "project"


def find(site: Path, module: str, path: str) -> str | None:
    return find_distribution(str(site), list_infos(str(site)), module, path)


def test_one_top_level_name_may_belong_to_several(tmp_path: Path) -> None:
    """In a namespace package the file decides; a name that nobody has recorded belongs to nobody."""
    site = tmp_path / "site-packages"
    install(site, "acme-one", "1.0", ["acme/one/__init__.py"])
    install(site, "acme-two", "1.0", ["acme/two/__init__.py"], top="acme")
    install(site, "other", "1.0", ["other.py"])

    assert find(site, "acme.one", str(site / "acme/one/__init__.py")) == "acme-one"
    assert find(site, "acme.two", str(site / "acme/two/__init__.py")) == "acme-two"
    assert find(site, "other", str(site / "other.py")) == "other"
    assert find(site, "loose", str(site / "loose.py")) is None
    assert find_distributions(str(site), "acme") == ["acme-one", "acme-two"]
    assert find_distributions(str(site), "other") == ["other"]
    assert find_distributions(str(site), "loose") == []


def test_what_is_installed_later_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has looked into the folder before looks again for a module that nobody had then."""
    site = tmp_path / "site-packages"
    install(site, "one", "1.0", ["thing.py"])
    (site / "thing.py").write_text("")
    monkeypatch.syspath_prepend(str(site))
    origins = Origins(())
    assert origins.of_name("thing") == Origin("package", "one")

    install(site, "two", "1.0", ["another.py"])
    (site / "another.py").write_text("")
    importlib.invalidate_caches()

    assert origins.of_name("another") == Origin("package", "two")


def test_an_upgrade_is_seen(tmp_path: Path) -> None:
    """What is remembered is remembered for one state of the folder."""
    site = tmp_path / "site-packages"
    install(site, "one", "1.0", ["thing.py"])
    assert find(site, "thing", str(site / "thing.py")) == "one"
    for file in (site / "one-1.0.dist-info").iterdir():
        file.unlink()
    (site / "one-1.0.dist-info").rmdir()
    install(site, "two", "1.0", ["thing.py"])

    assert find(site, "thing", str(site / "thing.py")) == "two"


def test_versions() -> None:
    """Of what is installed, and nothing for what is not."""
    import xxhash

    assert package_version("xxhash") == xxhash.VERSION
    assert package_version("no-such-thing") == ""
