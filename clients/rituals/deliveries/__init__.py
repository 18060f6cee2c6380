"""Lay out what is due, claim, check once more, send, record, give up what is stale. Knows no Celery.

In this order, and in the files of these names: `layout` → `final_check` (claim, then the last look) → `letters`
(send, then record); `rounds` runs them all, again and again.

Every step is one conditional UPDATE that must change exactly one row, so that two sweeps, a killed worker or
a clock that jumps can lose time but never send twice. What may have arrived is *uncertain*: a reminder is
held then.
"""

from clients.rituals.deliveries.final_check import claim, final_check
from clients.rituals.deliveries.layout import lay_out_due, offer_sign_in
from clients.rituals.deliveries.letters import Letter, record, send
from clients.rituals.deliveries.rounds import deliver, give_up_stale, sweep

__all__ = [
    "Letter",
    "claim",
    "deliver",
    "final_check",
    "give_up_stale",
    "lay_out_due",
    "offer_sign_in",
    "record",
    "send",
    "sweep",
]
