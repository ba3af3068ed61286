"""Whether tumours of different organs, or real and synthetic ones, differ in their radiomics features.

Pure: from a table of features, as ``python -m synthesis radiomics`` writes it, to figures and sentences.
"""
