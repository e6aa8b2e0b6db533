"""A value that is made again in the middle of a build, and comes out different."""

from pathlib import Path
from typing import Any

import pytest

from dagbuild.executors.base import Executor, Work
from dagbuild.model.outcome import Lost, Outcome
from tests.support import build, computed, noting, write_files

FILES = {
    "dagbuild.toml": 'modules = ["nodes"]',
    "nodes.py": """
        import time

        def source() -> int:
            return time.time_ns()

        def early(source: int) -> int:
            return source

        def late(source: int) -> int:
            return source + 1

        def agree(early: int, late: int) -> bool:
            return late == early + 1
    """,
}


class Overlapping(Executor):
    """Two steps at a time: `late` finds at first that its upstream is gone, `early` has been given it by then.

    `early` is handed back before the upstream that is made again, or after it.
    """

    name = "overlapping"
    slots = 2
    early_first = False

    def __init__(self, _kind: Any, _settings: Any, worker: Any, **_: Any) -> None:
        self._worker = worker
        self._ready: list[tuple[str, Outcome]] = []
        self._kept: list[tuple[str, Outcome]] = []
        self._is_lost = False

    def submit(self, work: Work) -> None:
        name = work.node.name
        if name == "late" and not self._is_lost:
            self._is_lost = True
            self._ready.append((name, Lost({"source": "it is gone"})))
            return
        (self._kept if name == "early" else self._ready).append((name, self._worker.run(work)))

    def wait(self, most: float | None = None) -> list[tuple[str, Outcome]]:
        turns = (self._kept, self._ready) if self.early_first and self._is_lost else (self._ready, self._kept)
        return [next(filter(None, turns)).pop(0)]

    def close(self) -> None:
        pass


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_files(tmp_path, FILES)
    return tmp_path


@pytest.mark.parametrize("first", [False, True], ids=["after", "before"])
@pytest.mark.parametrize("stays", [False, True], ids=["different", "equal"])
def test_what_was_made_of_the_old_value_meanwhile_is_made_again(
    project: Path, monkeypatch: pytest.MonkeyPatch, stays: bool, first: bool
) -> None:
    """One value of a node in one build; where it comes out equal, nothing that has run is lost."""
    if stays:
        text = (project / "nodes.py").read_text().replace("time.time_ns()", "7")
        (project / "nodes.py").write_text(text)
    ran: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr("dagbuild.executors.opening.open_executor", Overlapping)
        patch.setattr(Overlapping, "early_first", first)
        submit = Overlapping.submit
        patch.setattr(Overlapping, "submit", noting(ran, lambda self, work: work.node.name, submit))
        result = build(project, "agree")

    assert result.values["agree"] is True
    assert ran.count("source") == 2
    assert ran.count("early") == (1 if stays else 2)

    again = build(project, "agree")
    assert computed(again) == set()
    assert again.values["agree"] is True
