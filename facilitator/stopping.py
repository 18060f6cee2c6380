"""Whether this process has been told to stop: open streams wait for it, say goodbye and end.

The web server sets it on SIGTERM. Without it uvicorn would wait for its open streams and never exit.
"""

import asyncio

stopping = asyncio.Event()
