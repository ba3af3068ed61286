"""The leak audit of a study: `features` names what is measured, `measures` measures a case, `study` brings together."""

from readerstudy.domain.leak_audit.study import audit_study, measure_cases

__all__ = ["audit_study", "measure_cases"]
