"""Hamilton's address of its stock adapters."""

from dagbuild.driver.adapters import (
    FunctionInputOutputTypeChecker,
    GracefulErrorAdapter,
    NoEdgeAndInputTypeChecking,
    PDBDebugger,
    PrintLn,
    SlowDownYouMoveTooFast,
    accept_error_sentinels,
    should_run_node,
)

__all__ = [
    "FunctionInputOutputTypeChecker",
    "GracefulErrorAdapter",
    "NoEdgeAndInputTypeChecking",
    "PDBDebugger",
    "PrintLn",
    "SlowDownYouMoveTooFast",
    "accept_error_sentinels",
    "should_run_node",
]
