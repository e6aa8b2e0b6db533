"""Hamilton's address of log lines that tell where they belong."""

from dagbuild.driver.logs import AsyncLoggingAdapter, ContextLogger, LoggingAdapter, get_logger

__all__ = ["AsyncLoggingAdapter", "ContextLogger", "LoggingAdapter", "get_logger"]
