"""The files that a study's analysis leaves in: for spreadsheets, for R, for a manuscript."""
