"""The leak audit of a study.

`features` names what is measured, `measures` and `case` measure a case, `study` a study's cases, `runs` does the audit.
"""
