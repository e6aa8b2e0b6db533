"""From files to a graph: import the user's modules, collect their functions, check what they make."""

from dagbuild.loader.assemble import load_graph
from dagbuild.loader.holdings import are_same, list_holdings
from dagbuild.loader.imports import add_to_path, load_modules
from dagbuild.modifiers.functions import create_module

__all__ = [
    "add_to_path",
    "are_same",
    "create_module",
    "list_holdings",
    "load_graph",
    "load_modules",
]
