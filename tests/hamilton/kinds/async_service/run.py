"""A service without a web framework: a driver that is made once, and a handler that is awaited for each request."""

import asyncio

import lookup
from hamilton import async_driver, base, lifecycle
from hamilton.experimental import h_async


class Timing(lifecycle.NodeExecutionHook):
    """Counts what runs."""

    def __init__(self):
        self.ran = []

    def run_before_node_execution(self, *, node_name, **future_kwargs):
        pass

    def run_after_node_execution(self, *, node_name, success, error, **future_kwargs):
        self.ran.append((node_name, success, str(error)))


class Awaited(lifecycle.base.BasePreNodeExecuteAsync):
    """Is awaited before each node."""

    def __init__(self):
        self.names = []

    async def pre_node_execute(self, *, run_id, node_, kwargs, task_id=None):
        await asyncio.sleep(0)
        self.names.append(node_.name)


USERS = {1: "ada", 2: "alan"}


async def main() -> dict:
    timing, awaited = Timing(), Awaited()
    dr = await (
        async_driver.Builder()
        .with_modules(lookup)
        .with_config({"users": USERS})
        .with_adapters(timing, awaited)
        .build()
    )

    async def handle(number: int, text: str):
        request = {"body": {"user": number, "text": text}}
        return await dr.execute(["answer", "words"], inputs={"request": request})

    answers = await asyncio.gather(handle(1, "olleh dlrow"), handle(2, "dna uoy"))
    for answer in answers:
        print(answer)
    print(sorted(timing.ran))
    print(sorted(awaited.names))
    try:
        await handle(3, "x")
    except KeyError as error:
        print("nobody has this number:", error.args[0])
    try:
        await dr.execute(["answer"], inputs={})
    except Exception:
        print("a request is needed")
    print(await dr.raw_execute(["user"], inputs={"request": {"body": {"user": 2, "text": ""}}}))
    print(await dr.execute(["answer"], {"user": "nobody"}, inputs={"request": {"body": {"text": "a b"}}}))
    older = h_async.AsyncDriver({"users": USERS}, lookup, result_builder=base.DictResult())
    print(await older.execute(["user"], inputs={"request": {"body": {"user": 1}}}))
    newer = await async_driver.AsyncDriver({"users": USERS}, lookup).ainit()
    print(await newer.execute([lookup.words], inputs={"request": {"body": {"text": "p q"}}}))
    builder = async_driver.Builder().with_modules(lookup).with_config({"users": USERS})
    unready = builder.build_without_init()
    print(sorted(node.name for node in unready.list_available_variables()))
    return answers[0]


results = asyncio.run(main())
