"""Builds that are killed at every moment: what was finished stays, nothing half is seen, the next build is right."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from typing import Any

import pytest

from dagbuild.executors.opening import count_cores
from tests.integration.chaos.nursery import Moment, Nursery, choose_moments, nursery, project  # noqa: F401 - fixtures
from tests.integration.chaos.project import ChaosProject

KILLS, MANY_KILLS = 40, 200
SEED = 20


def assert_whole(checked: dict[str, Any], ran: Counter[str], where: str, jobs: int = 1) -> None:
    """What must hold after a kill; `ran` are the calls since the last check, `where` says how to see it again.

    `jobs` are the calls that may have run when it came.
    """
    assert checked["before"]["named"] == [], where
    assert checked["built"]["failures"] == [], where
    assert checked["built"]["values"] == checked["clean"], where
    assert checked["after"]["clean"], where
    # A kill costs the nodes that were running, and no other.
    assert all(times <= 2 for times in ran.values()), f"{where}: {ran}"
    assert sum(times - 1 for times in ran.values()) <= jobs, f"{where}: {ran}"
    if "swept" in checked:
        assert checked["swept"]["left"] == [], where
        assert checked["again"]["values"] == checked["clean"], where
        assert checked["again"]["computed"] == [], where
        assert checked["last"]["clean"], where


def find_sites(nursery: Nursery, project: ChaosProject, action: str, **options: Any) -> list[str]:  # noqa: F811
    """Return the moments at which an action can be killed, each by where it comes from."""
    whole = nursery.start(project, action, moment=0, **options)
    assert whole.wait() is not None
    return whole.sites


def assert_met(moments: list[Moment], missed: list[Moment]) -> None:
    """Most moments came: some depend on the clock, more of them on a busy machine.

    A file written just now is not remembered, and what is written together is what came together.
    """
    assert len(missed) <= len(moments) / 5, missed


@pytest.mark.slow
def test_build_at_every_write_call(nursery: Nursery, project: ChaosProject, thorough: bool) -> None:  # noqa: F811
    """From an empty folder: before each call that writes, and in the middle of it."""
    clean = nursery.run(project, "make_clean")
    sites = find_sites(nursery, project, "build", fold=True)
    moments = choose_moments(sites, thorough=thorough)
    missed: list[Moment] = []
    for number, moment in enumerate(moments):
        shutil.rmtree(project.cache)
        project.take_ran()
        if nursery.start(project, "build", fold=True, **moment._asdict()).wait() is not None:
            missed.append(moment)
            continue
        checked = nursery.run(project, "check", sweep=number % 16 == 0, clean=clean)

        where = f"killed at {moment}"
        assert_whole(checked, project.take_ran(), where)
        assert checked["built"]["said"] == [], where
        assert not set(checked["recorded"]) & set(checked["built"]["computed"]), where
    assert len(sites) > 50
    assert_met(moments, missed)


@pytest.mark.slow
@pytest.mark.parametrize("upkeep", ["collect", "repair"])
def test_upkeep_at_every_write_call(
    nursery: Nursery,  # noqa: F811
    project: ChaosProject,  # noqa: F811
    thorough: bool,
    upkeep: str,
) -> None:
    """While gc merges and removes, and while a repair puts aside: nothing that is kept is lost, and nothing is half."""
    for _ in range(3):
        nursery.run(project, "build", fold=True)
        project.edit("model")
    nursery.run(project, "build", fold=True)
    if upkeep == "repair":
        for path in sorted(project.cache.glob("objects/*/*"))[::2]:
            path.chmod(0o600)
            path.write_bytes(b"damaged")
    before = project.root / "before"
    project.cache.rename(before)
    action, options = ("collect", {"size": 0}) if upkeep == "collect" else ("verify", {"repair": True})
    shutil.copytree(before, project.cache)
    sites = find_sites(nursery, project, action, **options)
    moments = choose_moments(sites, thorough=thorough)
    missed: list[Moment] = []
    for moment in moments:
        shutil.rmtree(project.cache)
        shutil.copytree(before, project.cache)
        project.take_ran()
        if nursery.start(project, action, **moment._asdict(), **options).wait() is not None:
            missed.append(moment)
            continue
        checked = nursery.run(project, "check", sweep=True)

        where = f"killed at {moment}"
        assert checked["built"]["values"] == checked["clean"], where
        assert checked["again"]["computed"] == [], where
        assert checked["swept"]["left"] == [], where
        assert checked["last"]["clean"], where
        if upkeep == "collect":
            assert checked["before"]["named"] == [], where
            assert checked["built"]["computed"] == [], where
    assert len(sites) > 5
    assert_met(moments, missed)


@pytest.mark.slow
def test_at_random_instants(nursery: Nursery, project: ChaosProject, thorough: bool) -> None:  # noqa: F811
    """Builds, gc and repairs, many times, in one folder that is edited all the time and never made anew."""
    generator = random.Random(SEED)
    nursery.run(project, "build")
    longest = 0.1
    actions: list[tuple[str, dict[str, Any]]] = [
        *[("build", {})] * 4,
        *[("build", {"executor": "local"})] * 4,
        ("collect", {"size": 0}),
        ("verify", {"repair": True}),
    ]
    recorded: Counter[str] | None = None
    kills = attempts = 0
    wanted = MANY_KILLS if thorough else KILLS
    while kills < wanted:
        attempts += 1
        assert attempts < 5 * wanted, f"only {kills} were alive when they were killed"
        project.edit_any(generator)
        project.take_ran()
        action, options = generator.choice(actions)
        builder = nursery.start(project, action, **options)
        time.sleep(generator.uniform(0, longest))
        builder.kill()
        alive = builder.wait() is None
        kills += alive
        # The instants follow the speed of the machine: some come too late, so that the last writes are met as well.
        longest *= 1.02 if alive else 0.9
        checked = nursery.run(project, "check", sweep=attempts % 20 == 0)

        where = f"seed {SEED}, attempt {attempts}: {action} {options}"
        assert_whole(checked, project.take_ran(), where, jobs=count_cores() if options.get("executor") else 1)
        if action == "build" and recorded is not None:
            news = Counter(checked["recorded"]) - recorded
            assert not set(news) & set(checked["built"]["computed"]), where
        recorded = Counter(checked["recorded_now"])
