"""A log line tells what went wrong, and never which address somebody had asked for."""

import logging

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils.log import log_response

from facilitator.operations.logs import WithoutAddresses


@pytest.fixture
def written(caplog):
    caplog.handler.addFilter(WithoutAddresses())
    logger = logging.getLogger("django.request")
    logger.propagate = True
    with caplog.at_level(logging.WARNING, logger="django"):
        logger.addHandler(caplog.handler)
        yield caplog
        logger.removeHandler(caplog.handler)


@pytest.mark.parametrize(
    ("status", "words"), [(404, "Not Found: …"), (403, "Forbidden: …"), (500, "Server Error: …")]
)
def test_the_address_of_what_failed_is_left_out(written, status: int, words: str) -> None:
    request = RequestFactory().get("/link/a-secret-token/")
    reason = words.removesuffix(": …")
    log_response("%s: %s", reason, request.path, response=HttpResponse(status=status), request=request)
    assert {record.getMessage() for record in written.records} == {words}


def test_a_line_about_nothing_asked_is_left_as_it_is(caplog) -> None:
    record = logging.makeLogRecord({"msg": "waited %s s for %s", "args": (3, "/broker")})
    assert WithoutAddresses().filter(record) is True
    assert record.getMessage() == "waited 3 s for /broker"
