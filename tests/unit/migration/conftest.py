"""What a star import brings is asked of Hamilton itself, whose plugins set variables: they are put back here, too."""

from tests.hamilton.conftest import environment_put_back

__all__ = ["environment_put_back"]
