"""The small examples do what their pages say."""

from typing import Any

import pytest


def test_hello_builds_from_the_command_line(run: Any, copy: Any) -> None:
    """`dagbuild report` computes once, and the value can be shown."""
    project = copy("hello")

    first = run("-m", "dagbuild", "report", cwd=project).stdout
    second = run("-m", "dagbuild", "report", cwd=project).stdout
    shown = run("-m", "dagbuild", "show", "report", cwd=project).stdout

    assert "4 computed" in first
    assert "up to date" in second
    assert "19.6 degrees on average, 3 warm days" in shown


def test_hello_counts_only_config_that_is_read(run: Any, copy: Any) -> None:
    """Another limit makes the count of warm days stale, not the mean."""
    project = copy("hello")
    run("-m", "dagbuild", "report", cwd=project)

    stale = run("-m", "dagbuild", "--set", "limit=17", "status", cwd=project, status=(1,)).stdout

    assert "warm_days" in stale
    assert "mean" not in [word for line in stale.splitlines() if "stale" in line for word in line.split()]


def test_paper_in_one_step(run: Any, copy: Any) -> None:
    """The script prints the forecast of thirteen weeks, the same from the cache."""
    project = copy("paper")

    first = run("one_step.py", cwd=project).stdout
    second = run("one_step.py", cwd=project).stdout

    assert len(first.splitlines()) == 1 + 13
    assert first == second
    assert "fresh  10 nodes" in run("-m", "dagbuild", "status", cwd=project).stdout


def test_paper_by_an_adapter_of_ones_own(run: Any, copy: Any) -> None:
    """It calls every function itself, and gives what the others give beside how long each took."""
    project = copy("paper")

    own = run("own_adapter.py", cwd=project).stdout.splitlines()
    again = run("own_adapter.py", cwd=project).stdout.splitlines()

    assert own[:-1] == run("one_step.py", cwd=project).stdout.splitlines()
    assert own[-1].startswith("10 functions called, ")
    assert again[-1].startswith("10 functions called, ")


def test_paper_in_two_steps(run: Any, copy: Any) -> None:
    """A table that was corrected by hand between the steps gives another forecast."""
    project = copy("paper")

    as_it_was = run("one_step.py", cwd=project).stdout
    corrected = run("two_steps.py", cwd=project).stdout

    assert len(corrected.splitlines()) == 1 + 13
    assert corrected != as_it_was


@pytest.mark.slow
def test_paper_on_ray(run: Any, copy: Any) -> None:
    """Ray gives the very same forecast."""
    project = copy("paper")

    on_ray = run("on_ray.py", cwd=project).stdout
    here = run("one_step.py", cwd=project).stdout

    assert on_ray.splitlines()[-14:] == here.splitlines()


def test_paper_from_the_command_line(run: Any, copy: Any) -> None:
    """The same modules are a project too; the other region has other holidays and another forecast."""
    project = copy("paper")

    us = run("-m", "dagbuild", "forecast", "-o", "us.csv", cwd=project)
    uk = run("-m", "dagbuild", "--set", "region=UK", "forecast", "-o", "uk.csv", cwd=project)

    assert us.returncode == uk.returncode == 0
    assert (project / "us.csv").read_text() != (project / "uk.csv").read_text()
