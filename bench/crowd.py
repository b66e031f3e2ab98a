"""Many who look at once, in a process of their own: pages of a dashboard, and clients of the API.

A page signs in, then does what the page's script does: asks `/board` every two seconds with the
versions that it has, and holds `/stream` open. A client asks one question after the other. What an
answer says is not read but where it is needed for the next question.
"""

import asyncio
import json
import multiprocessing
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

PAGE_SECONDS = 2.0
CHART_SECONDS = 10.0
CLIENT_SECONDS = (1.0, 2.0)
DATA_AT = re.compile(rb'"data_at":([0-9.]+)')
OK = (200, 204, 303)


@dataclass(frozen=True)
class Page:
    """One open page: how its person signs in, and where it looks."""

    code: str
    language: str
    path: str = "/"


@dataclass(frozen=True)
class Client:
    """One client of the API: its token, and its questions by name; each makes an address."""

    token: str
    questions: Mapping[str, Callable[[], str]]


@dataclass
class Seen:
    """What all of them saw: seconds by kind of request, answers that were none, ages of data."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)
    sizes: Counter[str] = field(default_factory=Counter)
    ages: list[float] = field(default_factory=list)
    streams: int = 0
    news: int = 0
    cpu_seconds: float = 0.0

    def note(self, name: str, took: float, status: int, size: int) -> None:
        """One answer."""
        self.seconds.setdefault(name, []).append(took)
        self.sizes[name] += size
        if status not in OK:
            self.statuses[f"{name} {status}"] += 1


class Line:
    """One kept-alive connection."""

    def __init__(self, port: int, headers: Mapping[str, str]) -> None:
        self._port = port
        self.headers = dict(headers)
        self._reader = asyncio.StreamReader()
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, target: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of an answer."""
        status, headers = await self.begin(target, method)
        if headers.get("transfer-encoding") == "chunked":
            return status, headers, await self._chunked()
        return (
            status,
            headers,
            await self._reader.readexactly(
                int(headers.get("content-length", 0)) if status != 204 else 0
            ),
        )

    async def begin(self, target: str, method: str = "GET") -> tuple[int, dict[str, str]]:
        """Ask, and read the head of the answer."""
        if self._writer is None or self._writer.is_closing():
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        self._writer.write(f"{method} {target} HTTP/1.1\r\nHost: bench\r\n{lines}\r\n".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers: dict[str, str] = {}
        for line in filter(None, head[1:]):
            name, _, value = line.partition(": ")
            name = name.lower()
            headers[name] = f"{headers[name]}\n{value}" if name in headers else value
        return int(head[0].split()[1]), headers

    async def line(self) -> bytes:
        """The next line of a stream; empty at its end."""
        return await self._reader.readline()

    def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def _chunked(self) -> bytes:
        pieces = []
        while size := int(await self._reader.readline(), 16):
            pieces.append(await self._reader.readexactly(size))
            await self._reader.readexactly(2)
        await self._reader.readexactly(2)
        return b"".join(pieces)


@dataclass(frozen=True)
class Crowd:
    """Who looks, at which ports, for how long."""

    dashboard: int
    api: int
    pages: Sequence[Page]
    clients: Sequence[Client]
    seconds: float

    def apart(self, ready: Callable[[], object]) -> Seen:
        """Look from a process of their own; `ready` is called once all are in."""
        context = multiprocessing.get_context("fork")
        here, there = context.Pipe()
        child = context.Process(target=lambda: there.send(asyncio.run(_looked(self, there))))
        child.start()
        there.close()  # or nobody would notice that the child is gone
        try:
            here.recv()
            ready()
            seen: Seen = here.recv()
        finally:
            child.join(10)
        return seen


async def _looked(crowd: Crowd, tell: Any) -> Seen:
    seen = Seen()
    cookies = [await _signed_in(crowd.dashboard, page) for page in crowd.pages]
    tell.send("ready")
    cpu, end = time.process_time(), time.monotonic() + crowd.seconds
    tasks = [_page(crowd, page, cookie, seen, end)
             for page, cookie in zip(crowd.pages, cookies, strict=True)]  # fmt: skip
    tasks += [_stream(crowd, cookie, seen, end) for cookie in cookies]
    tasks += [_client(crowd, client, seen, end) for client in crowd.clients]
    await asyncio.gather(*tasks)
    seen.cpu_seconds = time.process_time() - cpu
    return seen


async def _signed_in(port: int, page: Page) -> str:
    """The cookie of a session."""
    line = Line(port, {})
    status, headers, _ = await line.ask("/login?" + urlencode({"code": page.code}))
    line.close()
    if status != 303:
        raise RuntimeError(f"signing in: {status}")
    cookies = [word.partition(";")[0] for word in headers["set-cookie"].split("\n")]
    return next(word for word in cookies if word.startswith("vigie_session="))


async def _page(crowd: Crowd, page: Page, cookie: str, seen: Seen, end: float) -> None:
    """What the page's script asks, as `assets/noc.js` does."""
    line, head = Line(crowd.dashboard, {"Cookie": cookie}), dict[str, Any]()
    await asyncio.sleep(random.uniform(0, PAGE_SECONDS))
    while (begun := time.monotonic()) < end:
        known = [":".join(one) for one in head.get("versions", {}).items()]
        asked = {"path": page.path, "query": f"?lang={page.language}", "known": known,
                 "board": head.get("board", "")}  # fmt: skip
        try:
            status, _, body = await line.ask("/board?" + urlencode(asked, doseq=True))
        except (OSError, EOFError):
            line.close()
            seen.statuses["board broken"] += 1
            await asyncio.sleep(PAGE_SECONDS)
            continue
        first = not head
        seen.note("board, first" if first else "board", time.monotonic() - begun, status, len(body))
        if status == 200:
            head = json.loads(body[: body.index(b',"parts":')] + b"}") | {"at": head.get("at")}
            if found := DATA_AT.search(body):
                head["at"] = float(found[1])
            if head["trouble"]:
                seen.statuses["board in trouble"] += 1
            if head["at"] and not first:  # before, nobody had sent for a while
                seen.ages.append(time.time() - head["at"])
        await asyncio.sleep(max(0.0, begun + PAGE_SECONDS - time.monotonic()))
    line.close()


async def _stream(crowd: Crowd, cookie: str, seen: Seen, end: float) -> None:
    line = Line(crowd.dashboard, {"Cookie": cookie})
    try:
        status, _ = await line.begin("/stream")
        if status != 200:
            seen.statuses[f"stream {status}"] += 1
            return
        seen.streams += 1
        async with asyncio.timeout(end - time.monotonic()):
            while text := await line.line():
                seen.news += text.startswith(b"event: changed")
        seen.statuses["stream ended"] += 1
    except TimeoutError:
        pass
    except (OSError, EOFError):
        seen.statuses["stream broken"] += 1
    finally:
        line.close()


async def _client(crowd: Crowd, client: Client, seen: Seen, end: float) -> None:
    line = Line(crowd.api, {"Authorization": f"Bearer {client.token}"})
    names = list(client.questions)
    random.shuffle(names)
    turn = 0
    await asyncio.sleep(random.uniform(0, CLIENT_SECONDS[1]))
    while (begun := time.monotonic()) < end:
        name = names[turn % len(names)]
        turn += 1
        try:
            status, _, body = await line.ask(client.questions[name]())
        except (OSError, EOFError):
            line.close()
            seen.statuses[f"{name} broken"] += 1
        else:
            seen.note(name, time.monotonic() - begun, status, len(body))
        pause = random.uniform(*CLIENT_SECONDS)
        await asyncio.sleep(max(0.0, begun + pause - time.monotonic()))
    line.close()
