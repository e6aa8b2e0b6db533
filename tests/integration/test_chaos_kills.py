"""Builds that are killed at every moment: what was finished stays, nothing half is seen, the next build is right."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from typing import Any

import pytest

from tests.integration.chaos.nursery import Nursery, nursery, project  # noqa: F401 - fixtures
from tests.integration.chaos.project import NODES, ChaosProject

KILLS = 200
SEED = 20


def assert_whole(checked: dict[str, Any], clean: dict[str, str], ran: Counter[str], where: str) -> None:
    """What must hold after a kill; `ran` are the calls since the last check, `where` says how to see it again."""
    assert checked["before"]["named"] == [], where
    assert checked["built"]["failures"] == [], where
    assert checked["built"]["values"] == clean, where
    assert checked["built"]["said"] == [], where
    assert checked["after"]["clean"], where
    # A kill costs the node that was running, and no other.
    assert all(times <= 2 for times in ran.values()), f"{where}: {ran}"
    assert sum(times - 1 for times in ran.values()) <= 1, f"{where}: {ran}"
    if "swept" in checked:
        assert checked["swept"]["left"] == [], where
        assert checked["again"]["values"] == clean, where
        assert checked["again"]["computed"] == [], where
        assert checked["last"]["clean"], where


@pytest.mark.slow
@pytest.mark.parametrize("fold", [False, True], ids=["segments", "index"])
def test_at_every_write_call(nursery: Nursery, project: ChaosProject, fold: bool) -> None:  # noqa: F811
    """From an empty folder, the n-th time at the n-th call that writes, and in the middle of each write."""
    clean = nursery.run(project, "make_clean")
    moment = 0
    while True:
        moment += 1
        shutil.rmtree(project.cache, ignore_errors=True)
        project.take_ran()
        if nursery.start(project, "build", moment=moment, fold=fold).wait() is not None:
            break
        checked = nursery.run(project, "check", sweep=moment % 5 == 0)

        where = f"killed at moment {moment}"
        assert_whole(checked, clean, project.take_ran(), where)
        assert not set(checked["recorded"]) & set(checked["built"]["computed"]), where
    assert moment > 50
