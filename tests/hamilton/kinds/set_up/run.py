"""What stands at the top of many scripts, and what a script gets wrong."""

import logging
import sys
import warnings

import hamilton
import hamilton.driver
from hamilton import log_setup, registry, settings, telemetry
from hamilton.log_setup import LOG_LEVELS

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    telemetry.disable_telemetry()
    print(telemetry.is_telemetry_enabled())
registry.disable_autoload()
log_setup.setup_logging(log_level=logging.WARNING)
log_setup.setup_logging(LOG_LEVELS["DEBUG"])
logging.getLogger("hamilton").setLevel(logging.CRITICAL)
logging.getLogger("set_up").info("not one")
logging.getLogger().handlers[0].setFormatter(logging.Formatter("%(levelname)s %(message)s"))
logging.getLogger("set_up").error("another line")
print(
    sorted(LOG_LEVELS),
    logging.getLogger().level,
    [type(one).__name__ for one in logging.getLogger().handlers],
)
print(settings.ENABLE_POWER_USER_MODE, hamilton.base.DictResult.__name__)

import offices  # noqa: E402 - after logging is set up
import post  # noqa: E402

dr = hamilton.driver.Builder().with_modules(post).with_config({"kind": "letter"}).build()
print(dr.execute(["inland", "ratio"], inputs={"count": 3, "rate_abroad": 140}))
both = hamilton.driver.Builder().with_modules(post, offices).with_config({"kind": "parcel"})
try:
    both.build()
except ValueError as error:
    print("there are two:", "ratio" in str(error))
print(both.allow_module_overrides().build().execute(["ratio"], inputs={"count": 3, "rate_abroad": 140}))
for config, asked, inputs in (
    ({}, ["inland"], {"count": 1}),
    ({"kind": "letter"}, ["abroad"], {"count": 1}),
    ({"kind": "letter"}, ["inland"], {"count": "one"}),
    ({"kind": "letter"}, ["nothing"], {"count": 1}),
    ({"kind": "letter", "count": 2}, ["inland"], {"count": 1}),
):
    try:
        made = hamilton.driver.Builder().with_modules(post).with_config(config).build()
        made.execute(asked, inputs=inputs)
    except ValueError as error:
        print("refused:", config, asked, isinstance(error, ValueError))
    else:
        print("taken:", config, asked)
adapter = hamilton.base.SimplePythonGraphAdapter(hamilton.base.DictResult())
older = hamilton.driver.Driver({"kind": "letter"}, post, adapter=adapter)
try:
    older.execute(["ratio"], inputs={"count": 1, "rate_abroad": 0})
except ZeroDivisionError as error:
    print("as it was raised:", error.args[0])
print(older.execute(["ratio"], inputs={"count": 1, "rate_abroad": 7}), file=sys.stdout)
results = {}
