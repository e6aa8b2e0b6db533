import importlib

from hamilton import driver
from hamilton.plugins.h_nowhere import Tracer

from pipeline import features

name = "base"
base = importlib.import_module(f"hamilton.{name}")
dr = driver.Builder().with_modules(features).with_tracing(Tracer()).build()
print(dr.execute(["spread"], inputs={"spend": [3, 1, 2]}))
