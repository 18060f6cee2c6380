"""One port: the stream as a raw ASGI route, everything else as WSGI on persistent threads.

Django's own ASGI handler opens a database connection per request; WSGI behind a bounded pool of threads keeps
as many connections as there are threads (docs/decisions/0004-wsgi-behind-asgi.md).
"""

import os
from typing import Any

from a2wsgi import WSGIMiddleware
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facilitator.settings")

from facilitator.wsgi import application as pages
from sessions import live

_pages = WSGIMiddleware(pages, workers=settings.THREADS)


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http" and scope["path"].startswith(live.PREFIX):
        await live.door(scope, receive, send)
    elif scope["type"] == "http":
        await _pages(scope, receive, send)
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})
    else:
        await _lifespan(receive, send)


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await live.watcher.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
