"""After any edits of elements, of what all take besides and of code: values as from nothing, and only new calls made."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagbuild.plan.events import BuildResult, How
from tests.support import build, forget_modules, write_files


class Way(NamedTuple):
    """How the project stands at one build: its elements, what all take, and versions of two functions."""

    urls: list[int]
    scale: int
    page: int
    bit: int


CODE = """
    from dagbuild import Collect, Parallelizable

    def url(urls: list) -> Parallelizable[int]:
        yield from urls

    def page(url: int, scale: int) -> int:
        return url % 4 * scale + {page}

    def part(page: int) -> Parallelizable[int]:
        return range(page % 3)

    def bit(part: int, scale: int) -> int:
        return part * scale + {bit}

    def bits(bit: Collect[int], url: int) -> int:
        return sum(bit) + url

    def total(bits: Collect[int], page: Collect[int]) -> list:
        return [*bits, *page]
"""

ways = st.builds(
    Way,
    urls=st.lists(st.integers(0, 7), max_size=6),
    scale=st.integers(1, 2),
    page=st.integers(0, 1),
    bit=st.integers(0, 1),
)


@dataclass
class Model:
    """Computes as the project does, and knows what it has computed before."""

    known: set[Hashable] = field(default_factory=set)
    calls: dict[str, int] = field(default_factory=dict)

    def call(self, function: Callable[..., Any], *arguments: Any, version: int = 0) -> Any:
        key = function.__name__, version, repr(arguments)
        if key not in self.known:
            self.known.add(key)
            self.calls[function.__name__] = self.calls.get(function.__name__, 0) + 1
        return function(*arguments)

    def run(self, way: Way) -> tuple[list[int], dict[str, int]]:
        """Return the value of the target, and how many new calls each node had."""
        self.calls = {}

        def url(urls: list[int]) -> list[int]:
            return urls

        def page(url: int, scale: int) -> int:
            return url % 4 * scale + way.page

        def part(page: int) -> list[int]:
            return list(range(page % 3))

        def bit(part: int, scale: int) -> int:
            return part * scale + way.bit

        def bits(bit: Iterable[int], url: int) -> int:
            return sum(bit) + url

        def total(bits: list[int], page: list[int]) -> list[int]:
            return [*bits, *page]

        urls = self.call(url, way.urls)
        pages = [self.call(page, each, way.scale, version=way.page) for each in urls]
        parts = [self.call(part, each) for each in pages]
        found = [[self.call(bit, each, way.scale, version=way.bit) for each in some] for some in parts]
        sums = [self.call(bits, some, each) for some, each in zip(found, urls, strict=True)]
        return self.call(total, sums, pages), self.calls


def count(result: BuildResult) -> dict[str, int]:
    return {
        name: step.calls[0] if step.calls else 1
        for name, step in result.steps.items()
        if step.how is How.COMPUTED
    }


def test_only_new_calls_are_made_and_values_are_right() -> None:
    """Blocks in blocks, equal elements, elements that come and go and come back."""

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(ways, min_size=2, max_size=5))
    def run(history: list[Way]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            model, root = Model(), Path(folder)
            write_files(root, {"dagbuild.toml": 'modules = ["nodes"]'})
            for way in history:
                write_files(root, {"nodes.py": CODE.format(**way._asdict())})
                config = {"config": {"urls": way.urls, "scale": way.scale}}
                value, calls = model.run(way)
                result = build(root, "total", load=config, executor="inline")
                again = build(root, "total", load=config, executor="inline")

                assert result.values == {"total": value}
                assert count(result) == calls
                assert count(again) == {}
            forget_modules(root)

    run()
