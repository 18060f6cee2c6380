"""Words are sealed under their author's key, and a value that was changed or moved does not open."""

import base64
import sqlite3
import uuid

import pytest
from cryptography.fernet import Fernet
from django.db import connection, transaction
from django.db.models import F, Value

from clients.models import Boundary, Channel, Couple, Partner
from facilitator import crypto
from facilitator.crypto import DecryptError
from facilitator.models import DataKey, MailSettings
from facilitator.now import now
from tests.cast import MORNING, House
from tests.facilitator.ground import Ground

pytestmark = pytest.mark.django_db


def stored(model, pk, column):
    """The bytes of one column as they lie in the database."""
    raw = pk.hex if connection.vendor == "sqlite" and isinstance(pk, uuid.UUID) else pk
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT "{column}" FROM "{model._meta.db_table}" WHERE id = %s', [raw])
        return cursor.fetchone()[0]


def put(model, pk, column, value):
    raw = pk.hex if connection.vendor == "sqlite" and isinstance(pk, uuid.UUID) else pk
    with connection.cursor() as cursor:
        cursor.execute(f'UPDATE "{model._meta.db_table}" SET "{column}" = %s WHERE id = %s', [value, raw])


def name_of(partner):
    return Partner.objects.unscoped("a test reads a name").get(pk=partner.pk).name


def boundary(house: House, slot: str = "A", wording: str = "not my mother") -> Boundary:
    return Boundary.objects.create(partner=house.partner(slot), topic="family", wording=wording)


def test_a_name_comes_back_as_it_was_written_and_lies_sealed(fay):
    assert name_of(fay.a) == "Ana"

    token = stored(Partner, fay.a.pk, "name")
    assert token.startswith("v1.")
    assert "Ana" not in token


@pytest.mark.parametrize("text", ["", " ", "Zoë 🌿 <b>", "a" * 10_000, "line\nbreak\ttab\x00nul"])
def test_every_text_survives(fay, text):
    kept = boundary(fay, wording=text)
    kept.refresh_from_db()
    assert kept.wording == text


def test_the_same_words_twice_do_not_look_alike(fay):
    one = boundary(fay)
    two = boundary(fay)

    assert stored(Boundary, one.pk, "wording") != stored(Boundary, two.pk, "wording")


def test_each_author_has_a_key_of_their_own(fay):
    boundary(fay, "A")
    boundary(fay, "B")

    keys = DataKey.objects.filter(couple=fay.couple.pk)
    authors = set(keys.values_list("author", flat=True))
    assert {fay.a.pk, fay.b.pk, fay.couple.pk} <= authors
    assert len(set(keys.values_list("wrapped", flat=True))) == keys.count()


def test_key_rows_live_in_the_key_store_and_not_beside_the_words(fay):
    assert DataKey.objects.using("keys").filter(couple=fay.couple.pk).exists()
    assert "facilitator_datakey" not in connection.introspection.table_names()


def test_another_installations_key_opens_nothing(fay, settings):
    crypto.keys.clear()
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(DecryptError, match="key this installation does not have"):
        name_of(fay.a)


def test_no_key_at_all_opens_nothing(fay):
    DataKey.objects.all().delete()

    crypto.keys.clear()
    with pytest.raises(DecryptError, match="does not hold"):
        name_of(fay.a)


def test_one_changed_byte_is_noticed_wherever_it_is(fay):
    token = stored(Partner, fay.a.pk, "name")
    head, body = token.rsplit(".", 1)
    raw = bytearray(base64.b64decode(body))

    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1
        put(Partner, fay.a.pk, "name", f"{head}.{base64.b64encode(bytes(changed)).decode()}")
        with pytest.raises(DecryptError):
            name_of(fay.a)


@pytest.mark.parametrize(
    "rubbish",
    [
        "Ana",
        "",
        "v1.x.y",
        "v1..",
        "v1." + "0" * 32 + ".AAAA",
        "v2.{id}.{body}",
        "v1.{id}.AAAA",
        "v1.{id}.%%%",
    ],
)
def test_what_was_never_sealed_is_never_shown(fay, rubbish):
    _, key_id, body = stored(Partner, fay.a.pk, "name").split(".")
    put(Partner, fay.a.pk, "name", rubbish.replace("{id}", key_id).replace("{body}", body))

    with pytest.raises(DecryptError):
        name_of(fay.a)


def test_a_value_moved_to_another_column_does_not_open(fay):
    mine = boundary(fay)
    put(Partner, fay.a.pk, "name", stored(Boundary, mine.pk, "wording"))

    with pytest.raises(DecryptError, match="wrong key or changed"):
        name_of(fay.a)


def test_a_destroyed_key_reads_as_nothing_and_takes_nobody_elses_words(fay):
    boundary(fay, "A")
    DataKey.objects.filter(author=fay.a.pk).update(destroyed_at=now(), wrapped="")
    crypto.keys.clear()

    names = Partner.objects.unscoped("a test reads names").filter(couple=fay.couple).order_by("slot")
    assert [partner.name for partner in names] == ["", "Ben"]
    assert Couple.objects.unscoped("a test reads a label").get(pk=fay.couple.pk).label == "Ana and Ben"


def test_nothing_new_is_written_under_a_destroyed_key(fay):
    DataKey.objects.filter(author=fay.a.pk).update(destroyed_at=now(), wrapped="")
    crypto.keys.clear()

    with pytest.raises(DecryptError, match="destroyed"), transaction.atomic():
        boundary(fay, "A")
    assert Boundary.objects.unscoped("a test counts").count() == 0


def test_a_process_that_held_a_destroyed_key_stops_using_it(fay):
    name_of(fay.a)

    DataKey.objects.filter(author=fay.a.pk).update(destroyed_at=now(), wrapped="")
    assert all(until - crypto.time.monotonic() <= crypto.CACHE_S for until, _ in crypto.keys.by_id.values())

    crypto.keys.by_id = {k: (0.0, key) for k, (_, key) in crypto.keys.by_id.items()}

    assert name_of(fay.a) == ""


@pytest.mark.parametrize(
    "lookup", ["exact", "iexact", "contains", "startswith", "in", "gt", "regex", "range"]
)
def test_sealed_words_cannot_be_searched(fay, lookup):
    value = ["Ana", "Ben"] if lookup in ("in", "range") else "Ana"

    with pytest.raises(TypeError, match="encrypted"):
        list(Partner.objects.visible_to(fay.viewer).filter(**{f"name__{lookup}": value}))


def test_only_whether_there_is_something_may_be_asked(fay):
    assert Partner.objects.visible_to(fay.viewer).filter(name__isnull=True).count() == 0
    assert Partner.objects.visible_to(fay.viewer).filter(name__isnull=False).count() == 2


@pytest.mark.parametrize("value", ["Eva", Value("Eva"), F("slot")], ids=["text", "expression", "column"])
def test_sealed_words_cannot_be_updated_in_place(fay, value):
    rows = Partner.objects.visible_to(fay.viewer)

    with pytest.raises(TypeError, match="encrypted"):
        rows.update(name=value)

    assert name_of(fay.a) == "Ana"


def test_bulk_update_is_refused_and_bulk_create_seals(fay):
    fay.a.name = "Eva"
    with pytest.raises(TypeError, match="encrypted"), transaction.atomic():
        Partner.objects.visible_to(fay.viewer).bulk_update([fay.a], ["name"])

    rows = [
        Channel(partner=fay.partner(slot), address=f"{slot.lower()}@home.example", verified_at=MORNING)
        for slot in "AB"
    ]
    Channel.objects.bulk_create(rows)
    kept = Channel.objects.unscoped("a test reads addresses").order_by("partner__slot")
    assert [channel.address for channel in kept] == ["a@home.example", "b@home.example"]
    assert all(stored(Channel, row.pk, "address").startswith("v1.") for row in rows)


def test_saving_a_row_again_keeps_its_words(fay):
    couple = Couple.objects.unscoped("a test saves a couple").get(pk=fay.couple.pk)

    couple.zone = "Europe/Paris"
    couple.save()

    assert Couple.objects.unscoped("a test reads a label").get(pk=couple.pk).label == "Ana and Ben"


def test_what_belongs_to_no_couple_is_sealed_by_the_installation(fay):
    row = MailSettings.objects.create(
        practice=fay.practice, host="h", from_address="f@h.example", password="open sesame"
    )

    lies = stored(MailSettings, row.pk, "password")
    assert "sesame" not in lies
    assert MailSettings.objects.get(pk=row.pk).password == "open sesame"

    with pytest.raises(TypeError, match="encrypted"):
        MailSettings.objects.filter(password="open sesame").exists()

    put(MailSettings, row.pk, "password", lies[:-4] + "AAA=")
    with pytest.raises(DecryptError):
        MailSettings.objects.get(pk=row.pk)


def test_the_blind_index_finds_equals_and_tells_nothing(settings):
    assert crypto.blind_index(" Ana@Home.example ") == crypto.blind_index("ana@home.example")
    assert crypto.blind_index("ana@home.example") != crypto.blind_index("ben@home.example")

    before = crypto.blind_index("ana@home.example")

    settings.INDEX_KEY = "another house"

    assert crypto.blind_index("ana@home.example") != before


# Blobs: several people's words in one file


def scopes(house: House) -> list:
    couple = house.couple.pk
    return [(couple, couple), (couple, house.a.pk), (couple, house.b.pk)]


def test_a_blob_comes_back_whole(fay):
    plain = bytes(range(256)) * 40

    sealed = crypto.seal_blob(plain, scopes=scopes(fay), bound_to="reports.document.pdf")

    assert crypto.open_blob(sealed, bound_to="reports.document.pdf") == plain
    assert base64.b64encode(plain[:30]).decode() not in sealed


@pytest.mark.parametrize("slot", ["A", "B"])
def test_destroying_any_one_authors_key_ends_the_whole_blob(fay, slot):
    sealed = crypto.seal_blob(b"what we heard", scopes=scopes(fay), bound_to="here")
    DataKey.objects.filter(author=fay.partner(slot).pk).update(destroyed_at=now(), wrapped="")
    crypto.keys.clear()

    assert crypto.open_blob(sealed, bound_to="here") is None


def test_no_layer_of_a_blob_can_be_left_off_added_or_moved(fay):
    sealed = crypto.seal_blob(b"what we heard", scopes=scopes(fay), bound_to="here")

    for forged in (
        sealed.replace("3:", "2:", 1),
        sealed.replace("3:", "4:", 1),
        "0:d2hhdA==",
        "",
        "x:y",
        "3:",
        ":",
    ):
        with pytest.raises(DecryptError):
            crypto.open_blob(forged, bound_to="here")

    with pytest.raises(DecryptError):
        crypto.open_blob(sealed, bound_to="elsewhere")


def test_a_blob_is_never_sealed_for_nobody():
    with pytest.raises(ValueError, match="somebody"):
        crypto.seal_blob(b"words", scopes=[], bound_to="here")


# On disk

PLANTED = """
from tests.cast import household, MORNING
from clients.models import Boundary, Channel, Couple
from clients import safety
from facilitator.models import MailSettings
house = household("Fay", ("Quokkaana", "Quokkaben"))
house.practice.name = "Plainlyvisible"
house.practice.save()
Boundary.objects.create(partner=house.a, topic="family", wording="Quokkawording")
Channel.objects.create(partner=house.a, address="quokka@address.example", verified_at=MORNING)
talk = {"spoken_alone_on": MORNING.date(), "outcome": "go", "notes": "Quokkanotes"}
safety.record_talk(partner=house.b, user=house.facilitator, now=MORNING, **talk)
MailSettings.objects.create(practice=house.practice, host="h", from_address="f@h.example", password="Quokkapassword")
"""


@pytest.mark.slow
def test_no_private_word_lies_plain_on_the_disk_not_in_the_journal_either(embedded_ground: Ground):
    # A reader that stays open keeps SQLite from folding the journal into the database and removing it.
    with sqlite3.connect(embedded_ground.data / "db.sqlite3") as open_reader:
        open_reader.execute("SELECT count(*) FROM clients_couple").fetchone()
        embedded_ground.python(PLANTED)
        files = {p.name: p.read_bytes().lower() for p in embedded_ground.data.rglob("*") if p.is_file()}
    open_reader.close()

    assert len(files["db.sqlite3-wal"]) > 0

    everything = b"".join(files.values())
    assert b"plainlyvisible" in everything
    assert [name for name, body in files.items() if b"quokka" in body] == []
