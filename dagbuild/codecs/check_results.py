"""What checks of a value found: plain data, so that checked nodes can be shared with people who run nobody's pickles.

Knows `ValidationResult`. Guards: no result is a pickle, whatever somebody's own check puts into its details; what is no
plain data there is kept as a line that says what it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dagbuild.codecs.base import Codec, Declined, Reader, Writer
from dagbuild.codecs.plain import is_plain
from dagbuild.ground.one_line import one_line
from dagbuild.modifiers.validators import ValidationResult

_DEPTH = 20
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class ValidationResultCodec(Codec):
    """Takes results of checks."""

    name = "check/1"
    safe = True

    def encode(self, value: Any, writer: Writer) -> Any:
        """Return the form of a result; raises Declined for anything else."""
        if type(value) is not ValidationResult:
            raise Declined("it holds what a check found: a ValidationResult")
        details = {str(name): _keep(each) for name, each in value.diagnostics.items()}
        return writer.add_data([bool(value.passes), str(value.message), details])

    def decode(self, meta: Any, reader: Reader) -> Any:
        """Return the result."""
        passes, message, details = reader.value(meta)
        return ValidationResult(passes, message, details)


def _keep(value: Any, depth: int = 0) -> Any:
    """Return a detail as plain data: itself, or the line that says what it is."""
    kind = type(value)
    if is_plain(value):
        return value
    if getattr(value, "shape", None) == () and hasattr(value, "item"):  # a number of numpy's
        return _keep(value.item(), depth) if depth < _DEPTH else one_line(value)
    if depth < _DEPTH:
        if kind in (list, tuple, set, frozenset):
            return kind(_keep(each, depth + 1) for each in value)
        if isinstance(value, Mapping):
            return {_keep(name, depth + 1): _keep(each, depth + 1) for name, each in value.items()}
    return _ADDRESS.sub("", one_line(value))


CODEC = ValidationResultCodec()
