"""`@override`: the method keeps the contract of the one that it overrides, whose docstring is its own.

Type checkers see typing's, and say so when there is nothing to override; Python has it from 3.12 on, so when the
program runs this does nothing at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import override
else:

    def override(method):
        """Return the method as it is."""
        return method


__all__ = ["override"]
