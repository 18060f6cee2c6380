"""The floor under the stream: nothing but ASGI."""

import asyncio

peers: dict[int, asyncio.Event] = {}


async def bare(scope, receive, send):
    """The floor: streams in one place, a POST wakes each."""
    if scope["type"] != "http":
        return
    if scope["method"] == "POST":
        for event in peers.values():
            event.set()
        await send({"type": "http.response.start", "status": 201, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})
        return
    event = peers[id(scope)] = asyncio.Event()
    event.set()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]}
    )
    while True:
        await event.wait()
        event.clear()
        await send({"type": "http.response.body", "body": b"data:\n\n", "more_body": True})
