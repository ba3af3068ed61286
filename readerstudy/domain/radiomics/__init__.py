"""The radiomics experiment on a data set or a closed study.

`tumors` measures, `runs` does the job, `figures` draws what it found.
"""
