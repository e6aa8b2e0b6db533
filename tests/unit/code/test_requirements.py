"""What distributions require: read as packaging reads it, followed wherever it leads."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement

from dagbuild.code.distributions import package_version, read_distribution
from dagbuild.code.markers import applies
from dagbuild.code.requirements import find_required, read_requirement

MARKERS = [
    'python_version < "3.14"', "python_version >= '3.10' and python_version != '3.12'", 'python_version == "3.*"',
    'python_full_version >= "3.11.0"', "python_version ~= '3.1'", "python_version in '2.7 3.6'", '"linux" in sys_platform',
    'sys_platform not in "win32 cygwin"', "os_name == 'posix' or os_name == 'nt' and extra == 'a'",
    "(os_name == 'java' or os_name == 'posix') and sys_platform == 'plan9'", 'extra == "A.b"', "extra != 'x'",
    "extra == 'a' or extra == 'b'", 'platform_system=="Darwin"', 'implementation_name == "pypy"',
    "platform_python_implementation != 'PyPy' and (extra == 'x' or python_version > '3')",
]  # fmt: skip


@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize("extra", ["", "a", "a-b", "x"])
def test_markers_mean_what_packaging_says(marker: str, extra: str) -> None:
    assert applies(marker, extra) == Marker(marker).evaluate({"extra": extra})


@pytest.mark.parametrize(
    "marker",
    [
        "",
        "what == 'a'",
        "os_name",
        "os_name ==",
        "(os_name == 'nt'",
        "os_name ? 'a'",
        "§",
        "os_name == 'plan9' os_name",
    ],
)
def test_a_marker_that_cannot_be_read_applies(marker: str) -> None:
    assert applies(marker)


def test_all_that_is_installed_here_is_read_as_packaging_reads_it() -> None:
    """Every requirement of every distribution at hand."""
    lines = {line for each in metadata.distributions() for line in each.requires or ()}

    for line in lines:
        known, found = Requirement(line), read_requirement(line)

        assert found is not None
        assert (found.name, set(found.extras)) == (known.name, known.extras)
        for extra in ("", "test", "dev", "all"):
            wanted = known.marker.evaluate({"extra": extra}) if known.marker else True
            assert applies(found.marker, extra) == wanted, line


@pytest.mark.parametrize(
    ("line", "name", "marker"),
    [
        ("a@https://x.org/a;b.zip ; os_name == 'nt'", "a", "os_name == 'nt'"),
        ("a [x,y] >= 1 ; os_name == 'nt'", "a", "os_name == 'nt'"),
        ("a.b_c-d", "a.b_c-d", ""),
    ],
)
def test_a_requirement_is_read(line: str, name: str, marker: str) -> None:
    found = read_requirement(line)

    assert found is not None and (found.name, found.marker) == (name, marker)


def put(site: Path, name: str, *requires: str, text: str = "") -> None:
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    lines = "".join(f"Requires-Dist: {line}\n" for line in requires)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{lines}{text}")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    return tmp_path


def test_cycles_end_and_depth_does_not_matter(site: Path) -> None:
    """A chain of a thousand that comes back to its beginning."""
    for number in range(1000):
        put(site, f"d{number}", f"d{(number + 1) % 1000}")

    assert len(find_required(["d0"])) == 1000


def test_what_is_not_there_and_dagbuild_itself_count_for_nothing(site: Path) -> None:
    put(site, "one", "nowhere", "dagbuild", "two; os_name == 'plan9'")
    put(site, "dagbuild", "three")
    for name in ("two", "three"):
        put(site, name)

    assert find_required(["one", "nowhere"]) == {}


def test_only_what_stands_above_the_text_is_read(site: Path) -> None:
    """Folded lines belong to the field before; below the empty line anybody may write anything."""
    folded = "License: all\n  Requires-Dist: two\nRequires-Dist: three;\n  os_name != 'plan9'\n\nRequires-Dist: four\n"
    put(site, "One.X", text=folded)
    for name in ("two", "three", "four"):
        put(site, name)

    assert find_required(["one-x"]) == {"three": "One.X"}


def test_an_old_kind_of_metadata_is_read(site: Path) -> None:
    """A folder that setuptools left beside the code."""
    info = site / "old.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text("Metadata-Version: 1.2\nName: old\nVersion: 0.9\n")
    (info / "requires.txt").write_text("two\n\n[fast]\nthree\n")
    for name in ("two", "three"):
        put(site, name)

    assert package_version("old") == "0.9"
    assert find_required(["old"]) == {"two": "old"}


def test_the_first_on_the_path_is_meant(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for imports."""
    (tmp_path / "second").mkdir()
    put(site, "one")
    put(tmp_path / "second", "one", "two")
    monkeypatch.setattr(sys, "path", [str(site), str(tmp_path / "second")])

    found = read_distribution("ONE")

    assert found is not None and (found.name, found.requires) == ("one", ())
