"""The conformance suite: grades any program that speaks the protocol of protocol.md.

It knows servers as command lines, and shares no code with those of this repository: a bug in their
reading of the spec must not be a bug in the reading of those who grade them.
"""

__version__ = "0.1.0"
