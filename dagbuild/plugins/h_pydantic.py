"""Hamilton's address of checks by what a function is annotated with, for pydantic."""

from dagbuild.modifiers.schemas import check_annotation as check_output

__all__ = ["check_output"]
