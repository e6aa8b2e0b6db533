"""Say values so that they can be compared in another process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd


def tell(values: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return a text in which equal values are equal: all that can be seen of a table, and no name of a node."""
    shown = (values[name] for name in names)
    return repr(
        [
            (value.to_dict("tight"), value.attrs) if isinstance(value, pd.DataFrame) else value
            for value in shown
        ]
    )
