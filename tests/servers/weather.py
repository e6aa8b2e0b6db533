"""Bad weather between a client and a server: a TCP proxy of its own process that delays, cuts, stalls, resets, narrows.

    with run_weather(server.port) as weather:
        weather.set(delay=0.02)                     # seconds a round trip
        weather.set(cut=30_000)                     # bytes up, then the connection ends; 0 for none
        weather.requests()                          # ["GET /bucket/records/...", ...] since it was last asked

Knows TCP, and of HTTP the first line of a request. Commands are lines of JSON on standard input, answered by one line.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

_REQUEST = re.compile(rb"(?:GET|PUT|POST|HEAD|DELETE) [^ \r\n]+ HTTP/1\.1\r\n")
_FAILURE = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

_DENIAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass
class Sky:
    """What the weather is like. Bytes are counted up the wire, by connection; `errors` is a share of requests; `denied` is a
    method that nobody may use.
    """

    delay: float = 0.0
    cut: int = 0
    reset: int = 0
    stall: int = 0
    bandwidth: int = 0
    errors: float = 0.0
    stall_answers: bool = False
    denied: str = ""


class Weather:
    """The proxy, as a test speaks to it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = int(self._read())

    def set(self, **sky: Any) -> None:
        """Change the weather, for connections that are open, too; what is not named is fair."""
        self._ask({"sky": asdict(Sky(**sky))})

    def requests(self) -> list[str]:
        """Return method and path of each request since this was last asked."""
        return list(self._ask({"requests": True}))

    def _ask(self, command: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return json.loads(self._read())

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def run_weather(port: int) -> Iterator[Weather]:
    """Run a proxy before a port of this machine."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__)), str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Weather(process)
    finally:
        process.kill()
        process.communicate()


class _Proxy:
    def __init__(self, port: int) -> None:
        self.port = port
        self.sky = Sky()
        self.seen: list[str] = []

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up, up_writer = await asyncio.open_connection("127.0.0.1", self.port)
        for each in (writer, up_writer):
            each.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ways = [
            asyncio.create_task(self.carry(reader, up_writer, writer, up=True)),
            asyncio.create_task(self.carry(up, writer, writer, up=False)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        for each in (writer, up_writer):
            with suppress(Exception):
                each.close()

    async def carry(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        client: asyncio.StreamWriter,
        *,
        up: bool,
    ) -> None:
        """Carry bytes one way; what is on its way is delayed, and does not hold up what comes after it."""
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)

        async def deliver() -> None:
            while True:
                at, data = await queue.get()
                await asyncio.sleep(max(0.0, at - loop.time()))
                if not data:
                    return
                sink.write(data)
                await sink.drain()

        task = asyncio.create_task(deliver())
        total = 0
        try:
            while True:
                data = await source.read(1 << 16)
                total += len(data)
                sky = self.sky
                if up and data:
                    found = _REQUEST.findall(data)
                    self.seen += [line[:-11].decode("ascii", "replace") for line in found]
                    if found and random.random() < sky.errors:
                        client.write(_FAILURE)
                        await client.drain()
                        return
                    if sky.denied and any(line.startswith(sky.denied.encode()) for line in found):
                        client.write(_DENIAL)
                        await client.drain()
                        return
                    if sky.cut and total > sky.cut:
                        return
                    if sky.reset and total > sky.reset:
                        linger = struct.pack("ii", 1, 0)
                        client.get_extra_info("socket").setsockopt(
                            socket.SOL_SOCKET, socket.SO_LINGER, linger
                        )
                        client.transport.abort()
                        return
                    if sky.stall and total > sky.stall:
                        await asyncio.sleep(3600)
                if not up and sky.stall_answers:
                    await asyncio.sleep(3600)
                if sky.bandwidth:
                    await asyncio.sleep(len(data) / sky.bandwidth)
                await queue.put((loop.time() + sky.delay / 2, data))
                if not data:
                    await task
                    return
        finally:
            task.cancel()

    async def obey(self) -> None:
        loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self.connect, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            command = json.loads(line)
            answer: Any = None
            if "sky" in command:
                known = {field.name for field in fields(Sky)}
                self.sky = Sky(**{name: value for name, value in command["sky"].items() if name in known})
            if "requests" in command:
                answer, self.seen = self.seen, []
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt, ConnectionError):
        asyncio.run(_Proxy(int(sys.argv[1])).obey())
