"""Evaluation of the advisor: committed cases, runs through the public face, figures with their intervals."""
