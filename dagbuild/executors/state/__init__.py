"""The state of the process that a step finds: what importing left, whatever ran before it in the same process."""

from dagbuild.executors.state.keeper import Held, hold
from dagbuild.executors.state.late import install

__all__ = ["Held", "hold", "install"]
