"""Hamilton's address of decorators that put functions together."""

from dagbuild.modifiers import (
    apply_to,
    does,
    mutate,
    pipe,
    pipe_input,
    pipe_output,
    step,
)

__all__ = [
    "apply_to",
    "does",
    "mutate",
    "pipe",
    "pipe_input",
    "pipe_output",
    "step",
]
