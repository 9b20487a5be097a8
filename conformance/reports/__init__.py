"""Reports of grades, all made from results.json alone: for people, and for grading services.

Functions of a file's content; nothing here knows how a server is graded, and none keeps state.
"""

from .program import main

__all__ = ["main"]
