"""Hamilton's address of graphs within nodes."""

from dagbuild.modifiers import parameterized_subdag, subdag

__all__ = ["parameterized_subdag", "subdag"]
