"""Rotating the installation key loses nothing, however often it is killed on the way."""

import json
import stat

import pytest
from cryptography.fernet import Fernet, InvalidToken

pytestmark = pytest.mark.slow

PLANT = """
from allauth.mfa.models import Authenticator
from allauth.mfa.adapter import get_adapter
from facilitator.models import DataKey, MailSettings
from facilitator.now import now
from tests.cast import household
fay, oli = household("Fay", ("Ana", "Ben")), household("Oli", ("Cleo", "Dev"))
MailSettings.objects.create(practice=fay.practice, host="h", from_address="f@h.example", password="open sesame")
MailSettings.objects.create(practice=oli.practice, host="h", from_address="o@h.example")
seal = get_adapter().encrypt
Authenticator.objects.create(user=fay.facilitator, type="totp", data={"secret": seal("TOTPSECRET")})
Authenticator.objects.create(user=fay.facilitator, type="recovery_codes", data={"seed": seal("SEED"), "used_mask": 1})
codes = {"migrated_codes": [seal("C1"), seal("C2")]}
Authenticator.objects.create(user=oli.facilitator, type="recovery_codes", data=codes)
DataKey.objects.filter(author=oli.b.pk).update(destroyed_at=now(), wrapped="")
"""
READ = """
import json
from allauth.mfa.models import Authenticator
from clients.models import Partner
from facilitator import audit
from facilitator.models import DataKey, MailSettings, Practice
from facilitator.door.signin import MFAAdapter
opened = MFAAdapter().decrypt
held = {f"{a.user_id}{a.type}": a.data for a in Authenticator.objects.all()}
codes = []
for data in held.values():
    codes += [opened(data[k]) for k in ("secret", "seed") if k in data]
    codes += [opened(c) for c in data.get("migrated_codes", [])]
print(json.dumps({
    "names": sorted(p.name for p in Partner.objects.unscoped("a test reads names")),
    "passwords": sorted(m.password for m in MailSettings.objects.all()),
    "codes": sorted(codes),
    "wrapped": sorted(DataKey.objects.values_list("wrapped", flat=True)),
    "chains": [audit.verify(p.pk) for p in Practice.objects.all()],
}))
"""
STEPS = """
import os
from facilitator.management.commands import rotate_keys
for step in {steps}:
    getattr(rotate_keys, step)()
os.kill(os.getpid(), 9)
"""
WHOLE = {
    "names": ["", "Ana", "Ben", "Cleo"],
    "passwords": ["", "open sesame"],
    "codes": ["C1", "C2", "SEED", "TOTPSECRET"],
    "chains": [[], []],
}


def secrets(ground):
    return json.loads((ground.data / "secrets.json").read_text())


def read(ground):
    told = json.loads(ground.python(READ))
    return {key: told[key] for key in WHOLE}, told["wrapped"]


def opens(key, token):
    try:
        return bool(Fernet(key).decrypt(token.encode()))
    except InvalidToken:
        return False


def test_everything_opens_under_the_new_key_and_nothing_under_the_old(any_ground):
    any_ground.python(PLANT)
    before = secrets(any_ground)
    _, wrapped_before = read(any_ground)

    said = any_ground.manage("rotate_keys").stdout

    after = secrets(any_ground)
    told, wrapped = read(any_ground)
    assert told == WHOLE
    assert "start the house again" in said

    # Every wrapped key opens under the new one only, and none is missing.
    old = before.pop("field_keys")[0]
    [new] = after.pop("field_keys")
    tokens = [token for token in wrapped if token]
    assert len(tokens) == len([token for token in wrapped_before if token])
    assert len(tokens) > 4
    assert {(opens(new, token), opens(old, token)) for token in tokens} == {(True, False)}

    # The other secrets are what they were, in a file that is as private as before.
    assert after == before
    assert stat.S_IMODE((any_ground.data / "secrets.json").stat().st_mode) == 0o600
    assert [path.name for path in any_ground.data.iterdir() if path.name.startswith(".secrets")] == []


@pytest.mark.parametrize(
    "steps",
    [
        ["add_key"],
        ["add_key", "rewrap"],
        ["add_key", "rewrap", "prove"],
        ["add_key", "rewrap", "prove", "drop_old"],
    ],
)
def test_killed_between_any_two_steps_it_reads_on_and_the_next_run_finishes(embedded_ground, steps):
    embedded_ground.python(PLANT)
    old = secrets(embedded_ground)["field_keys"][0]

    killed = embedded_ground.start(STEPS.format(steps=steps))
    killed.communicate()
    assert killed.returncode == -9
    assert read(embedded_ground)[0] == WHOLE

    embedded_ground.manage("rotate_keys")
    [new] = secrets(embedded_ground)["field_keys"]
    assert new != old
    assert read(embedded_ground)[0] == WHOLE


def test_a_running_house_is_stopped_first(embedded_ground):
    holder = embedded_ground.start(
        "import fcntl, sys\nfrom django.conf import settings\n"
        "file = open(settings.DATA / 'up.lock', 'a+'); fcntl.flock(file, fcntl.LOCK_EX)\n"
        "print('held', flush=True); sys.stdin.read()"
    )
    assert holder.stdout.readline() == "held\n"
    before = secrets(embedded_ground)

    refused = embedded_ground.manage("rotate_keys", check=False)

    holder.kill()
    holder.communicate()

    assert refused.returncode == 1
    assert "stop it first" in refused.stderr
    assert secrets(embedded_ground) == before
