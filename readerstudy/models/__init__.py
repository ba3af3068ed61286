"""The nouns, a module each. Import a model from its own module: an import contract keeps truth from readers.

Django finds them here; `apps.py` has them imported through this list.
"""

from readerstudy.models.actor import Actor, ActorAddress
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.blinding_audit import BlindingAudit
from readerstudy.models.case import Case, SlicePack
from readerstudy.models.case_exclusion import CaseExclusion
from readerstudy.models.case_review import CaseReplacement, CaseReview
from readerstudy.models.dataset import Dataset
from readerstudy.models.debrief import Debrief
from readerstudy.models.display_check import DisplayCheck
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.import_run import ImportRun
from readerstudy.models.membership import Membership
from readerstudy.models.practice_truth import PracticeTruth
from readerstudy.models.problem_report import ProblemReport
from readerstudy.models.protocol import Amendment, Protocol
from readerstudy.models.radiomics_run import RadiomicsRun
from readerstudy.models.reader import Reader, ReaderContact
from readerstudy.models.reading import Reading
from readerstudy.models.sequence import Sequence, SequenceItem
from readerstudy.models.stored_file import ShelvedFile, StoredFile
from readerstudy.models.study import Study
from readerstudy.models.synthesis_run import SynthesisRun
from readerstudy.models.volume import Lesion, OrganScan, Volume
from readerstudy.models.volume_preview import VolumePreview

__all__ = [
    "Actor",
    "ActorAddress",
    "Amendment",
    "AuditEvent",
    "BlindingAudit",
    "Case",
    "CaseExclusion",
    "CaseReplacement",
    "CaseReview",
    "Dataset",
    "Debrief",
    "DisplayCheck",
    "GroundTruth",
    "ImportRun",
    "Lesion",
    "Membership",
    "OrganScan",
    "PracticeTruth",
    "ProblemReport",
    "Protocol",
    "RadiomicsRun",
    "Reader",
    "ReaderContact",
    "Reading",
    "Sequence",
    "SequenceItem",
    "ShelvedFile",
    "SlicePack",
    "StoredFile",
    "Study",
    "SynthesisRun",
    "Volume",
    "VolumePreview",
]
