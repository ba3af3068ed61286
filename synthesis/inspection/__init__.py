"""The realism report: what synthetic tumours look like beside their surroundings, their hosts and real ones.

``python -m synthesis inspect`` writes it; matplotlib and scikit-learn are imported by this package alone.
"""
