"""Meet attacks one after the other, as the command line of a victim: `python -m tests.security.victim LIST FOLDER`.

LIST has a line for each: what it is, the file with what stands in the place of the records, and the commands to run.
FOLDER is where the shared records are. A line on standard output tells how each command ended; an attack that ends the
process has won.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
from pathlib import Path

from dagbuild.cli.main import run
from dagbuild.store.compression import compress


def main(todo: Path, folder: Path) -> None:
    """Meet all attacks of a list."""
    for line in todo.read_text().splitlines():
        what, file, commands = json.loads(line)
        for path in folder.iterdir():
            path.unlink()
        data = memoryview(Path(file).read_bytes())
        (folder / "20300101T000000-abcdef-0001.jsonl.zst").write_bytes(compress(data))
        for words in commands:
            shutil.rmtree("cache", ignore_errors=True)
            output, said = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(said):
                status = run(words)
            end = {"what": what, "status": status, "output": output.getvalue(), "said": said.getvalue()}
            print(json.dumps(end), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
