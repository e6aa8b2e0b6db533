"""Rewrite one text: what `finding` has decided is carried out, all else stays letter by letter.

One of the files that know libcst; the others of this room that do are imported by it alone.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider, ScopeProvider

from dagbuild.migration.addresses import OURS
from dagbuild.migration.finding import Edits, Finder, Remark
from dagbuild.migration.reading import ImportReader, first_name
from dagbuild.migration.syntax import check_syntax

_DEEP = 50_000


class UnreadableError(Exception):
    """A text is no Python that can be read; says why, and in which line if that is known."""

    def __init__(self, text: str, line: int | None = None) -> None:
        super().__init__(text)
        self.text, self.line = text, line


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A text as it is to be, and what is told of it. `opens_driver`: importing it may run something."""

    data: bytes
    places: int
    remarks: Sequence[Remark]
    opens_driver: bool


def rewrite(data: bytes) -> Rewritten:
    """Return the text with its imports of Hamilton going to dagbuild; raises UnreadableError."""
    try:
        # First, for where this says no libcst 1.9 may crash: at parentheses nested too deep.
        check_syntax(data)
        with _deep_calls(), warnings.catch_warnings(action="ignore"):  # of the text's escapes
            module = cst.parse_module(data)
            if module.bytes != data:
                raise UnreadableError("it would not be kept letter by letter")
            return _rewrite(module)
    except cst.ParserSyntaxError as error:
        raise UnreadableError("it cannot be parsed", error.raw_line) from error
    except SyntaxError as error:
        raise UnreadableError(f"it cannot be parsed: {error.msg}", error.lineno) from error
    except (ValueError, LookupError) as error:  # of its encoding
        raise UnreadableError(f"it cannot be read: {error}") from error
    except (RecursionError, MemoryError) as error:
        raise UnreadableError("it is nested too deep") from error


@contextlib.contextmanager
def _deep_calls() -> Iterator[None]:
    """Let calls be nested deep within: each operator of a long sum is some frames of libcst's visitors.

    They are Python's own, and take nothing of the stack of C: what nests there, the parser of Python has limited.
    """
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _DEEP))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def _rewrite(module: cst.Module) -> Rewritten:
    wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
    read = ImportReader()
    wrapper.module.visit(read)
    scopes, lines = wrapper.resolve(ScopeProvider), wrapper.resolve(PositionProvider)
    finder = Finder(scopes, lines, read)
    wrapper.module.visit(finder)
    changed = wrapper.module.visit(_Rewriter(finder.edits)) if len(finder.edits) else wrapper.module
    return Rewritten(changed.bytes, len(finder.edits), finder.remarks, finder.opens_driver)


class _Rewriter(cst.CSTTransformer):
    """Carries edits out."""

    def __init__(self, edits: Edits) -> None:
        super().__init__()
        self._edits = edits

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        """Rename the package."""
        return updated_node.with_changes(value=OURS) if original_node in self._edits.names else updated_node

    def leave_SimpleString(
        self, original_node: cst.SimpleString, updated_node: cst.SimpleString
    ) -> cst.SimpleString:
        """Change an address that is a text."""
        return updated_node.with_changes(value=self._edits.strings.get(original_node, updated_node.value))

    def leave_Import(self, original_node: cst.Import, updated_node: cst.Import) -> cst.Import:
        """Change the addresses that go over."""
        pairs = zip(original_node.names, updated_node.names, strict=True)
        names = [
            new.with_changes(name=_move(new.name)) if old in self._edits.aliases else new
            for old, new in pairs
        ]
        return updated_node.with_changes(names=names)

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom | cst.FlattenSentinel[cst.BaseSmallStatement]:
        """Change the address; what stays gets a statement of its own."""
        names = original_node.names
        if updated_node.module is None:
            return updated_node
        moved = updated_node.with_changes(module=_move(updated_node.module))
        if isinstance(names, cst.ImportStar):
            return moved if names in self._edits.aliases else updated_node
        going = [each in self._edits.aliases for each in names]
        if not any(going) or all(going):
            return moved if any(going) else updated_node
        return cst.FlattenSentinel(
            [
                moved.with_changes(names=_pick(names, going), semicolon=cst.MaybeSentinel.DEFAULT),
                updated_node.with_changes(names=_pick(names, [not each for each in going])),
            ]
        )

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
        """Give two statements that were one a line each."""
        if len(original_node.body) > 1 or len(updated_node.body) < 2:
            return updated_node
        first, second = updated_node.body
        return cst.FlattenSentinel(
            [
                updated_node.with_changes(body=[first]),
                updated_node.with_changes(body=[second], leading_lines=[]),
            ]
        )


def _move(name: cst.BaseExpression) -> cst.BaseExpression:
    first = first_name(name)
    assert first is not None, "an address is a dotted name"
    moved = first.with_changes(value=OURS)
    return moved if name is first else name.with_deep_changes(first, value=OURS)


def _pick(names: Sequence[cst.ImportAlias], wanted: Sequence[bool]) -> list[cst.ImportAlias]:
    """Return some names of an import; the last one ends as the last one did, unless a comment would be lost."""
    picked = [name for name, is_wanted in zip(names, wanted, strict=True) if is_wanted]
    comma = picked[-1].comma
    if not isinstance(comma, cst.Comma) or "#" not in cst.Module([]).code_for_node(comma):
        picked[-1] = picked[-1].with_changes(comma=names[-1].comma)
    return picked
