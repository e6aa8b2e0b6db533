"""dagbuild.toml and what overrides it: the project's modules, values, cache, remote, executor and pins.

Found upward from the working directory. Later wins: file, profile, environment, command line. All mistakes
are told together, each with its line. Knows nothing of nodes or stores: whether some node reads `region` is
for the graph to say.

In the environment:
  DAGBUILD_PROFILE        the profile, unless --profile says one
  DAGBUILD_CACHE          the cache folder; DAGBUILD_CACHE_SIZE its budget
  DAGBUILD_REMOTE         the remote's URL, or "off"; DAGBUILD_REMOTE_MODE, _UNSIGNED, _WRITE
  DAGBUILD_KEY            the private key to sign with, or its path; taken out of the environment
  DAGBUILD_EXECUTOR       "local", "inline", "ray" or "module:Class"; DAGBUILD_EXECUTOR_ADDRESS its cluster's
  DAGBUILD_JOBS           how many nodes run at a time on this machine
  DAGBUILD_SET_<key>      like --set key=value; a double underscore stands for the dot, case need not match
DAGBUILD_PROJECT belongs to the command line (--project); DAGBUILD_TEST_* is left to tests.
Any other name that begins with DAGBUILD_ is a mistake, and said to be.
"""

from dagbuild.settings.keys import find_key, key_path, make_key, take_key
from dagbuild.settings.load import FILE_NAME, find_settings, load_settings
from dagbuild.settings.model import (
    EXECUTORS,
    MOST_JOBS,
    RETURNS,
    UNDECLARED,
    UNSEEN,
    CacheSettings,
    ExecutorSettings,
    Pin,
    RemoteSettings,
    Settings,
    is_foreign,
)
from dagbuild.settings.overrides import parse_value
from dagbuild.settings.pins import remove_pin, write_pin
from dagbuild.settings.schema import check_folder, find_scheme

ENABLE_POWER_USER_MODE = "hamilton.enable_power_user_mode"
"""A config key that Hamilton asks for where decorators are made from config; nobody needs it here."""

__all__ = [
    "ENABLE_POWER_USER_MODE",
    "EXECUTORS",
    "FILE_NAME",
    "MOST_JOBS",
    "RETURNS",
    "UNDECLARED",
    "UNSEEN",
    "CacheSettings",
    "ExecutorSettings",
    "Pin",
    "RemoteSettings",
    "Settings",
    "check_folder",
    "find_key",
    "find_scheme",
    "find_settings",
    "is_foreign",
    "key_path",
    "load_settings",
    "make_key",
    "parse_value",
    "remove_pin",
    "take_key",
    "write_pin",
]
