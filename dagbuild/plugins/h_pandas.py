"""Hamilton's address of columns that are put to frames of pandas."""

from dagbuild.modifiers import with_columns

__all__ = ["with_columns"]
