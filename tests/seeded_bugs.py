"""Do the tests bite? Each deliberate bug is put into a copy of the tree, alone, and some test must notice.

python -m tests.seeded_bugs            run all, print the table
python -m tests.seeded_bugs --write    and keep it in docs/decisions/0005-seeded-bugs.md
python -m tests.seeded_bugs NAME …     only these
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests import ready_databases, services

TABLE = services.ROOT / "docs/decisions/0005-seeded-bugs.md"
DOORS, HOUSE, PRIVACY = "tests/test_doors.py", "tests/test_house.py", "tests/test_privacy.py"
ACCESS = "tests/clients/test_access.py"
GUARDED = "tests/clients/test_guarded.py"
TURNED = "tests/sessions/room/test_turned.py"


@dataclass(frozen=True)
class Bug:
    name: str
    what: str
    file: str
    was: str
    becomes: str
    # What pytest is asked to run: a file, and words its tests' names hold.
    tests: str
    names: str = ""

    @property
    def is_slow_to_notice(self) -> bool:
        return self.tests == PRIVACY and self.names == "nobody_meets"


BUGS = [
    Bug(
        "dropped visible_to", "the couple page asks for any couple, naming no viewer",
        "clients/doors.py", "Couple.objects.visible_to(viewer), pk=couple_id",
        "Couple.objects.all(), pk=couple_id",
        DOORS, "every_actor and [couple]",
    ),
    Bug(
        "unscoped at a door", "the couple page looks for nobody in particular",
        "clients/doors.py", "Couple.objects.visible_to(viewer), pk=couple_id",
        'Couple.objects.unscoped("to show it"), pk=couple_id', DOORS, "every_actor and [couple]",
    ),
    Bug(
        "unscoped at a door, read", "the same, before anybody knocks",
        "clients/doors.py", "Couple.objects.visible_to(viewer), pk=couple_id",
        'Couple.objects.unscoped("to show it"), pk=couple_id', HOUSE, "unscoped",
    ),
    Bug(
        "a field added to a serializer", "the API tells each how often both have answered",
        "clients/rituals/api.py", "    may_tell = serializers.BooleanField()\n",
        "    may_tell = serializers.BooleanField()\n    answered = serializers.SerializerMethodField()\n\n"
        "    def get_answered(self, mine: Any) -> int:\n"
        '        return Response.objects.unscoped("to count").filter(ritual=mine.id).count()\n',
        PRIVACY, "in_private",
    ),
    Bug(
        "a body logged", "every command is written to the log, words and all",
        "sessions/record/conduct.py", "        clock.advance(self.state, moment)\n",
        '        __import__("logging").getLogger("desk").warning("posted %s", dict(command.fields))\n'
        '        clock.advance(self.state, moment)\n',
        PRIVACY, "nobody_meets",
    ),
    Bug(
        "a context for the wrong viewer", "every partner's copy is set as Ben's, whoever reads it",
        "reports/models.py", 'return self.owner.slot if self.owner else ""', 'return "B" if self.owner else ""',
        PRIVACY, "nobody_meets",
    ),
    Bug(
        "an audience changed", "the facilitator's own note is stored for the author and, later, for both",
        "sessions/engine/kinds/table.py", 'content("note", TEAM, NOT_ENDED, words("text", Text()), audience="FAC"',
        'content("note", TEAM, NOT_ENDED, words("text", Text()), audience="REL"', PRIVACY, "private_fields",
    ),
    Bug(
        "an audience changed, met", "the same, found by meeting the words themselves",
        "sessions/engine/kinds/table.py", 'content("note", TEAM, NOT_ENDED, words("text", Text()), audience="FAC"',
        'content("note", TEAM, NOT_ENDED, words("text", Text()), audience="REL"', PRIVACY, "nobody_meets",
    ),
    Bug(
        "a route without a row", "a second address for the health page",
        "facilitator/urls.py", 'path("health/", views.health, name="health"),',
        'path("health/", views.health, name="health"),\n    path("extra/", views.health, name="extra"),',
        DOORS, "has_a_row",
    ),
    Bug(
        "no token asked for", "the desk takes commands from any site's form",
        "sessions/desk/views.py", "@require_POST\ndef command(",
        '@__import__("django.views.decorators.csrf", fromlist=["x"]).csrf_exempt\n@require_POST\ndef command(',
        DOORS, "forms_token and [command]",
    ),
    Bug(
        "a GET that writes", "looking at the couple page touches the couple",
        "facilitator/door/pages.py",
        "    partners = cards(viewer, Partner.objects.visible_to(viewer).filter(couple=found))\n",
        "    partners = cards(viewer, Partner.objects.visible_to(viewer).filter(couple=found))\n"
        '    found.save(update_fields=["zone"])\n', DOORS, "every_actor and [couple]",
    ),
    Bug(
        "an open page", "the couple page asks nobody to sign in",
        "facilitator/door/pages.py", "@require_safe\ndef couple(",
        '@__import__("django.contrib.auth.decorators", fromlist=["x"]).login_not_required\n@require_safe\ndef couple(',
        DOORS, "every_actor and [couple]",
    ),
    Bug(
        "an owner check dropped", "each partner reads what is the other's own",
        "clients/access.py", 'is_owner = Q(**{guard.owner or "pk": partner.partner_id})',
        "is_owner = Q(pk__isnull=False)",
        ACCESS, "exactly_whom",
    ),
    Bug(
        "an owner check dropped, met", "the same, found by the words that then travel",
        "clients/access.py", 'is_owner = Q(**{guard.owner or "pk": partner.partner_id})',
        "is_owner = Q(pk__isnull=False)",
        PRIVACY, "nobody_meets",
    ),
    Bug(
        "a release ignored", "what was said is both's before anybody released it",
        "clients/access.py", 'is_released = Q(**{f"{guard.released}__isnull": False})',
        "is_released = Q(pk__isnull=False)",
        ACCESS, "exactly_whom",
    ),
    Bug(
        "a line kept back, opened", "a release forgets what its author keeps back",
        "sessions/record/release.py", "        if moment.pk in kept", "        if moment.pk in ()",
        PRIVACY, "nobody_meets",
    ),
    Bug(
        "a yes not waited for", "a co-facilitator reads before both agreed",
        "clients/access.py",
        'is_agreed = Q(role="lead") | Q(consented_a_at__isnull=False, consented_b_at__isnull=False)',
        "is_agreed = Q(pk__isnull=False)", DOORS, "every_actor and [couple]",
    ),
    Bug(
        "a removal forgotten", "somebody taken off the care team still reads",
        "clients/access.py", "has_not_ended = Q(ended_at__isnull=True)", "has_not_ended = Q()",
        DOORS, "every_actor and [desk]",
    ),
    Bug(
        "a partner who left", "leaving changes nothing about what is seen",
        "clients/access.py", "couple=couple_id, left_at__isnull=True)", "couple=couple_id)", ACCESS, "who_left",
    ),
    Bug(
        "an epoch not checked", "what was decided before a no is sent after it",
        "clients/rituals/deliveries/final_check.py", "if seat.epoch != row.person_epoch:", "if False:",
        "tests/rituals/test_deliveries.py", "decided_before_a_no",
    ),
    Bug(
        "a link twice", "a sign-in link opens as often as one likes",
        "clients/rituals/links.py", "is_unspent = Q(used_at__isnull=True, expires_at__gt=now)",
        "is_unspent = Q(expires_at__gt=now)",
        DOORS, "states_of and [link]",
    ),
    Bug(
        "columns not bound", "a sealed value opens in any column",
        "facilitator/crypto.py", 'return f"{self.model._meta.label_lower}.{self.name}"', 'return "a column"',
        "tests/facilitator/test_crypto.py", "another_column",
    ),
    Bug(
        "a chain not followed", "verifying looks at each audit entry alone",
        "facilitator/audit.py", "entry.number != expected or entry.prev_hash != prev or entry.hash", "entry.hash",
        "tests/facilitator/test_audit.py", "missing_entry",
    ),
    Bug(
        "a header lost", "redirects and errors may be kept by whoever passes them on",
        "facilitator/headers.py", 'headers = {**ALWAYS, "Cache-Control": "no-store"}', "headers = dict(ALWAYS)",
        "tests/facilitator/test_headers.py", "static_files",
    ),
    Bug(
        "a reverse door", "the other end of a one-to-one asks nobody",
        "clients/apps.py", "guarded.close_reverse_doors()", "guarded.GuardedReverse", GUARDED, "relations or reverse",
    ),
    Bug(
        "a word that hurts", "a partner's page speaks of an expired link",
        "clients/rituals/templates/rituals/link_gone.html", "{% block main %}", "{% block main %}<p>Expired</p>",
        HOUSE, "partners_read or translated",
    ),
    Bug(
        "a turn forgotten", "a sign-in whose screen is turned still reads as the facilitator",
        "clients/access.py", "return AsRoom(turned.session) if turned else viewer",
        "return viewer", TURNED, "without_the_middleware",
    ),
    Bug(
        "a turn with a gap", "a turned screen still reaches the API",
        "sessions/room/middleware.py", "        is_api = request.path",
        '        if request.path.startswith("/api/"):\n            return self.get_response(request)\n'
        "        is_api = request.path", TURNED, "every_door",
    ),
]  # fmt: skip


def copy_of_the_tree(folder: Path) -> Path:
    """What version control knows, as it is now, under version control of its own."""
    tree = folder / "tree"
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=services.ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    for name in filter(None, names):
        if (services.ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(services.ROOT / name, tree / name)
    for command in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *command], cwd=tree, check=True)

    ready = ready_databases.folder()
    shutil.copytree(ready, tree / ready.relative_to(services.ROOT))
    return tree


def ask(tree: Path, tests: Sequence[str]) -> tuple[int, str]:
    """Exit status, and the first test that noticed."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--tb=no", "-p", "no:cacheprovider", *tests]
    env = services.clean_env(PYTHONDONTWRITEBYTECODE="1")
    env.pop("DJANGO_SETTINGS_MODULE")
    done = subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True)
    found = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.M)
    return done.returncode, found[1] if found else done.stdout[-500:] + done.stderr[-500:]


def asked_of(bug: Bug) -> list[str]:
    return [bug.tests, *(["-k", bug.names] if bug.names else [])]


def seed(tree: Path, bug: Bug) -> tuple[bool, str, float]:
    """Whether it was caught, by which test, in how many seconds."""
    place = tree / bug.file
    before = place.read_text()
    if before.count(bug.was) != 1:
        return False, f"the bug no longer fits: {before.count(bug.was)} places", 0.0
    began = time.monotonic()
    place.write_text(before.replace(bug.was, bug.becomes))
    try:
        status, by = ask(tree, asked_of(bug))
    finally:
        place.write_text(before)
    return status == 1, by, time.monotonic() - began


def run(bugs: Sequence[Bug]) -> list[tuple[Bug, bool, str, float]]:
    rows = []
    with tempfile.TemporaryDirectory(prefix="third-chair-seeds-") as folder:
        tree = copy_of_the_tree(Path(folder))
        for file in dict.fromkeys(bug.tests for bug in bugs):
            names = {bug.names for bug in bugs if bug.tests == file}
            together = [] if "" in names else ["-k", " or ".join(f"({name})" for name in sorted(names))]
            status, why = ask(tree, [file, *together])
            if status != 0:
                raise AssertionError(f"without any bug, {file} does not pass: {why}")
        for bug in bugs:
            rows.append((bug, *seed(tree, bug)))
            print(
                "caught" if rows[-1][1] else "MISSED",
                bug.name,
                rows[-1][2],
                f"{rows[-1][3]:.0f} s",
                flush=True,
            )
    return rows


def table(rows: Sequence[tuple[Bug, bool, str, float]]) -> str:
    lines = [
        "# Seeded bugs: which test notices which",
        "",
        "What `python -m tests.seeded_bugs` found. Each bug was put alone into a copy of the tree in which the",
        "same tests had just passed.",
        "",
        f"{sum(caught for _, caught, _, _ in rows)} of {len(rows)} caught.",
        "",
        "| bug | what it does | file | caught by |",
        "|---|---|---|---|",
    ]
    for bug, caught, by, _ in rows:
        lines.append(f"| {bug.name} | {bug.what} | `{bug.file}` | {f'`{by}`' if caught else '**missed**'} |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    wanted = [a for a in arguments if not a.startswith("--")]
    rows = run([bug for bug in BUGS if not wanted or bug.name in wanted])
    if "--write" in arguments:
        TABLE.write_text(table(rows))
    print(f"{sum(caught for _, caught, _, _ in rows)} of {len(rows)} caught")
    return 0 if all(caught for _, caught, _, _ in rows) else 1


if __name__ == "__main__":
    os.chdir(services.ROOT)
    sys.exit(main(sys.argv[1:]))
