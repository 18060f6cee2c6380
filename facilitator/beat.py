"""The beat process: rings each sweep at its interval. It knows tasks by name only, so it loads no room and no model."""

from celery.apps.beat import Beat
from django.conf import settings

from facilitator.celery import app


class Ringer(Beat):
    def init_loader(self) -> None:
        """Celery would load every task here, and with them the whole house."""
        self.app.finalize()


def main() -> None:
    folder = settings.DATA / "beat"
    folder.mkdir(mode=0o700, exist_ok=True)

    # No pid file: one that outlives its process would keep the next one out.
    ringer = Ringer(app=app, schedule=str(folder / "schedule"), quiet=True, loglevel="WARNING")
    ringer.run()


if __name__ == "__main__":
    main()
