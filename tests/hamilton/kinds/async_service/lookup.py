"""What a handler of requests looks up, some of it at the same time."""

import asyncio
from typing import Any


async def body(request: dict[str, Any]) -> dict[str, Any]:
    await asyncio.sleep(0)
    return dict(request["body"])


async def user(body: dict[str, Any], users: dict[int, str]) -> str:
    await asyncio.sleep(0.01)
    return users[body["user"]]


def words(body: dict[str, Any]) -> list[str]:
    return body["text"].split()


async def translated(words: list[str]) -> list[str]:
    async def one(word: str) -> str:
        await asyncio.sleep(0.001)
        return word[::-1]

    return await asyncio.gather(*map(one, words))


async def answer(user: str, translated: list[str], greeting: str = "hello") -> dict[str, Any]:
    return {"to": user, "text": " ".join(translated), "greeting": greeting}
