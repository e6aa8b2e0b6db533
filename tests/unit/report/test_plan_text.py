"""Plans, builds and explanations as lines of text."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dagbuild.ground import units
from dagbuild.ground.digest import Digest
from dagbuild.model.outcome import Failure
from dagbuild.model.record import Artifact, Key, Manifest, Part, Record
from dagbuild.plan.events import (
    BuildFinished,
    BuildResult,
    BuildStarted,
    How,
    Importing,
    Notice,
    StepFinished,
    StepStarted,
)
from dagbuild.plan.plan import Decision, Explanation, Plan, Status, Step
from dagbuild.plan.reasons import Reason
from dagbuild.report.console import PlainReport
from dagbuild.report.explain import tell_explanation
from dagbuild.report.failures import Telling
from dagbuild.report.jsonl import JsonLines
from dagbuild.report.lineage import find_lineage
from dagbuild.report.plan_text import tell_plan, tell_status
from dagbuild.report.progress import Progress
from dagbuild.report.style import Row, Style, table, visible
from dagbuild.report.summary import tell_result
from dagbuild.store.makers import Makers
from dagbuild.testing.memory import MemoryStore


def step(name: str, decision: Decision, status: Status, *reasons: str, seconds: float | None = None) -> Step:
    return Step(name, decision, status, Key("k"), tuple(Reason(text) for text in reasons), seconds=seconds)


def plan(*steps: Step) -> Plan:
    return Plan((steps[-1].node,), {each.node: each for each in steps})


STALE = plan(
    step(
        "spend", Decision.RUN, Status.STALE, "data/spend.csv changed", "config region: US -> UK", seconds=2.0
    ),
    step("data_set", Decision.SKIP, Status.PINNED, "pin: audit"),
    step("signups", Decision.REUSE, Status.FRESH),
    step("forecast", Decision.RUN, Status.AFFECTED, "upstream `spend` is stale", seconds=62.0),
)


def record(node: str, **facts: Any) -> Record:
    artifact = Artifact("plain/1", facts.pop("value", node))
    manifest = Manifest(tuple(facts.pop("parts", ())))
    return Record(node, Key("d"), Key("c"), manifest, artifact, started=1e9, duration=3.0, **facts)


class TestStatus:
    def test_groups_aligns_and_counts(self) -> None:
        """Nodes stand by status with their first cause; the fresh ones are counted."""
        assert tell_status(STALE, Style()) == [
            "stale     spend     data/spend.csv changed (+1 more)",
            "affected  forecast  upstream `spend` is stale",
            "pinned    data_set  pin: audit",
            "fresh     1 node",
            "",
            "2 nodes of 4 to compute, about 1 min 4 s",
        ]

    def test_wraps_in_a_narrow_terminal(self) -> None:
        """Nothing runs over the edge."""
        assert max(map(len, tell_status(STALE, Style(width=36)))) <= 44

    def test_colours_only_when_asked(self) -> None:
        """Without colours there is no escape; with them the words stay the same."""
        plain = "\n".join(tell_status(STALE, Style()))
        coloured = visible("\n".join(tell_status(STALE, Style(colour=True))))

        assert "\x1b" not in plain
        assert "\x1b[1;38;5;131mstale\x1b[0m" in coloured

    def test_long_lists_are_cut_and_counted(self) -> None:
        """A thousand affected nodes do not fill the screen, unless asked for."""
        many = plan(
            *(step(f"n{i}", Decision.RUN, Status.AFFECTED, "upstream `a` is stale") for i in range(100))
        )

        assert len(tell_status(many, Style())) < 30
        assert "and 80 more: --all shows them" in "\n".join(tell_status(many, Style()))
        assert len(tell_status(many, Style(), everything=True)) > 100

    def test_plan_says_what_runs(self) -> None:
        """`plan` says what runs and how long it took, and counts the rest."""
        assert tell_plan(STALE, Style(width=120)) == [
            "run    spend     data/spend.csv changed (+1 more); took 2.0 s last time",
            "       forecast  upstream `spend` is stale; took 1 min 2 s last time",
            "reuse  1 node",
            "skip   1 node",
            "",
            "2 nodes to compute, about 1 min 4 s",
        ]


def makers_of(*records: Record) -> Callable[[str, Digest, Record], Record | None]:
    """Return what finds the maker of a value among these records."""
    store = MemoryStore()
    store.put_records(records)
    return Makers(store, ()).find


class TestExplain:
    def test_shows_parts_beside_those_of_the_record(self) -> None:
        """What changed comes first with both values; what is the same follows."""
        old = record(
            "spend", parts=[Part("config", "region", "1", "US"), Part("package", "pandas", "2", "3.1.0")]
        )
        new = Manifest((Part("config", "region", "9", "UK"), Part("package", "pandas", "2", "3.1.0")))

        lines = tell_explanation(Explanation(STALE.steps["spend"], new, old, ()), Style())

        assert lines[:2] == ["spend is stale", ""]
        assert "changed  config region   US -> UK" in lines
        assert "same     package pandas  3.1.0" in lines

    def test_lineage_follows_digests(self) -> None:
        """A value's makers are those whose values it was made of, not the latest of that name."""
        old = record("spend", value=1)
        new = record("spend", value=2)
        top = record("forecast", upstream={"spend": old.artifact.digest, "region": Digest("xxh3-r")})

        found = find_lineage(
            "forecast", {"forecast": top, "spend": new}, makers_of(top, new, old), inputs={"region"}
        )

        assert found == [("forecast", top), ("spend", old)]

    def test_lineage_follows_keys(self) -> None:
        """Where two configs give one value, the one that is used today is named, not the newest."""
        used, other = (record("spend", parts=[Part("config", "k", text, text)]) for text in "53")
        top = record("forecast", upstream={"spend": used.artifact.digest})

        found = find_lineage("forecast", {"forecast": top, "spend": used}, makers_of(top, used, other))

        assert used.artifact.digest == other.artifact.digest
        assert found == [("forecast", top), ("spend", used)]
        mine, its = replace(top, run="this"), replace(used, run="this")
        assert find_lineage("forecast", {"forecast": mine}, makers_of(mine, other, its)) == [
            ("forecast", mine),
            ("spend", its),
        ]


FAILURE = Failure(
    "ValueError", "bad", '  File "io.py", line 12, in spend\n    float("x")\n', {"raw": "str 'x'"}
)


class TestBuild:
    def play(self, *events: Any) -> str:
        lines: list[str] = []
        report = PlainReport(lines.append, Style(), Telling("dagbuild --profile uk build {}".format))
        for event in events:
            report(event)
        return "\n".join(lines)

    def test_tells_each_computed_node(self) -> None:
        """A line for each computed node, with how far the build is; reused ones are not worth one."""
        said = self.play(
            BuildStarted("run", STALE),
            StepFinished("signups", How.REUSED, record("signups")),
            StepStarted("spend"),
            StepFinished("spend", How.COMPUTED, record("spend")),
        )

        assert said == "[1/2] spend     3.0 s"

    def test_failure_has_frames_inputs_and_the_command(self) -> None:
        """A failed node shows the user's frames, its inputs, and how to run it alone with these options."""
        said = self.play(BuildStarted("run", STALE), StepFinished("spend", How.FAILED, failure=FAILURE))

        assert "failed spend: ValueError: bad" in said
        assert 'File "io.py", line 12, in spend' in said
        assert "raw  str 'x'" in said
        assert "dagbuild --profile uk build spend" in said

    def test_same_notice_is_said_once(self) -> None:
        """A full disk is told for the first node, and counted for the rest."""
        result = BuildResult("run", Plan(()), {}, 1.0, 0.0)
        said = self.play(
            *(Notice(f"the record of '{name}' could not be stored", name) for name in "abc"),
            BuildFinished(result),
        )

        assert said.count("could not be stored") == 1
        assert "2 more warnings like this" in said

    @pytest.mark.parametrize(
        ("steps", "interrupted", "line"),
        [
            (
                {"a": How.COMPUTED, "b": How.REUSED},
                False,
                "built `a` in 5.0 s: 1 computed, 1 reused; saved about 10 s",
            ),
            ({"a": How.REUSED}, False, "`a` is up to date: 1 reused; saved about 10 s"),
            (
                {"a": How.FAILED, "b": How.BLOCKED},
                False,
                "failed in 5.0 s: 1 failed, 1 blocked; saved about 10 s",
            ),
            ({"a": How.COMPUTED}, True, "interrupted after 5.0 s: 1 computed"),
            ({}, True, "interrupted after 5.0 s"),
            ({"a": How.SKIPPED}, True, "interrupted after 5.0 s"),
        ],
    )
    def test_summary_separates_what_came_of_it(self, steps: Any, interrupted: Any, line: Any) -> None:
        """Computed, reused, fetched, failed and blocked are counted apart, and the time that was saved."""
        ended = {name: StepFinished(name, how) for name, how in steps.items()}
        result = BuildResult("run", Plan(()), ended, 5.0, 10.0, interrupted=interrupted)

        assert tell_result(result, ("a",), Style())[0] == line

    def test_progress_guesses_from_history(self) -> None:
        """What is left takes as long as it last did, less what a running node has spent."""
        now = [100.0]
        progress = Progress(lambda: now[0])
        progress(BuildStarted("run", STALE, "local"))
        progress(StepStarted("forecast"))
        now[0] += 10

        assert progress.eta == 62 + 2 - 10
        progress(StepFinished("signups", How.REUSED))
        assert progress.tell() == ["0/2", "1 from cache", "about 54 s left"]
        progress(StepFinished("forecast", How.COMPUTED))
        assert (progress.done, progress.total, progress.eta) == (1, 2, 2)

    def test_progress_knows_how_long_an_import_takes(self) -> None:
        """While it lasts."""
        now = [100.0]
        progress = Progress(lambda: now[0])
        progress(Importing())
        now[0] += 3

        assert progress.importing_for == 3
        progress(Importing(done=True))
        assert progress.importing_for == 0

    def test_json_lines_can_be_read(self) -> None:
        """Every event is one object on one line."""
        lines: list[str] = []
        listener = JsonLines(lines.append)
        result = BuildResult(
            "run", Plan(()), {"spend": StepFinished("spend", How.FAILED, failure=FAILURE)}, 1.0, 0.0
        )
        for event in (
            Importing(),
            BuildStarted("run", STALE),
            StepStarted("spend"),
            StepFinished("spend", How.FAILED, failure=FAILURE),
            Notice("text"),
            BuildFinished(result),
        ):
            listener(event)

        read = [json.loads(line) for line in lines]

        assert [event["event"] for event in read] == [
            "build_started",
            "step_started",
            "step_finished",
            "notice",
            "build_finished",
        ]
        assert read[2]["failure"]["inputs"] == {"raw": "str 'x'"}
        assert read[4]["failed"] is True


def test_tables_put_long_names_on_lines_of_their_own() -> None:
    """A name that would push the text off the screen stands alone."""
    lines = table([Row("stale", "n" * 40, "why"), Row("stale", "short", "because")], Style(width=60))

    assert lines[0] == "stale  " + "n" * 40
    assert lines[1].strip() == "why"
    assert lines[2].split() == ["short", "because"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 s"), (0.25, "250 ms"), (2.34, "2.3 s"), (12.3, "12 s"), (65, "1 min 5 s"), (7800, "2 h 10 min")],
)
def test_durations_read_well(value: Any, text: Any) -> None:
    """As many digits as anybody wants."""
    assert units.seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 B"), (999, "999 B"), (1234, "1.2 kB"), (123456, "123 kB")]
)
def test_sizes_read_well(value: Any, text: Any) -> None:
    """Thousands, as the settings take them."""
    assert units.size(value) == text
