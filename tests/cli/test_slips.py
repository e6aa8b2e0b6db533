"""What is said of slips and of projects that hold nothing: in this process, since the words are what counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagbuild import Driver, Project, create_module
from dagbuild.cli.main import run
from dagbuild.ground.errors import InputError, SettingsError
from tests.support import forget_modules, write_files

ONE = {
    "dagbuild.toml": 'modules = ["one_node"]\n[config]\nregion = "UK"\n',
    "one_node.py": "def one(region: str, size: int = 2) -> str:\n    return region * size\n",
}


def one() -> int:
    return 1


@pytest.mark.parametrize("command", ["build", "status", "plan", "list", "graph"])
def test_a_project_without_nodes_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """Nothing is up to date, and nothing is left to do."""
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["no_nodes"]\n', "no_nodes.py": "LIMIT = 3\n"})

    status = run(["--project", str(tmp_path), command])

    forget_modules(tmp_path)
    assert status == 0
    assert capsys.readouterr().out == (
        "there are no nodes: a node is a public function of one of the project's modules\n"
    )


@pytest.mark.parametrize("name", ["DAGBUILD_SET_typo", "DAGBUILD_SET_config__typo", "DAGBUILD_SET_REGOIN"])
@pytest.mark.parametrize("imported", [False, True])
def test_a_variable_that_nothing_reads_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    imported: bool,
) -> None:
    """As `--set` is, by the command line and by Project.load; what a node reads is taken, in capitals too."""
    write_files(tmp_path, ONE)
    monkeypatch.chdir(tmp_path)
    for _ in range(3 if imported else 0):  # so that the project is known without an import
        assert run(["status", "one"]) in (0, 1)
    monkeypatch.setenv(name, "1")
    capsys.readouterr()

    assert run(["status", "one"]) == 2
    said = capsys.readouterr().err
    with pytest.raises(InputError, match="no node reads a config value"):
        Project.load(tmp_path)
    monkeypatch.delenv(name)
    monkeypatch.setenv("DAGBUILD_SET_REGION", "FR")
    monkeypatch.setenv("DAGBUILD_SET_size", "3")
    assert Project.load(tmp_path).build(["one"], values=True).values == {"one": "FRFRFR"}

    forget_modules(tmp_path)
    word = name.rpartition("_")[2]
    assert said.startswith(f"error: {name}: no node reads a config value '{word}'\n")
    assert ("did you mean 'region'?" in said) is (word == "REGOIN")


@pytest.mark.parametrize("url", ["s3://bucket/x", "gs://b", "file:///tmp/x", Path("s3://bucket/x")])
def test_a_driver_refuses_a_cache_at_a_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str | Path
) -> None:
    """And makes no folder of that name."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SettingsError, match="'cache' wants a folder of this machine"):
        Driver({}, create_module(one), cache=url).execute(["one"])

    assert list(tmp_path.iterdir()) == []


def test_a_driver_takes_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As dagbuild.toml does."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    driver = Driver({}, create_module(one), cache="~/kept")
    driver.execute(["one"])
    driver.project.close()

    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


@pytest.mark.parametrize("command", [["export", "one"], ["build", "one", "-o"], ["graph", "-o"]])
def test_a_value_is_not_written_to_a_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    """That would be a folder named "s3:", too."""
    write_files(tmp_path, ONE)
    monkeypatch.chdir(tmp_path)
    assert run(["one"]) == 0

    status = run([*command, "s3://bucket/one.json"])

    forget_modules(tmp_path)
    assert status == 2
    assert "'s3://bucket/one.json' is a URL" in capsys.readouterr().err
    assert not (tmp_path / "s3:").exists()


@pytest.mark.parametrize("text", ["[" + "2, " * 500 + "2]", "9" * 400, '"' + "x" * 5000 + '"'])
def test_a_literal_may_be_longer_than_any_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Whether a file has its name is asked without falling over it."""
    write_files(
        tmp_path,
        {
            "dagbuild.toml": 'modules = ["long_literal"]\n',
            "long_literal.py": "from typing import Any\ndef a() -> Any:\n    return 1\ndef b(a: Any) -> str:\n    return str(a)\n",
        },
    )
    monkeypatch.chdir(tmp_path)

    assert run(["b", "--override", f"a={text}"]) == 0
