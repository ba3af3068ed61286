"""Figures as SVG: pure functions over data frames, each with the data that it draws; positive = real tumour."""
