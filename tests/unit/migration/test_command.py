"""The command itself, where a golden session cannot show it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.cli.sessions import make_environment
from tests.support import write_files

WITHOUT_LIBCST = """
import runpy, sys
sys.modules["libcst"] = None
sys.argv = ["dagbuild", "migrate", "."]
runpy.run_module("dagbuild", run_name="__main__", alter_sys=True)
"""


SCRIPT = "from hamilton import driver\ndriver.Builder()\n"
"""What is rewritten, and not imported to compare its graph."""


def test_names_the_extra_that_is_not_installed(tmp_path: Path) -> None:
    """In one line, with nothing changed; where nothing is to be rewritten it is not needed."""
    write_files(tmp_path, {"a.py": "import hamilton\n"})

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", WITHOUT_LIBCST]
        return subprocess.run(command, cwd=tmp_path, env=make_environment(), capture_output=True, text=True)

    done = run()
    assert done.returncode == 2
    assert done.stderr == (
        "error: rewriting needs the package 'libcst'\n  try: pip install 'dagbuild[migrate]'\n"
    )
    assert (tmp_path / "a.py").read_text() == "import hamilton\n"
    write_files(tmp_path, {"a.py": "x = 1\n"})
    assert run().returncode == 0


def test_goes_on_past_what_it_may_not_write(tmp_path: Path) -> None:
    """All else is rewritten, and the exit status says that there was a mistake."""
    write_files(tmp_path, {"a/one.py": "import hamilton\n", "two.py": SCRIPT})
    script = tmp_path / "run.py"
    script.write_text(
        "import sys\n"
        "from dagbuild.ground import atomic\n"
        "write = atomic.write\n"
        "def full(path, data, **options):\n"
        "    if path.endswith('one.py'): raise OSError(28, 'No space left on device')\n"
        "    write(path, data, **options)\n"
        "atomic.write = full\n"
        "from dagbuild.cli.main import run\n"
        "sys.exit(run(['migrate', 'a', 'two.py', '--json']))\n"
    )

    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=make_environment(), capture_output=True, text=True
    )

    assert done.returncode == 2
    assert done.stderr == f"error: '{Path('a/one.py')}' cannot be written: No space left on device\n"
    assert [each["path"] for each in json.loads(done.stdout)["files"]] == ["two.py"]
    assert (tmp_path / "a" / "one.py").read_text() == "import hamilton\n"


def test_a_diff_is_alone_on_standard_output(tmp_path: Path) -> None:
    """So that it can be kept and applied."""
    write_files(tmp_path, {"a.py": "import hamilton\n"})

    done = subprocess.run(
        [sys.executable, "-m", "dagbuild", "migrate", "a.py", "--diff", "--check"],
        cwd=tmp_path,
        env=make_environment(),
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert done.stdout == "--- a.py\n+++ a.py\n@@ -1 +1 @@\n-import hamilton\n+import dagbuild\n"
    assert done.stderr == "1 file to rewrite of 1, 0 things left to do by hand\n"
    assert (tmp_path / "a.py").read_text() == "import hamilton\n"
