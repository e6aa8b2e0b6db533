"""The same run with each executor and grouping."""

import mills
from hamilton import driver, lifecycle
from hamilton.execution import executors, grouping
from hamilton.execution.executors import DefaultExecutionManager


class Counting(lifecycle.NodeExecutionHook):
    """Counts calls by node, and tasks."""

    def __init__(self):
        self.calls: dict[str, int] = {}
        self.tasks: set[str] = set()

    def run_before_node_execution(self, *, node_name, task_id, **future_kwargs):
        self.calls[node_name] = self.calls.get(node_name, 0) + 1
        self.tasks.add(str(task_id))

    def run_after_node_execution(self, **future_kwargs):
        pass


def make_builder():
    return driver.Builder().enable_dynamic_execution(allow_experimental_mode=True).with_modules(mills)


if __name__ == "__main__":
    inputs = {"count": 4, "speed": 1.5}
    results = {}
    remote = {
        "one after the other": executors.SynchronousLocalTaskExecutor(),
        "threads": executors.MultiThreadingExecutor(max_tasks=3),
        "processes": executors.MultiProcessingExecutor(2),
    }
    for name, executor in remote.items():
        dr = make_builder().with_remote_executor(executor).build()
        results[name] = dr.execute(["stored", "label"], inputs=inputs)
        print(name, results[name])
    counting = Counting()
    dr = (
        make_builder()
        .with_local_executor(executors.SynchronousLocalTaskExecutor())
        .with_remote_executor(executors.MultiThreadingExecutor(2))
        .with_grouping_strategy(grouping.GroupByRepeatableBlocks())
        .with_adapters(counting)
        .build()
    )
    print(dr.execute(["label"], inputs=inputs), dict(sorted(counting.calls.items())))
    for strategy in (grouping.GroupByRepeatableBlocks(), None):
        builder = make_builder()
        dr = (builder.with_grouping_strategy(strategy) if strategy else builder).build()
        print(type(strategy).__name__, dr.execute(["heaviest"], inputs=inputs))
    manager = DefaultExecutionManager(
        local_executor=executors.SynchronousLocalTaskExecutor(),
        remote_executor=executors.MultiThreadingExecutor(max_tasks=2),
    )
    dr = make_builder().with_execution_manager(manager).build()
    print(dr.execute(["stored"], inputs={"count": 0, "speed": 1.0}))
    print(dr.execute(["label"], inputs=inputs, overrides={"sacks": [7, 1]}))
    try:
        dr.execute(["label"], inputs={"count": 4, "speed": 1.0}, overrides={"sacks": ["a"]})
    except Exception as error:
        print(type(error).__name__)
    print(sorted(node.name for node in dr.what_is_downstream_of("sack")))
