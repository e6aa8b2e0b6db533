"""Answers from documents: functions of a script, put together with what the config names."""

import hashlib
import re

from hamilton import ad_hoc_utils, base, driver
from hamilton.function_modifiers import (
    ResolveAt,
    config,
    extract_fields,
    group,
    inject,
    parameterize,
    resolve,
    source,
    value,
)
from hamilton.settings import ENABLE_POWER_USER_MODE

TEXT = "The lamp is in the hall. The hall is cold. Nobody lights the lamp. Rain came."


def sentences(document: str) -> list[str]:
    return [part.strip() for part in re.split(r"(?<=\.)\s", document) if part]


@config.when(provider="letters")
def embed__letters(sentences: list[str], question: str) -> dict[str, list[int]]:
    return {text: [text.lower().count(letter) for letter in "alh"] for text in [*sentences, question]}


@config.when(provider="digest")
def embed__digest(sentences: list[str], question: str) -> dict[str, list[int]]:
    return {text: list(hashlib.md5(text.encode()).digest()[:3]) for text in [*sentences, question]}


def ranked(embed: dict[str, list[int]], sentences: list[str], question: str) -> list[str]:
    wanted = embed[question]
    return sorted(sentences, key=lambda text: -sum(a * b for a, b in zip(embed[text], wanted, strict=True)))


def context(ranked: list[str], top_k: int = 2) -> str:
    return "\n".join(ranked[:top_k])


@resolve(
    when=ResolveAt.CONFIG_AVAILABLE,
    decorate_with=lambda tones: parameterize(
        **{f"prompt_{tone}": {"tone": value(tone), "place": value(at)} for at, tone in enumerate(tones)}
    ),
)
def prompt(context: str, question: str, tone: str, place: int) -> str:
    return f"{place}. In a {tone} voice: {question}\n{context}"


@resolve(
    when=ResolveAt.CONFIG_AVAILABLE,
    decorate_with=lambda tones: inject(prompts=group(*[source(f"prompt_{tone}") for tone in tones])),
)
def answers(prompts: list[str]) -> list[str]:
    return [f"{len(prompt.split())} words, {prompt[:18]}" for prompt in prompts]


@extract_fields(["shortest", "longest"])
def ends(answers: list[str]) -> dict[str, str]:
    return {"shortest": min(answers, key=len), "longest": max(answers, key=len)}


asking = ad_hoc_utils.create_temporary_module(
    sentences, embed__letters, embed__digest, ranked, context, prompt, answers, ends, module_name="asking"
)
print(asking.__name__, callable(asking.ranked))
results = {}
for provider in ("letters", "digest"):
    settings = {"provider": provider, "tones": ["dry", "warm"], ENABLE_POWER_USER_MODE: True}
    dr = driver.Builder().with_modules(asking).with_config(settings).with_adapter(base.DictResult()).build()
    inputs = {"document": TEXT, "question": "Where is the lamp?"}
    results[provider] = dr.execute(["context", "answers", "prompt_warm", "longest"], inputs=inputs)
    print(results[provider])
    print(dr.execute([asking.context, "shortest"], inputs=inputs, overrides={"answers": ["b", "aaa"]}))
    print(sorted(node.name for node in dr.list_available_variables()))
written = ad_hoc_utils.module_from_source("def twice(n: int) -> int:\n    return 2 * n\n", "written")
print(driver.Builder().with_modules(written).build().execute(["twice"], inputs={"n": 4}), written.__name__)
