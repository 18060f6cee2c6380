"""The services that other tests stand on do what they say."""

import smtplib
from email.message import EmailMessage

import psycopg
import pytest
import redis as redis_client

from tests import services


def test_a_mail_that_is_sent_is_kept_whole(smtp: services.SmtpServer) -> None:
    message = EmailMessage()
    message["Subject"] = "A quiet line"
    message["From"] = "fay@house.example"
    message["To"] = "ana@house.example"
    message.set_content("Something waits for you.")

    with smtplib.SMTP(smtp.host, smtp.port, timeout=5) as client:
        client.send_message(message)

    assert [m["Subject"] for m in smtp.messages] == ["A quiet line"]
    assert smtp.recipients == [["ana@house.example"]]


def test_postgresql_gives_each_asker_an_empty_database(postgres: services.Postgres) -> None:
    first = postgres.database()
    second = postgres.database()

    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE here (n int)")
    with psycopg.connect(second) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()

    assert first != second
    assert tables == (0,)


def test_redis_keeps_what_it_is_given(redis_url: str) -> None:
    client = redis_client.Redis.from_url(redis_url)

    client.set("chair", "third")
    assert client.get("chair") == b"third"
    client.close()


@pytest.mark.slow
def test_chromium_shows_a_page(chromium) -> None:
    page = chromium.new_page()
    page.set_content("<title>Third Chair</title><h1>Good to see you</h1>")

    assert page.title() == "Third Chair"
    assert page.inner_text("h1") == "Good to see you"
    page.close()
