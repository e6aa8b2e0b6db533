"""Many builders of one project at once: each node runs once among them all, and all get the same values."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest

from tests.integration.chaos.nursery import Nursery, nursery, project  # noqa: F401 - fixtures
from tests.integration.chaos.project import NODES, ChaosProject

BUILDERS = 8
ROUNDS, MANY_ROUNDS = 15, 50
SEED = 8


@pytest.mark.slow
def test_rounds(nursery: Nursery, project: ChaosProject, thorough: bool) -> None:  # noqa: F811
    """Eight builders, many rounds, an edit before each; in every fifth round some of them are killed."""
    generator = random.Random(SEED)
    stale = set(NODES)
    for number in range(MANY_ROUNDS if thorough else ROUNDS):
        where = f"seed {SEED}, round {number}, stale {sorted(stale)}"
        killed = set(generator.sample(range(BUILDERS), 3)) if number % 5 == 4 else set()
        kinds = ("inline", "local")
        builders = [nursery.start(project, "build", executor=kinds[n % 2]) for n in range(BUILDERS)]
        for victim in sorted(killed):
            time.sleep(generator.uniform(0, 0.03))
            builders[victim].kill()
        ends = [builder.wait() for builder in builders]
        clean = nursery.run(project, "make_clean")

        finished = [end for end in ends if end is not None]
        assert len(finished) >= BUILDERS - len(killed), where
        assert [end["failures"] for end in finished] == [[]] * len(finished), where
        assert [end["values"] for end in finished] == [clean] * len(finished), where
        ran = project.take_ran()
        if not killed:
            assert ran == Counter(dict.fromkeys(stale, 1)), where
        else:
            assert set(ran) == stale, where
            assert sum(ran.values()) <= len(stale) + len(killed), where
        stale = project.edit_any(generator)
    checked = nursery.run(project, "verify")
    assert checked["named"] == []
