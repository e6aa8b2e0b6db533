"""What is said where a cluster cannot start what runs steps."""

from __future__ import annotations

import pytest

from dagbuild.executors.deaths import tell_no_start

# As Ray 2.60 tells it.
WITHOUT_DAGBUILD = """\
The actor died because of an error raised in its creation task, \x1b[36mray::Agent.__init__()\x1b[39m (pid=18858, ip=10.0.0.3)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
RuntimeError: The actor with name Agent failed to import on the worker. This may be because needed library dependencies are not installed in the worker environment:

\x1b[36mray::Agent.__init__()\x1b[39m (pid=18858, ip=10.0.0.3)
  File "/usr/lib/python3.11/site-packages/ray/cloudpickle.py", line 1, in loads
ModuleNotFoundError: No module named 'dagbuild'
"""
DEAD = "The actor died because its node has died.\n\tThe node was preempted."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (WITHOUT_DAGBUILD, "No module named 'dagbuild'\n  try: install there what is installed here"),
        (DEAD, "The actor died because its node has died."),
    ],
)
def test_the_reason_is_told_in_a_line(text: str, said: str) -> None:
    """Not as Ray's own frames around it; and what to do, where that is known."""
    told = tell_no_start(text)

    assert told.startswith("the Ray cluster could not start what runs steps: ")
    assert said in told
    assert "\x1b" not in told
    assert len(told.splitlines()) <= 2
