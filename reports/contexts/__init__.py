"""What each document may hold, as frozen values per reader; built by pure functions, tested without a PDF."""

from reports.contexts.door import DoorSheet
from reports.contexts.joint import JointSummary
from reports.contexts.material import Material, Meeting, SeenLine
from reports.contexts.partner import PartnerCopy
from reports.contexts.record import FacilitatorRecord
from reports.contexts.sheet import AgreementSheet

__all__ = [
    "AgreementSheet",
    "DoorSheet",
    "FacilitatorRecord",
    "JointSummary",
    "Material",
    "Meeting",
    "PartnerCopy",
    "SeenLine",
]
