"""On which day a record was last looked up, for gc.

Knows keys and days. One small text file a process and day, with the keys that no other file of the day has: a build
that finds everything as it was writes nothing. Losing the folder makes gc less well informed, no more.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

from dagbuild.ground.digest import is_digest

DAY = 86_400.0


class Uses:
    """The notes of one cache folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys: set[str] = set()
        self._lock = threading.Lock()

    def note(self, keys: Collection[str]) -> None:
        """Remember that records were found under these keys."""
        with self._lock:
            self._keys.update(keys)

    def save(self) -> None:
        """Write down what is news today; does nothing where that is not possible."""
        with self._lock:
            if not self._keys or not self._folder.parent.is_dir():
                return
            today = f"{datetime.now(UTC):%Y-%m-%d}"
            news = self._keys.difference(*(_read(path) for path in self._folder.glob(f"{today}.*.txt")))
            self._keys = set()
            if news:
                with contextlib.suppress(OSError):
                    self._folder.mkdir(mode=0o700, exist_ok=True)
                    path = self._folder / f"{today}.{secrets.token_hex(6)}.txt"
                    path.write_text("\n".join(sorted(news)) + "\n", "ascii", errors="replace")

    def load(self) -> dict[str, float]:
        """Return the end of the day on which each key was last used, in seconds since 1970."""
        last: dict[str, float] = {}
        for path in sorted(self._folder.glob("*.txt")):
            with contextlib.suppress(ValueError):
                end = datetime.strptime(path.name[:10], "%Y-%m-%d").replace(tzinfo=UTC).timestamp() + DAY
                for key in _read(path):
                    last[key] = max(end, last.get(key, end))
        return last

    def forget_before(self, time: float) -> None:
        """Remove the notes of days that ended before `time`."""
        for path in self._folder.glob("*.txt"):
            with contextlib.suppress(OSError, ValueError):
                if datetime.strptime(path.name[:10], "%Y-%m-%d").replace(tzinfo=UTC).timestamp() + DAY < time:
                    path.unlink()


def _read(path: Path) -> set[str]:
    try:
        return {line for line in path.read_text("ascii", errors="replace").splitlines() if is_digest(line)}
    except OSError:
        return set()
