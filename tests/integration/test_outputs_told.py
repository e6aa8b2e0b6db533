"""What the command line says of outputs, without importing; builds side by side; random histories of edits."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dagbuild.plan.events import How
from tests.integration.test_manifest import Place
from tests.support import build, computed, forget_modules, write_files

ROOT = Path(__file__).parents[2]
CODE = """
    import os
    from pathlib import Path

    from dagbuild import reads, writes

    WORD = "first"

    @writes("out/{region}.md")
    def report(region: str) -> None:
        Path("out").mkdir(exist_ok=True)
        Path("out", region + ".md").write_text(WORD + region)

    @writes("out/site")
    def site() -> str:
        for name in ("a", "b/c"):
            path = Path("out/site", name + ".html")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(WORD * 3)
        return WORD

    @reads("out/uk.md", "out/site/b/*.html")
    @writes("index.txt")
    def index() -> int:
        text = Path("out/uk.md").read_text() + Path("out/site/b/c.html").read_text()
        Path("index.txt").write_text(text)
        return len(text)

    def end(index: int, site: str) -> str:
        return f"{index} {site}"
"""
SETTINGS = 'modules = ["nodes"]\n[config]\nregion = "uk"\n'


def read_all(folder: Path) -> dict[str, bytes]:
    """Return the files of a project that nodes leave there."""
    paths = [folder / "index.txt", *(folder / "out").rglob("*")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths if path.is_file()}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A project that was built often enough to be known without importing."""
    place = Place(tmp_path_factory.mktemp("told"), racy=0)
    write_files(place.project, {"dagbuild.toml": SETTINGS, "nodes.py": CODE})
    place.settle("end")
    return place


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "gone": (lambda root: (root / "out" / "uk.md").unlink(), "missing report output missing: out/uk.md"),
    "edited": (lambda root: (root / "out" / "uk.md").write_text("x"), "stale report output changed: out/uk.md"),
    "same length": (lambda root: (root / "index.txt").write_text("X" * 22), "stale index output changed: index.txt"),
    "added": (lambda root: (root / "out/site/b/d").write_text("x"), "stale site output changed: out/site"),
    "deep": (lambda root: (root / "out/site/b/c.html").write_text("x"), "stale site output changed: out/site"),
    "mode": (lambda root: (root / "index.txt").chmod(0o755), "stale index output changed: index.txt"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_the_shortest_answers_know_of_outputs(told: Place, change: str) -> None:
    """No reassurance stands for a moment after an output has changed; and nothing is imported to tell."""
    alter, line = CHANGES[change]
    for _ in range(2):
        text, status, _ = told.run("status")
        built, done, _ = told.run("end")
    assert (status, done) == (0, 0)
    assert "everything is up to date" in text and "`end` is up to date" in built
    assert "click" not in told.run("status")[2] and "click" not in told.run("end")[2]
    before = read_all(told.project)

    alter(told.project)
    text, status, imported = told.run("status")
    assert line in " ".join(text.split()) and status == 1
    assert "nodes" not in imported
    assert "output" in told.run("explain", line.split()[1])[0]
    assert "restore" in told.run("plan")[0]
    built, done, _ = told.run("end")
    assert done == 0 and "1 restored" in built and "computed" not in built
    assert read_all(told.project) == before


def test_builds_side_by_side_leave_whole_files(told: Place) -> None:
    """Two that put back the same outputs at once do not disturb each other."""
    before = read_all(told.project)
    shutil.rmtree(told.project / "out")
    (told.project / "index.txt").write_text("x")
    command = [sys.executable, "-m", "dagbuild", "--project", str(told.project), "end"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    builders = [
        subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(4)
    ]
    for builder in builders:
        said, _ = builder.communicate(timeout=120)
        assert builder.returncode == 0, said.decode()

    assert read_all(told.project) == before
    assert not list(told.project.rglob(".dagbuild-*"))


@pytest.mark.parametrize("seed", range(6))
def test_after_any_history_a_build_leaves_what_a_clean_build_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Code and config edited and taken back, outputs deleted, edited, moved and swapped in between."""
    chance = random.Random(seed)
    used, clean = tmp_path / "used", tmp_path / "clean"
    write_files(used, {"dagbuild.toml": SETTINGS, "nodes.py": CODE})
    monkeypatch.chdir(used)
    for _ in range(8):
        word, region = chance.choice(["first", "other"]), "uk"
        write_files(used, {"nodes.py": CODE.replace('"first"', f'"{word}"')})
        if chance.random() < 0.7:
            _disturb(used, chance)
        result = build(used, "end", load={"config": {"region": region}})
        again = build(used, "end", load={"config": {"region": region}})

        shutil.rmtree(clean, ignore_errors=True)
        write_files(clean, {"dagbuild.toml": SETTINGS, "nodes.py": (used / "nodes.py").read_text()})
        monkeypatch.chdir(clean)
        expected = build(clean, "end", load={"config": {"region": region}})
        monkeypatch.chdir(used)
        assert result.values == expected.values
        assert read_all(used) == read_all(clean)
        assert computed(again) == set() and not again.names(How.RESTORED)
    forget_modules(used)


def _disturb(root: Path, chance: random.Random) -> None:
    for _ in range(chance.randint(1, 3)):
        files = [root / name for name in read_all(root)]
        if not files:
            return
        one, other = chance.choice(files), chance.choice(files)
        match chance.randint(0, 4):
            case 0:
                one.unlink()
            case 1:
                one.write_bytes(chance.randbytes(chance.randint(0, 9)))
            case 2:
                one.replace(other)
            case 3:
                (one.parent / "more.html").write_text("x") if "site" in one.parts else None
            case 4:
                shutil.rmtree(root / "out", ignore_errors=True)
