"""From files to a graph: import the user's modules, collect their functions, check what they make."""

from dagbuild.loader.assemble import create_module, load_graph
from dagbuild.loader.imports import add_to_path, load_modules

__all__ = ["add_to_path", "create_module", "load_graph", "load_modules"]
