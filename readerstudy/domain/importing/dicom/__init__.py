"""The `dicom` layout: CT series of any tree of files, with their masks.

Only what the geometry and the values need is read, and the identifiers that tell series and patients apart. Of these
none leaves this package but as `SourceRow.patient_id` and `case_id`, which are hashed with a key before anything is
stored.
"""
