"""What must not be written down. An address may hold a sign-in link, and Django logs the address of what fails."""

import logging


class WithoutAddresses(logging.Filter):
    """Keeps the line and what went wrong, and takes out where."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if request is not None and isinstance(record.args, tuple):
            asked = {getattr(request, "path", None), getattr(request, "get_full_path", str)()}
            record.args = tuple(_left_out(part, asked) for part in record.args)
        return True


def _left_out(part: object, asked: set[object]) -> object:
    if part in asked:
        return "…"
    return part
