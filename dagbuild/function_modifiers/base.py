"""Hamilton's address of what a decorator that cannot be meant raises: ours is told with all others, as a GraphError."""

from dagbuild.ground.errors import GraphError

InvalidDecoratorException = GraphError
MissingConfigParametersException = GraphError

__all__ = ["InvalidDecoratorException", "MissingConfigParametersException"]
