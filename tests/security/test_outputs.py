"""Outputs of records that are signed by somebody who is trusted: they go where this project's code says, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.security.attacks import Json, forge
from tests.security.conftest import ADA, Team, trusted
from tests.security.test_forged_records import made_of
from tests.security.test_signatures import signed
from tests.support import build, computed

NODES = """
    from pathlib import Path

    from dagbuild import writes

    @writes("out/report.md")
    def report() -> int:
        Path("out").mkdir(exist_ok=True)
        Path("out/report.md").write_text("honest")
        return 7


    def plain() -> int:
        return 7


    def doubled(report: int, plain: int) -> int:
        return report + plain
"""

INSIDE = (
    "dagbuild.toml", "nodes.py", ".git/hooks/post-checkout", "new.py", "out", "out/other.md", "OUT/report.md",
    "./nodes.py", "out//report.md", "cache/objects/aa/bb", "linked/evil", "out/report.md/x",
)  # fmt: skip
OUTSIDE = ("out/../nodes.py", "../escaped", "~/escaped", "{tmp}/escaped")
"""Where a stranger would like to write: declared by no node, or not so."""


def file_of(text: bytes) -> Json:
    """Return the stored form of a program."""
    entry = ["file", "", True, 0]
    return made_of("files/1", {"name": "x", "entries": [entry]}, text, code=False)


def picture(folder: Path) -> dict[str, Any]:
    """Return all that is there but for byte-code, and what the cache and the shared folder hold of their own."""
    kept = {"__pycache__", "index", "segments", "shared", "mine"}
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not kept & set(path.relative_to(folder).parts)
    }


@pytest.fixture
def attack(team: Team, tmp_path: Path) -> Callable[[str, list[Any]], tuple[Any, set[str], dict[str, Any]]]:
    """Let the victim build with outputs added to a record, by who is trusted; returns values, what ran, what was written."""

    def meet(
        node: str, outputs: list[Any], *, instead: bool = False, executor: str = "local"
    ) -> tuple[Any, set[str], dict[str, Any]]:
        team.write(NODES, mine=trusted(ADA), yours=trusted(ADA))
        (team.yours / ".git" / "hooks").mkdir(parents=True)
        (tmp_path / "elsewhere").mkdir()
        (team.yours / "linked").symlink_to(tmp_path / "elsewhere")
        team.sign_as(ADA)
        build(team.mine, "report", "plain")

        def change(record: Json) -> Json:
            artifact = record["artifact"]
            honest = [] if instead else artifact.get("outputs", [])
            return signed({**record, "artifact": {**artifact, "outputs": [*honest, *outputs]}}, ADA)

        forge(team.shared, node, change)
        before = picture(tmp_path)
        result = build(team.yours, "doubled", executor=executor)
        after = picture(tmp_path)
        news = {name: data for name, data in after.items() if before.get(name) != data}
        written = {name: data for name, data in news.items() if "/cache/" not in name or b"evil" in data}
        return result.values, computed(result), written

    return meet


def put(place: str) -> list[Any]:
    """Return an output at a place."""
    return [place, "xxh3-" + "0" * 32, file_of(b"evil"), {"": 0o777}]


@pytest.mark.parametrize("executor", ["local", "inline", "ray"])
@pytest.mark.parametrize("node", ["report", "plain"])
def test_to_declared_places_only(
    request: pytest.FixtureRequest, attack: Any, node: str, executor: str
) -> None:
    """All others are left out, whether the node has outputs or none; somebody takes its value."""
    if executor == "ray":
        request.getfixturevalue("local_ray")
    values, ran, written = attack(node, [put(place) for place in INSIDE], executor=executor)

    assert written == {"yours/out/report.md": b"honest"}
    assert ran == {"doubled"}
    assert values == {"doubled": 14}


def test_a_link_is_no_output(attack: Any, tmp_path: Path) -> None:
    """Whoever writes to it would write elsewhere: the node is made again."""
    link = made_of("files/1", {"name": "x", "entries": [["link", "", "nodes.py"]]}, code=False)

    values, ran, written = attack("report", [["out/report.md", "xxh3-" + "0" * 32, link, {}]], instead=True)

    assert written == {"yours/out/report.md": b"honest"}
    assert not (tmp_path / "yours" / "out" / "report.md").is_symlink()
    assert ran == {"doubled", "report"}
    assert values == {"doubled": 14}


@pytest.mark.parametrize("place", OUTSIDE)
def test_what_leads_outside_is_no_record(attack: Any, tmp_path: Path, place: str) -> None:
    """The node is made again."""
    values, ran, written = attack("plain", [put(place.replace("{tmp}", str(tmp_path)))])

    assert written == {"yours/out/report.md": b"honest"}
    assert ran == {"doubled", "plain"}
    assert values == {"doubled": 14}
