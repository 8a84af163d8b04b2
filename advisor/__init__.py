"""Cited advice on running machine learning and LLM systems, computed for your organisation."""

__version__ = "0.1.0"
