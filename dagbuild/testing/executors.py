"""What every executor promises, as a suite of steps that return, fail, print, and try to end the program.

Knows no executor. Plays the part of the build: hands out work and takes in outcomes.
"""

from __future__ import annotations

import dataclasses
import importlib
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dagbuild.artifacts import Artifacts
from dagbuild.code.closure import SourceReader
from dagbuild.executors.base import Executor, Work
from dagbuild.executors.foreign import Means
from dagbuild.executors.opening import open_copied
from dagbuild.executors.streams import Capturing
from dagbuild.executors.worker import Worker
from dagbuild.model.outcome import Cause, Done, Failure, Found, Lost
from dagbuild.model.record import BlobRef, Key
from dagbuild.observe.places import PathNames
from dagbuild.observe.project_code import ProjectCode
from dagbuild.settings import CacheSettings
from dagbuild.store import FileDigests, open_store
from dagbuild.store.base import Store
from dagbuild.store.trust import Trust
from dagbuild.testing.limits import LimitsContract
from dagbuild.testing.works import artifact_of, keep, make_node, run

STEPS = "conformance_steps"
"""The name of the module of steps, where it is imported."""


class ExecutorContract(LimitsContract):
    """What an executor promises: each step that it is given ends once, and whatever the node does is an outcome.

    A subclass has a fixture `executor`, which gives one and closes it afterwards. It may ask for the fixtures `means`,
    what a project gives an executor of somebody else's; `worker`, which runs one step in this process; `steps`, the
    module whose functions are run (`find_nodes` gives their nodes); and `store`, which lies in `tmp_path / "cache"`: an
    executor that runs steps elsewhere opens it there. Where steps run in the test's own process, it says
    `separate = False`.
    """

    @pytest.fixture
    def steps(self, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
        """The module whose functions are run, from a folder like a user's: what lies in dagbuild is no user's code."""
        folder = tmp_path_factory.getbasetemp() / STEPS  # one for all tests: a module is imported once
        if not folder.exists():
            folder.mkdir()
            shutil.copy(Path(__file__).with_name("steps.py"), folder / f"{STEPS}.py")
        monkeypatch.syspath_prepend(folder)
        return importlib.import_module(STEPS)

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        """The store in the folder `cache` of the test."""
        store = open_store(tmp_path / "cache")
        yield store
        store.close()

    @pytest.fixture
    def artifacts(self, store: Store) -> Artifacts:
        """Values of that store."""
        return Artifacts(store)

    @pytest.fixture
    def worker(self, artifacts: Artifacts, steps: ModuleType, tmp_path: Path) -> Worker:
        """What runs one step, for the executor to call."""
        files = FileDigests()
        code = ProjectCode(lambda: SourceReader([steps]), PathNames(tmp_path), files, observing=True)
        return Worker(artifacts, code, files, None)

    @pytest.fixture
    def means(self, worker: Worker, steps: ModuleType, tmp_path: Path) -> Means:
        """What a project gives an executor that it names in its settings."""
        cache = CacheSettings(tmp_path / "cache")

        def make_worker(store: Store, capture: Callable[[], Capturing]) -> Worker:
            files = FileDigests()
            code = ProjectCode(lambda: SourceReader([steps]), PathNames(tmp_path), files, observing=True)
            return Worker(Artifacts(store), code, files, None, marked=False, capture=capture)

        return Means(worker, partial(open_copied, cache, Trust(), make_worker), jobs=2)

    def test_stores_what_the_function_returns(
        self, executor: Executor, steps: ModuleType, artifacts: Artifacts
    ) -> None:
        """The outcome of a call is the record of a stored value."""
        done = run(executor, keep(steps.one))["one"]

        assert isinstance(done, Done)
        assert not done.held
        assert artifacts.load(artifact_of(done)) == 1

    def test_the_record_is_put_by_who_ran_the_step(
        self, executor: Executor, steps: ModuleType, store: Store
    ) -> None:
        """Whoever waits for its lease finds it."""
        work = keep(steps.one)
        assert work.draft is not None

        done = run(executor, work)["one"]

        assert isinstance(done, Done)
        assert store.find_records([work.draft.content]) == {work.draft.content: [done.record]}

    def test_what_somebody_else_has_made_meanwhile_is_not_called(
        self, executor: Executor, steps: ModuleType, tmp_path: Path
    ) -> None:
        """The record that came to the key is the outcome."""
        ran = tmp_path / "ran"
        key = Key("xxh3-" + "2" * 32)
        work = keep(steps.mark, {}, held={"path": ran}, lease=key)
        assert work.draft is not None
        work = dataclasses.replace(work, draft=dataclasses.replace(work.draft, content=key))
        first = run(executor, work)["mark"]
        ran.unlink()

        second = run(executor, work)["mark"]

        assert isinstance(first, Done)
        assert isinstance(second, Found)
        assert second.record == first.record
        assert not ran.exists()

    def test_tells_how_the_call_went(self, executor: Executor, steps: ModuleType) -> None:
        """What was printed, when it started and on which machine is in the record."""
        done = run(executor, keep(steps.chatty))["chatty"]

        assert isinstance(done, Done)
        assert done.record is not None
        assert done.record.log == "working\n"
        assert done.record.host
        assert done.record.started > 0

    def test_gives_a_node_streams_like_pythons_own(self, executor: Executor, steps: ModuleType) -> None:
        """Bytes, settings, child processes; what it does to them ends with the step."""
        outcomes = run(executor, keep(steps.writing), keep(steps.chatty))

        logs = {
            name: done.record.log for name, done in outcomes.items() if isinstance(done, Done) and done.record
        }
        assert logs == {"writing": "bytes\n100%\n", "chatty": "working\n"}

    def test_loads_upstream_values_by_their_artifacts(
        self, executor: Executor, steps: ModuleType, artifacts: Artifacts
    ) -> None:
        """A step receives what other steps have stored, also when it is of a class of the user's own."""
        first = artifact_of(run(executor, keep(steps.reading, {"one": artifacts.save(1)}))["reading"])

        done = run(executor, keep(steps.next_number, {"reading": first}))["next_number"]

        assert artifact_of(done) == artifacts.encode(2)[0]
        assert isinstance(artifacts.load(first), steps.Reading)

    def test_a_failure_shows_the_users_own_frames(
        self, executor: Executor, steps: ModuleType, artifacts: Artifacts
    ) -> None:
        """An exception is an outcome with its type, text, frames of user code only, and the inputs."""
        failure = run(executor, keep(steps.half, {"whole": artifacts.save(7)}))["half"]

        assert isinstance(failure, Failure)
        assert (failure.kind, failure.message) == ("ZeroDivisionError", "division by zero")
        assert [line.split(", in ")[1] for line in failure.frames.splitlines() if ", in " in line] == [
            "half",
            "divide",
        ]
        assert failure.inputs == {"whole": "7"}
        assert isinstance(failure.error, ZeroDivisionError)

    @pytest.mark.parametrize(
        ("function", "kind", "message"),
        [("locked", "LockedError", "with a lock"), ("two_words", "TwoWordsError", "two words")],
    )
    def test_an_exception_that_cannot_travel_is_told(
        self, executor: Executor, steps: ModuleType, function: str, kind: str, message: str
    ) -> None:
        """Type, text and frames are there whatever pickle thinks of the exception."""
        failure = run(executor, keep(getattr(steps, function)))[function]

        assert isinstance(failure, Failure)
        assert (failure.kind, failure.message) == (kind, message)
        assert function in failure.frames

    @pytest.mark.parametrize(
        ("function", "behind"),
        [
            ("chained", ["caused by KeyError: 'price' in chained"]),
            ("during", ["while handling ValueError: invalid literal for int() with base 10: '12 monkeys' in during"]),
            ("hidden", []),
            ("grouped", [
                "1 of 2: LockedError: first",
                "2 of 2: ExceptionGroup: inner (1 sub-exception)",
                "1 of 1: OSError: second",
                "caused by KeyError: 'price' in grouped",
            ]),
            ("refusing", ["caused by UnspeakableError: (no text: its __str__ raised SystemExit)"]),
        ],
    )  # fmt: skip
    def test_tells_what_is_behind_an_exception(
        self, executor: Executor, steps: ModuleType, function: str, behind: list[str]
    ) -> None:
        """What it was raised from or meanwhile, and the members of groups, with the user's frames of each."""
        failure = run(executor, Work(make_node(getattr(steps, function)), {}))[function]

        assert isinstance(failure, Failure)
        assert [_tell(cause) for cause in failure.causes] == behind

    @pytest.mark.parametrize(
        ("function", "kind", "message"),
        [
            ("noted", "ValueError", "bad row\nit was row 17"),
            ("unspeakable", "UnspeakableError", "(no text: its __str__ raised SystemExit)"),
            ("refusing", "RefusingError", "(no text: its __str__ raised ValueError)"),
            ("leaving", "SystemExit", "0"),
            (
                "ending",
                "ProcessExit",
                "os._exit(0) would have ended the build; raise an exception instead",
            ),
        ],
    )
    def test_whatever_the_exception_does_the_node_has_failed(
        self, executor: Executor, steps: ModuleType, function: str, kind: str, message: str
    ) -> None:
        """Notes are told; a text that cannot be made, or an end of the program, is the node's failure alone."""
        work = Work(make_node(getattr(steps, function)), {}, held={"one": steps.Unspeakable()})

        outcomes = run(executor, work, Work(make_node(steps.one), {}))

        failure = outcomes[function]
        assert isinstance(failure, Failure)
        assert (failure.kind, failure.message) == (kind, message)
        assert function in failure.frames
        assert isinstance(outcomes["one"], Done)

    def test_a_value_that_ends_the_program_when_it_is_stored_is_a_failure(
        self, executor: Executor, steps: ModuleType
    ) -> None:
        """Pickling runs the user's code, too; the failure shows where."""
        failure = run(executor, keep(steps.leaves_late))["leaves_late"]

        assert isinstance(failure, Failure)
        assert failure.kind == "CodecError"
        assert [_tell(cause) for cause in failure.causes] == ["caused by SystemExit: 0 in __reduce__"]

    def test_a_value_that_cannot_be_stored_is_a_failure(self, executor: Executor, steps: ModuleType) -> None:
        """The failure says so; the executor goes on."""
        failure = run(executor, keep(steps.lock))["lock"]

        assert isinstance(failure, Failure)
        assert failure.kind == "CodecError"

    def test_says_which_upstream_value_is_lost(
        self, executor: Executor, steps: ModuleType, artifacts: Artifacts
    ) -> None:
        """A value whose blob is gone is no failure of the node."""
        saved = artifacts.save("x" * 100_000)
        gone = dataclasses.replace(saved, blobs=tuple(BlobRef(_other(b), b.size) for b in saved.blobs))

        lost = run(executor, keep(steps.reading, {"one": gone}))["reading"]

        assert saved.blobs
        assert isinstance(lost, Lost)
        assert list(lost.upstream) == ["one"]

    def test_a_lease_that_nobody_holds_is_no_obstacle(self, executor: Executor, steps: ModuleType) -> None:
        """The step holds it while it runs."""
        done = run(executor, keep(steps.one, lease=Key("xxh3-" + "1" * 32)))["one"]

        assert isinstance(done, Done)

    def test_a_value_not_to_be_kept_comes_back_itself(
        self, executor: Executor, steps: ModuleType, artifacts: Artifacts
    ) -> None:
        """Without a draft of a record nothing is stored."""
        work = Work(make_node(steps.reading), {"one": artifacts.save(5)})

        done = run(executor, work)["reading"]

        assert isinstance(done, Done)
        assert (done.held, done.record) == (True, None)
        assert done.value.number == 5

    def test_a_generator_not_to_be_kept_comes_back_too(self, executor: Executor, steps: ModuleType) -> None:
        """A value that cannot leave its process is given all the same."""
        done = run(executor, Work(make_node(steps.numbers), {}))["numbers"]

        assert isinstance(done, Done)
        assert list(done.value) == [0, 1, 2]

    def test_views_run_inside_the_step(
        self, executor: Executor, steps: ModuleType, artifacts: Artifacts
    ) -> None:
        """A never-cached node is called in the step that needs it."""
        done = run(executor, keep(steps.total, views=(make_node(steps.numbers),)))["total"]

        assert artifact_of(done) == artifacts.encode(3)[0]

    def test_held_values_are_handed_over(self, executor: Executor, steps: ModuleType) -> None:
        """A value that is in memory only reaches the function."""
        work = Work(make_node(steps.next_number), {}, held={"reading": steps.Reading(4)})

        done = run(executor, work)["next_number"]

        assert isinstance(done, Done)
        assert done.value == 5

    def test_held_values_that_cannot_travel_are_handed_over_too(
        self, executor: Executor, steps: ModuleType
    ) -> None:
        """A generator in this process's memory reaches the function."""
        work = Work(make_node(steps.total), {}, held={"numbers": (n for n in [4, 5])})

        done = run(executor, work)["total"]

        assert isinstance(done, Done)
        assert done.value == 9

    def test_takes_several_steps_at_once(
        self, executor: Executor, steps: ModuleType, artifacts: Artifacts
    ) -> None:
        """Every step that was submitted ends once, a failed one among them."""
        works = [
            keep(steps.one),
            keep(steps.half, {"whole": artifacts.save(1)}),
            keep(steps.chatty),
        ]

        outcomes = run(executor, *works)

        assert {name: type(outcome) for name, outcome in outcomes.items()} == {
            "one": Done,
            "half": Failure,
            "chatty": Done,
        }

    def test_can_be_closed_twice(self, executor: Executor, steps: ModuleType) -> None:
        """Closing also forgets what was submitted."""
        executor.submit(keep(steps.one))

        executor.close()
        executor.close()


def _tell(cause: Cause) -> str:
    """Return a cause in a line, with the function of its innermost frame."""
    places = [line.split(", in ")[1] for line in cause.frames.splitlines() if ", in " in line]
    where = f" in {places[-1]}" if places else ""
    return f"{cause.relation} {cause.kind}: {cause.message}{where}"


def _other(ref: BlobRef) -> Any:
    return ref.digest[:-4] + ("0000" if not ref.digest.endswith("0000") else "1111")
