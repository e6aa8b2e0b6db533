"""A Driver says what it cannot see, as the commands do: by logging, each line once, in each process again."""

import importlib
import logging
import sys
from pathlib import Path

import pytest

from dagbuild import Driver
from dagbuild.plan.events import Event, Notice
from tests.support import write_files

NODES = """
    import os
    import time


    def there(folder: str) -> bool:
        return os.path.exists(folder + "/flag")


    def clock(x: int) -> float:
        return x + 0 * time.time()


    def plain(x: int) -> int:
        return x + 1
"""


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Driver:
    write_files(tmp_path, {"told_nodes.py": NODES})
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "told_nodes", raising=False)
    return Driver(
        {"x": 1, "folder": str(tmp_path)},
        importlib.import_module("told_nodes"),
        cache=tmp_path / "cache",
        executor="inline",  # threads that other tests have left would be told of
    )


@pytest.mark.parametrize(("node", "word"), [("there", "exists"), ("clock", "clock")])
def test_is_said_on_the_first_run_and_when_the_value_is_reused(
    driver: Driver, caplog: pytest.LogCaptureFixture, node: str, word: str
) -> None:
    """By each new driver: the value may be old by then."""
    for made in (driver, Driver(driver.project.settings.config, *driver.project.modules,
                                cache=driver.project.settings.cache.folder)):  # fmt: skip
        with caplog.at_level(logging.WARNING, "dagbuild"):
            caplog.clear()
            made.execute([node])
            said = [record.message for record in caplog.records if f"'{node}'" in record.message]
            made.execute([node])

        assert any(word in text and "not tracked" in text for text in said)
        assert len([record for record in caplog.records if f"'{node}'" in record.message]) == len(said)


def test_nothing_is_said_of_what_is_seen(driver: Driver, caplog: pytest.LogCaptureFixture) -> None:
    """A plain node makes no noise."""
    driver.execute(["plain"])

    assert caplog.records == []


def test_who_listens_is_told_instead(driver: Driver, caplog: pytest.LogCaptureFixture) -> None:
    """`on_event` has it, and the log has not."""
    told: list[Event] = []
    driver.execute(["there"], on_event=told.append)

    assert any(isinstance(event, Notice) and "not tracked" in event.text for event in told)
    assert caplog.records == []
