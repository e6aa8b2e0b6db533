"""Letters of a post office."""

import logging

from hamilton import function_modifiers as fm

logger = logging.getLogger(__name__)


@fm.config.when(kind="letter")
def stamps__letter(count: int) -> int:
    logger.info("stamps for %d letters", count)
    return count


@fm.config.when(kind="parcel")
def stamps__parcel(count: int) -> int:
    return count * 5


@fm.tag(unit="cent")
@fm.parameterize(inland={"rate": fm.value(70)}, abroad={"rate": fm.source("rate_abroad")})
def postage(stamps: int, rate: int) -> int:
    return stamps * rate


def ratio(inland: int, abroad: int) -> float:
    return inland / abroad
