"""Mutation testing of the reference servers, with the suite as the judge.

`python -m conformance.mutation` makes one small change at a time to a copy of their sources, grades
the copy as a command line, and reports the changes that no test notices. Sources are read by path
and never imported. Why no existing tool: docs/decisions/0005-mutations-of-our-own.md.
"""
