"""Pure statistics of a visual Turing test over data frames; positive = real tumour throughout."""

__version__ = "0.1.0"
