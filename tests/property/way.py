"""A way in which a helper comes by its number: a text with its names and numbers left open, and what stands beside it.

Knows no sketches, and none of the ways there are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Template

HEAD = """
import contextvars, decimal, enum, functools, importlib, json, operator, os, pathlib, pkgutil, types, typing
from dataclasses import dataclass
""".strip("\n")
"""What stands at the top of each module of helpers."""


@dataclass(frozen=True)
class Way:
    """How a helper is written; `$name` and so on are filled in by `fill`.

    `data`: what a file of its own holds, at `data/$key.txt`. `variable`: whether an environment variable holds the
    number. `alone`: it shows only in a process of its own. `fixed`: where it stands decides what importing does.
    """

    text: str
    files: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    alone: bool = False
    fixed: bool = False

    def named(self) -> frozenset[str]:
        """Return which of a helper's fields count here, unless it is a function that is merely called."""
        decorated = re.search(r"^@", self.text, re.MULTILINE)
        title = decorated or not re.search(r"^def \$name\(", self.text, re.MULTILINE)
        own = decorated or re.search(r"\$own(?!\()", self.text)
        return frozenset(
            name
            for name, counts in (("title", title), ("file", title), ("own", own), ("annotated", decorated))
            if counts
        )

    def fill(self, **words: object) -> str:
        """Return the helper's code."""
        return Template(self.text).substitute(words).strip("\n")

    def fill_files(self, **words: object) -> dict[str, str]:
        """Return the files beside the code, by their names."""
        return {
            Template(name).substitute(words): Template(text).substitute(words)
            for name, text in self.files.items()
        }

    def fill_variables(self, **words: object) -> dict[str, str]:
        """Return the environment variables."""
        return {
            Template(name).substitute(words): Template(text).substitute(words)
            for name, text in self.variables.items()
        }
