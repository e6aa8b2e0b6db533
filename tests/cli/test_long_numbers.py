"""Integers of more digits than Python writes, wherever a project has one: no command stumbles."""

import json
from pathlib import Path
from typing import Any

import pytest

from dagbuild.cli.main import run
from tests.support import build, computed, write_files

LONG = "7" * 5000
FILES = {
    "dagbuild.toml": f'modules = ["long"]\n[config]\nconfigured = {LONG}\nin_list = [0x{"f" * 4000}]\n',
    "long.py": """
        import pandas as pd

        from dagbuild import inject, value

        CONSTANT = 10**5000

        class Box:
            held = 10**5001

        def made() -> int:
            return CONSTANT

        def held() -> list:
            return [Box.held, {10**5002: 1}, {10**5003}]

        def framed() -> pd.DataFrame:
            return pd.DataFrame({"a": [10**5000, 1]}, dtype=object)

        @inject(n=value(10**5004))
        def bound(n: int, by_default: int = 10**5005) -> int:
            return (n + by_default) % 7

        def taken(made: int, configured: int, in_list: list) -> str:
            return str((made + configured + in_list[0]) % 7)

        def fails(made: int) -> int:
            raise ValueError("no")
    """,
}
COMMANDS = [
    "build made held framed bound taken", "build made held framed bound taken --json", "status", "status --json",
    "plan", "explain taken", "explain made", "explain bound --json", "show made", "show held", "show framed",
    "show made --json", "show held --json", "list --json", "log made", "log made --json", "lineage taken", "check",
    "check --determinism made", "export made made.txt", "export made made.json", "export held held.pickle",
    "export framed framed.csv", "graph -o drawn.svg", "graph -o drawn.json", "pin made", "pins", "status", "unpin made",
    f"build taken --set configured={LONG}8", f"build taken --override made={LONG}", "build taken --override made=made.json",
    "stats",
]  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_files(tmp_path, FILES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_takes_them(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Values, config, constants, defaults, bindings; as text and as JSON."""
    for command in COMMANDS:
        status = run(command.split())

        told = capsys.readouterr()
        assert status in (0, 1), (command[:60], told.err[-2000:])
        assert "limit" not in told.out + told.err, command[:60]
    assert (project / "made.txt").read_text() == "1" + "0" * 5000 + "\n"
    assert "1" + "0" * 5000 in (project / "framed.csv").read_text()
    assert run(["fails"]) == 1
    capsys.readouterr()
    run(["show", "made", "--json"])
    assert json.loads(capsys.readouterr().out)["value"] == "an integer of about 5,001 digits"


@pytest.mark.parametrize(
    "old",
    [f"configured = {LONG}", "CONSTANT = 10**5000", "held = 10**5001", "10**5004", "10**5005"],
    ids=range(5),
)
def test_an_edit_of_one_is_seen(project: Path, old: Any) -> None:
    """One more digit is another value."""
    targets = ("made", "held", "bound", "taken")
    build(project, *targets)
    assert not computed(build(project, *targets))
    file = project / ("dagbuild.toml" if "configured" in old else "long.py")

    file.write_text(file.read_text().replace(old, f"{old}1", 1))

    assert computed(build(project, *targets))
