"""Figures in words and tables, as pages, the report and LaTeX show them: pure, over frames and the document."""
