"""Forms of functions in the cache folder, a file for each text, for who imports the project next.

A memo: a file may be lost or damaged at any time, and then the text is parsed. Guards: no file is taken whose bytes are
not those that were written, nor one that another Python or another dagbuild wrote; none can run code, for all are JSON.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import dagbuild.code
from dagbuild.code.form_memo import Forms
from dagbuild.ground import atomic
from dagbuild.ground.digest import Digest, digest_bytes, digest_json, digest_text
from dagbuild.ground.private import make_private
from dagbuild.ground.quiet import quiet

_SPARE = 64
"""Files that are kept beside those in use, and as many again as those."""


class FormFiles:
    """What is known of texts in an earlier process; `keep` writes down what has become known in this one."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._folder = cache / "index" / "forms" / _find_maker()
        self._noted: dict[Digest, Forms] = {}

    def find(self, text: str) -> Forms | None:
        """Return what is known of a text."""
        body = self._read(digest_text(text))
        try:
            return Forms.from_text(body) if body else None
        except (ValueError, TypeError):
            return None

    def note(self, text: str, forms: Forms) -> None:
        """Note what will be known of a text at the end."""
        self._noted[digest_text(text)] = forms

    def keep(self) -> None:
        """Write down what is new, where that is possible, and remove what has not been of use for long."""
        news = {digest: forms for digest, forms in self._noted.items() if forms.news or not forms.written}
        if not news or not self._cache.is_dir():
            return
        with contextlib.suppress(OSError), quiet():
            make_private(self._folder)
            for digest, forms in news.items():
                body = "\n".join([self._read(digest) or forms.head, *forms.news]).encode("ascii")
                atomic.write(str(self._path(digest)), digest_bytes(body).encode("ascii") + b"\n" + body)
                forms.written = True
                forms.news.clear()
            self._sweep()

    def _read(self, digest: Digest) -> str:
        """Return what is written down of a text, or nothing."""
        try:
            with quiet():
                told, _, body = self._path(digest).read_bytes().partition(b"\n")
            return body.decode("ascii") if told.decode("ascii") == digest_bytes(body) else ""
        except (OSError, ValueError):
            return ""

    def _sweep(self) -> None:
        """Remove the oldest files of texts that are not in use, of this dagbuild and of others, where they are many."""
        used = {str(self._path(digest)) for digest in self._noted}
        found = []
        for folder, _, names in os.walk(self._folder.parent):
            found += [path for name in names if (path := os.path.join(folder, name)) not in used]  # noqa: PTH118
        many = len(found) - len(used) - _SPARE
        if many > 0:
            for path in sorted(found, key=os.path.getmtime)[:many]:
                Path(path).unlink(missing_ok=True)

    def _path(self, digest: Digest) -> Path:
        return self._folder / f"{digest}.json"


def _find_maker() -> str:
    """Return a name for what makes forms: this Python, and the files of this dagbuild that read code."""
    files = []
    for folder in dagbuild.code.__path__:
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            found = [(entry.name, entry.stat()) for entry in entries if entry.is_file()]
            files += [[name, stat.st_size, stat.st_mtime_ns] for name, stat in sorted(found)]
    return digest_json([sys.version, sys.flags.optimize, files])
