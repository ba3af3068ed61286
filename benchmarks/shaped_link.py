"""A slow link before a server: a TCP proxy in a process of its own, with a bandwidth that all connections share."""

import asyncio
import multiprocessing
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from urllib.parse import urlsplit, urlunsplit

CHUNK = 16 * 1024
UNDER_WAY = 16
"""Chunks of one connection that may be on the link at a time: about a TCP window."""


class Pipe:
    """One direction of the link: bytes leave one after the other, and arrive `delay_s` later."""

    def __init__(self, bytes_per_s: float, delay_s: float) -> None:
        self.bytes_per_s = bytes_per_s
        self.delay_s = delay_s
        self._free_at = 0.0

    def arrival(self, size: int) -> float:
        """Return when so many bytes that are sent now will have arrived."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(self._free_at, now) + size / self.bytes_per_s
        return self._free_at + self.delay_s


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pipe: Pipe) -> None:
    sent: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(UNDER_WAY)

    async def deliver() -> None:
        while True:
            due, data = await sent.get()
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            if not data:
                break
            writer.write(data)
            await writer.drain()
        writer.close()

    async with asyncio.TaskGroup() as group:
        group.create_task(deliver())
        while True:
            data = await reader.read(CHUNK)
            await sent.put((pipe.arrival(len(data)), data))
            if not data:
                break


def _serve(ready: Connection, host: str, port: int, megabits_per_s: float, round_trip_ms: float) -> None:
    async def run() -> None:
        up, down = (Pipe(megabits_per_s * 1e6 / 8, round_trip_ms / 2000) for _ in range(2))

        async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                to_reader, to_writer = await asyncio.open_connection(host, port)
                await asyncio.gather(_pump(reader, to_writer, up), _pump(to_reader, writer, down))
            except (OSError, ExceptionGroup):
                writer.close()  # either side has hung up

        server = await asyncio.start_server(connect, "127.0.0.1", 0, family=socket.AF_INET)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@contextmanager
def shaped(url: str, megabits_per_s: float, round_trip_ms: float) -> Iterator[str]:
    """Yield an address by which what is served at `url` is reached over a slow link."""
    parts = urlsplit(url)
    here, there = multiprocessing.Pipe()
    arguments = (there, parts.hostname, parts.port, megabits_per_s, round_trip_ms)
    process = multiprocessing.get_context("fork").Process(target=_serve, args=arguments, daemon=True)
    process.start()
    try:
        yield urlunsplit(parts._replace(netloc=f"127.0.0.1:{here.recv()}"))
    finally:
        process.terminate()
        process.join()
