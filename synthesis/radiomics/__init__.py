"""Radiomics: what a tumour's shape, HU and texture come to in the numbers of the IBSI.

``python -m synthesis radiomics`` writes them as CSV. pyradiomics and SimpleITK are imported by `extraction` alone.
"""
