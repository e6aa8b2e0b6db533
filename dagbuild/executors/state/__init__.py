"""The state of the process that a step finds: what importing left, whatever ran before it in the same process."""

from dagbuild.executors.state.chance import Chance
from dagbuild.executors.state.data import DataWatch
from dagbuild.executors.state.keeper import Held, Hold
from dagbuild.executors.state.late import install

__all__ = ["Chance", "DataWatch", "Held", "Hold", "install"]
