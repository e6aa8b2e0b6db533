"""What an edit costs: `status` says it before, the build does just that, and the result is the one of a clean build.

Everything goes through the real command line, each command in a process of its own, on the main example. The first
build starts as a user's does; the processes of the others have imported everything when they begin.
"""

import csv
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Work:
    """A copy of the main example, with the commands that the tests give."""

    root: Path
    run: Callable[..., subprocess.CompletedProcess[str]]

    def status(self, *options: str) -> dict[str, set[str]]:
        """Return the nodes above `forecast` by their status."""
        clean = self._ask("status", "forecast", "--json", *options, status=(0, 1))
        found: dict[str, set[str]] = {}
        for node in json.loads(clean)["nodes"]:
            found.setdefault(node["status"], set()).add(node["name"])
        return found

    def build(self, *options: str) -> tuple[set[str], str]:
        """Build the forecast; return what was computed, and the forecast as CSV."""
        file = self.root / "out.csv"
        said = self._ask("build", "forecast", "--json", "-o", str(file), *options)
        events = [json.loads(line) for line in said.splitlines()]
        ended = [event for event in events if event["event"] == "step_finished"]
        return {event["node"] for event in ended if event["how"] == "computed"}, file.read_text()

    def clean_build(self, *options: str) -> str:
        """Return the forecast as a build from an empty cache makes it."""
        return self.build("--set", f"cache.folder={self.root / 'empty'}", *options)[1]

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text that stands in a file exactly once."""
        path = self.root / file
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))

    def _ask(self, *words: str, status: tuple[int, ...] = (0,)) -> str:
        return self.run(*words, cwd=self.root, status=status).stdout


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory,
    run: Callable[..., subprocess.CompletedProcess[str]],
    copy_to: Callable[..., Path],
) -> Path:
    """The main example, built once."""
    root = copy_to("forecast", tmp_path_factory.mktemp("built"))
    run("-m", "dagbuild", "build", "forecast", cwd=root)
    return root


@pytest.fixture
def work(built: Path, tmp_path: Path, command: Callable[..., subprocess.CompletedProcess[str]]) -> Work:
    """A copy of the built example, cache and all, in another folder."""
    return Work(shutil.copytree(built, tmp_path / "elsewhere"), command)


def test_forecast_is_better_than_last_week(work: Work, run: Any) -> None:
    """The model is worth its nodes: at each airport it beats "the same as a week before"."""
    run("-m", "dagbuild", "evaluation", "-o", "evaluation.csv", cwd=work.root)

    with (work.root / "evaluation.csv").open() as file:
        rows = list(csv.DictReader(file))

    assert len(rows) == 4
    assert all(float(row["error"]) < 0.9 * float(row["naive"]) for row in rows)


def test_second_build_computes_nothing(work: Work) -> None:
    """In another folder, too."""
    assert set(work.status()) == {"fresh"}

    computed, _ = work.build()

    assert computed == set()


def test_comment_costs_nothing(work: Work) -> None:
    """Nor do a docstring, an empty line and another annotation."""
    work.edit(
        "examples/forecast/gaps.py",
        '    return daily.groupby(level="airport").ffill()',
        '\n    # Forward only: nobody knows the future.\n    return daily.groupby(level="airport").ffill()',
    )
    work.edit("examples/forecast/features.py", '"""Day of the week, Monday first."""', '"""0 is Monday."""')

    assert set(work.status()) == {"fresh"}
    computed, _ = work.build()

    assert computed == set()


def test_touch_costs_nothing(work: Work) -> None:
    """A file whose time changes and whose bytes do not is the same input."""
    os.utime(work.root / "examples/forecast/data/events.csv")
    os.utime(work.root / "examples/forecast/gaps.py")

    assert set(work.status()) == {"fresh"}
    computed, _ = work.build()

    assert computed == set()


def test_edit_of_a_helper_two_modules_away(work: Work) -> None:
    """`every_day` is called by `per_day`, which the daily columns call: these are stale, what is below is affected."""
    work.edit(
        "examples/forecast/gaps.py",
        "date_range(dates.min(),",
        "date_range(dates.min() + pd.Timedelta(days=1),",
    )

    before = work.status()
    computed, forecast = work.build()

    assert before["stale"] == {
        "departures",
        "cancelled",
        "mean_delay",
        "late_share",
        "mean_distance",
        "mean_seats",
        "daily_temperature",
        "daily_wind",
        "daily_rain",
        "daily_visibility",
    }
    assert computed == before["stale"] | before["affected"]
    assert {"flights", "weather", "events", "holidays"} <= before["fresh"]
    assert forecast == work.clean_build()
    assert set(work.status()) == {"fresh"}


def test_edit_that_changes_no_value(work: Work) -> None:
    """The wave stops where a value comes out as it was."""
    work.edit("examples/forecast/gaps.py", '(level="airport").ffill()', '(level="airport").ffill().copy()')

    before = work.status()
    computed, _ = work.build()

    assert (
        computed
        == before["stale"]
        == {
            "mean_delay",
            "daily_temperature",
            "daily_wind",
            "daily_rain",
            "daily_visibility",
        }
    )
    assert "data_set" in before["affected"]
    assert set(work.status()) == {"fresh"}


def test_edit_of_a_config_value(work: Work) -> None:
    """Only what reads it runs, and what is made from that."""
    work.edit("dagbuild.toml", "shrinkage = 30.0", "shrinkage = 3.0")

    before = work.status()
    computed, forecast = work.build()

    assert before["stale"] == {"fitted_model"}
    assert computed == before["stale"] | before["affected"]
    assert computed <= {name for name in computed if name.startswith("forecast")} | {"fitted_model"}
    assert forecast == work.clean_build()


def test_edit_of_a_byte_of_input(work: Work) -> None:
    """One storm moves by a day."""
    work.edit("examples/forecast/data/events.csv", "2013-06-13", "2013-06-14")

    before = work.status()
    computed, forecast = work.build()

    assert before["stale"] == {"events"}
    assert computed == before["stale"] | before["affected"]
    assert {"storms", "data_set", "forecast"} <= computed
    assert forecast == work.clean_build()


def test_region_and_back(work: Work) -> None:
    """The other region's holidays are another node; coming back costs nothing."""
    _, us = work.build()

    before = work.status("--set", "region=UK")
    computed, uk = work.build("--set", "region=UK")

    assert before["stale"] == {"holidays"}
    assert computed == before["stale"] | before["affected"]
    assert uk == work.clean_build("--set", "region=UK")
    assert uk != us
    assert set(work.status()) == {"fresh"}
    assert work.build() == (set(), us)
