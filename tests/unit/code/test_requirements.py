"""What distributions require: followed wherever it leads, and where it applies."""

from __future__ import annotations

import email.message  # noqa: F401 - what is imported later comes from the path of these tests
import sys
from pathlib import Path
from typing import Any

import packaging.requirements  # noqa: F401 - this, too
import pytest

from dagbuild.code.distributions import package_version, read_distribution
from dagbuild.code.requirements import find_required
from dagbuild.ground import stamps


def put(site: Path, name: str, *requires: str, text: str = "") -> None:
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    lines = "".join(f"Requires-Dist: {line}\n" for line in requires)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{lines}{text}")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    return tmp_path


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("two", True),
        ("two >= 7", True),  # what is there is what is used
        ("two[x, y] (>=1); python_version >= '3.10' and python_version != '3.0'", True),
        ("two@https://x.org/a;b.zip ; os_name != 'plan9'", True),
        ("two@https://x.org/a;b.zip ; os_name == 'plan9'", False),
        ("two; python_version ~= '2.1'", False),
        ("two; 'plan' in sys_platform or (os_name == 'plan9' and extra == '')", False),
        ("two; extra == 'fast'", False),
        ("two; extra == 'Fast' or extra == 'slow'", False),
        # What cannot be read applies.
        ("two; what == 'a'", True),
        ("two; os_name ==", True),
        ("two; (os_name == 'nt'", True),
        ("two; os_name == 'plan9' os_name", True),
        ("two; §", True),
        ("two ? 3", True),
        ("§", False),
    ],
)
def test_a_line_counts_where_it_applies(line: str, wanted: bool, site: Path) -> None:
    put(site, "one", line)
    put(site, "two")

    assert find_required(["one"]) == ({"two": "one"} if wanted else {})


def test_extras_are_asked_for(site: Path) -> None:
    """However they are spelt; those of extras, and a distribution's own, too."""
    put(site, "one", "two[Some_Thing]")
    put(
        site,
        "two",
        "three; extra == 'some-thing'",
        "two[more]; extra == 'some.thing'",
        "four; extra == 'more'",
    )
    put(site, "three", "five; extra == 'some-thing'")
    for name in ("four", "five"):
        put(site, name)

    assert find_required(["one"]) == {"two": "one", "three": "two", "four": "two"}


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


@pytest.mark.parametrize("margin", [stamps.COARSE_NS, 0])
def test_what_is_written_anew_is_read_anew(site: Path, monkeypatch: pytest.MonkeyPatch, margin: int) -> None:
    """Young or long settled: by who changes a distribution where it lies, and by who removes what it says."""
    monkeypatch.setattr(stamps, "COARSE_NS", margin)
    put(site, "one", "two")
    for name in ("two", "three"):
        put(site, name)
    assert (package_version("one"), find_required(["one"])) == ("1.0", {"two": "one"})

    said = site / "one-1.0.dist-info" / "METADATA"
    said.write_text("Name: one\nVersion: 1.0.1\nRequires-Dist: three\n")
    assert (package_version("one"), find_required(["one"])) == ("1.0.1", {"three": "one"})

    said.unlink()
    assert find_required(["one"]) == {}


def test_what_is_as_it_was_is_not_opened_again(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build asks for what is installed each time, in a session of hundreds."""
    monkeypatch.setattr(stamps, "COARSE_NS", 0)
    put(site, "one", "two")
    put(site, "two")
    find_required(["one"])
    opened: list[object] = []
    real = Path.open

    def note(path: Path, *words: Any, **options: Any) -> Any:
        opened.append(path)
        return real(path, *words, **options)

    monkeypatch.setattr(Path, "open", note)

    assert find_required(["one"]) == {"two": "one"}
    assert opened == []
