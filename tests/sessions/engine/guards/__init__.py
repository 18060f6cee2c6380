"""Every guard of domain.md 3.2 to 3.4, as practice.md 2 changes them: one refusing, one accepting case each."""

from tests.sessions.engine.guards.absolute import ABSOLUTE
from tests.sessions.engine.guards.form_and_order import FORM_AND_ORDER
from tests.sessions.engine.guards.soft import SOFT

GUARDS = [*FORM_AND_ORDER, *ABSOLUTE, *SOFT]
