"""Style, script and type under names that hold a hash of their content, so that a browser fetches each only once.

Every version of the code makes what it needs in one shared folder when it first starts, and reads its own list of
names. Files of earlier versions stay beside them: a page that was loaded before an upgrade still finds its own.
"""

import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Never asked for by a browser: what only papers use, and what belongs to pages we do not show.
LEFT_OUT = [
    "*.ttf",
    "*.map",
    "LICENSE*",
    "README*",
    "reports/print.css",
    "rest_framework/*",
    "account/*",
    "mfa/*",
]
HASHED = re.compile(r"\.[0-9a-f]{12}\.\w+$")
VERSIONS_KEPT = 5
# A file this young may belong to a version that is just being made.
YOUNG_S = 24 * 3600

Source = tuple[Any, str]


class HashedFiles(CompressedManifestStaticFilesStorage):
    """The storage behind `{% static %}`."""

    keep_only_hashed_files = True

    def __init__(self, location: Any = None, base_url: str | None = None) -> None:
        self.manifest_name = list_of_names()
        super().__init__(location, base_url, file_permissions_mode=0o600, directory_permissions_mode=0o700)

    def stored_name(self, name: str) -> str:
        """A file nobody knows gets its plain name: a page without one style is better than no page."""
        known: str = self.hashed_files.get(self.hash_key(name), name)
        return known

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Only what our own pages ask for: the admin's large scripts would double the time of a first start."""
        ours = [path for path in paths if not path.startswith("admin/")]
        yield from super().compress_files(ours)


class StaticFiles(WhiteNoiseMiddleware):
    """Answers requests for static files. What carries its hash is kept for ever, the rest is asked for again."""

    def __init__(self, get_response: Any) -> None:
        if not settings.WHITENOISE_USE_FINDERS:
            collect()
        super().__init__(get_response)

    def add_cache_headers(self, headers: Any, path: str, url: str) -> None:
        headers["Cache-Control"] = "no-cache"
        if HASHED.search(url):
            headers["Cache-Control"] = f"max-age={self.FOREVER}, public, immutable"
        # Tells HeadersMiddleware that this answer may be kept.
        headers["X-Static-File"] = "1"


@cache
def list_of_names() -> str:
    """The file that holds the names of this version; its own name is a digest of everything they stand for."""
    whole = hashlib.sha256()
    for name, (storage, path) in sorted(sources().items()):
        with storage.open(path) as file:
            content = file.read()
        whole.update(f"{name} {len(content)} ".encode() + content)
    return f"names-{whole.hexdigest()[:16]}.json"


def sources() -> dict[str, Source]:
    """Every file that may be asked for, by name; where two have one name, the first counts."""
    found: dict[str, Source] = {}
    for finder in finders.get_finders():
        for path, storage in finder.list(LEFT_OUT):
            found.setdefault(path, (storage, path))
    return found


def collect() -> None:
    """Make what this version needs, unless it is there already. Killed half-way, the next start does it again."""
    folder = Path(settings.STATIC_ROOT)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    names = folder / list_of_names()
    if names.exists():
        # The latest used are kept.
        names.touch()
        return

    with tempfile.TemporaryDirectory(prefix=".collecting-", dir=folder) as draft:
        _make(Path(draft))
        _move(Path(draft), folder)
    _drop_unused(folder)


def _make(draft: Path) -> None:
    fresh = HashedFiles(location=str(draft))
    found = sources()

    for name, (storage, path) in found.items():
        with storage.open(path) as file:
            fresh.save(name, file)

    for _name, _hashed, done in fresh.post_process(found):
        if isinstance(done, Exception):
            raise done


def _move(draft: Path, folder: Path) -> None:
    """Each file appears whole or not at all, and the list of names last."""
    made = sorted(path for path in draft.rglob("*") if path.is_file())
    made.sort(key=lambda path: path.name == list_of_names())

    for path in made:
        target = folder / path.relative_to(draft)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o600)
        # Compressed copies take their time from the source, which may be long ago.
        os.utime(path)
        path.replace(target)


def _drop_unused(folder: Path) -> None:
    """Keep what the latest few versions use."""
    lists = sorted(folder.glob("names-*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in lists[VERSIONS_KEPT:]:
        old.unlink(missing_ok=True)

    used = {name for kept in lists[:VERSIONS_KEPT] for name in json.loads(kept.read_text())["paths"].values()}
    for path, name in _hashed_files(folder):
        is_old = path.stat().st_mtime < time.time() - YOUNG_S
        if name not in used and is_old:
            path.unlink(missing_ok=True)


def _hashed_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each file with the name it is listed under: a compressed copy goes with the file it is a copy of."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix().removesuffix(".gz").removesuffix(".br")
        if path.is_file() and HASHED.search(name):
            yield path, name
