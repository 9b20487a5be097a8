"""protocol.md as a program that computes what a correct server sends: the suite's own model.

It opens nothing and waits for nothing. Lines come in, in the order in which the suite knows that
they took effect; what each client has to receive comes out, with the rule that calls for it. It is
written from protocol.md alone and shares nothing with the servers. Where the spec leaves something
to the server (whether it opens another room), the model is told what the server chose.
"""

from .state import Owed, Person
from .world import World, as_text, is_answered, is_last

__all__ = ["Owed", "Person", "World", "as_text", "is_answered", "is_last"]
