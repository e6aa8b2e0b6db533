"""The driver for `async def` at Hamilton's address."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from dagbuild import ad_hoc_utils, async_driver, base, driver, lifecycle
from dagbuild.lifecycle import base as moments

CODE = """
import asyncio

MET = None

async def left(x: int) -> int:
    await MET.wait()
    return x

async def right(x: int) -> int:
    await MET.wait()
    return -x

def total(left: int, right: int) -> int: return left + right
async def later(total: int) -> int: return total + 1
def handed(total: int) -> object: return asyncio.sleep(0, total)
async def fails(x: int) -> int: raise KeyError("of the user's")
async def slow(x: int) -> int: await asyncio.sleep(60); return x
"""


@pytest.fixture(autouse=True)
def no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*targets: str, adapters: Any = (), result: Any = None, **given: Any) -> Any:
    async def main() -> Any:
        module = ad_hoc_utils.module_from_source(CODE, "awaited_of_text")
        module.MET = asyncio.Barrier(2)  # type: ignore[attr-defined]
        builder = async_driver.Builder().with_modules(module).with_adapters(*adapters)
        if result is not None:
            builder.with_adapters(result)
        made = await builder.build()
        return await made.execute(list(targets), inputs={"x": 2}, **given)

    return asyncio.run(main())


def test_nodes_wait_beside_each_other() -> None:
    """Two that wait for each other both run, once; what can be awaited is awaited."""
    assert run("later", "handed", "total", "x") == {"later": 1, "handed": 0, "total": 0, "x": 2}


def test_overrides_and_results(caplog: pytest.LogCaptureFixture) -> None:
    """What is overridden is not run; the result is what the builder makes of it."""
    assert run("later", overrides={"total": 41}) == {"later": 42}
    assert run("later", overrides={"total": 41}, result=base.PandasDataFrameResult())["later"].tolist() == [
        42
    ]


def test_a_node_that_fails_ends_the_others() -> None:
    """With the user's own exception, at once, and a note on where."""
    with pytest.raises(KeyError, match="of the user's") as raised:
        run("slow", "fails")

    assert raised.value.__notes__[0].startswith("in node 'fails', <awaited_of_text>:")
    with pytest.raises(ValueError, match="there is no node"):
        run("y")


def test_adapters_are_told() -> None:
    """By hooks that are awaited, and by others."""
    heard: list[str] = []

    class Listens(lifecycle.NodeExecutionHook):
        async def run_before_node_execution(self, *, node_name: str, **_: Any) -> None:
            heard.append(f"before {node_name}")

        def run_after_node_execution(self, *, node_name: str, result: Any, **_: Any) -> None:
            heard.append(f"after {node_name} {result}")

    class Awaited(moments.BasePreNodeExecute):
        async def pre_node_execute(self, *, node_: Any, **_: Any) -> None:  # type: ignore[override]
            heard.append(f"pre {node_.name}")

    run("later", overrides={"total": 1}, adapters=[Awaited(), Listens()])

    assert heard == ["pre later", "before later", "after later 2"]


def test_what_is_not_for_it_is_refused() -> None:
    """In words: elements, a store; and `async def` in a driver that cannot wait."""
    module = ad_hoc_utils.module_from_source(
        "from dagbuild.htypes import Parallelizable\ndef each(x: int) -> Parallelizable[int]: yield x\n",
        "spread_of_text",
    )
    with pytest.raises(ValueError, match="'each' deals in elements, which are not awaited"):
        async_driver.AsyncDriver({}, module)
    with pytest.raises(ValueError, match="an async driver keeps no values"):
        async_driver.Builder().with_cache().build_without_init()
    with pytest.raises(ValueError, match="'left' is an async function, which a build cannot wait for"):
        driver.Driver({}, ad_hoc_utils.module_from_source(CODE, "awaited_of_text"))
