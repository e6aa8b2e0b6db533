"""A module that only a subdag uses counts like any other, also where nothing is imported to answer."""

from pathlib import Path

from tests.cli.test_shortest_path import is_short, run
from tests.support import write_files

FILES = {
    "dagbuild.toml": 'modules = ["nodes"]\n',
    "nodes.py": "import dagbuild, parts\n\n@dagbuild.subdag(parts)\ndef b(a: int) -> int:\n    return a * 10\n",
    "parts.py": "import helper\n\ndef a() -> int:\n    return helper.give()\n",
    "helper.py": "def give() -> int:\n    return 1\n",
}


def test_an_edit_of_what_only_a_subdag_uses_is_seen_by_who_imports_nothing(tmp_path: Path) -> None:
    """The next build is answered without an import, and the one after an edit computes what it concerns."""
    write_files(tmp_path, FILES)
    for _ in range(2):
        run(tmp_path, "build", "b")
    run(tmp_path, "status", "b")
    _, imported = run(tmp_path, "status", "b")
    said = []
    for name, old, new in [("parts.py", ".give()", ".give() + 1"), ("helper.py", "return 1", "return 4")]:
        file = tmp_path / name
        file.write_text(file.read_text().replace(old, new))
        said.append(run(tmp_path, "build", "b")[0])

    assert is_short(imported)
    assert "b  20" in said[0]
    assert "b  50" in said[1]
