"""Errors that a person can mend: one sentence that says what, where, and what to do."""


class DomainError(Exception):
    """Something asked for can't be done; the message is for the person who asked."""


class UnknownCaseError(DomainError):
    """No case by that token for this reader, now."""
