"""A migrated data folder of its own, for tests that need several processes or the bytes on the disk."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests import ready_databases, services

PREAMBLE = "import django; django.setup()\n"


@dataclass
class Ground:
    data: Path
    env: dict[str, str]

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(services.ROOT / "manage.py"), *arguments]
        done = subprocess.run(command, env=self.env, cwd=services.ROOT, capture_output=True, text=True)
        assert not check or done.returncode == 0, done.stderr
        return done

    def start(self, script: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PREAMBLE + script]
        return subprocess.Popen(
            command, env=self.env, cwd=services.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def python(self, script: str) -> str:
        process = self.start(script)
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        return out.strip()


def made(data: Path, **env: str) -> Ground:
    ready_databases.copy_to(data)
    whole = services.clean_env(THIRD_CHAIR_DATA=str(data), THIRD_CHAIR_TESTING="1", **env)
    return Ground(data, whole)
