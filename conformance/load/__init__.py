"""Load: many members at once, every delivery checked, latency measured without flattery.

Open loop: each message has a time at which it ought to be sent, fixed beforehand, and its latency
counts from that time; a server that stalls cannot make the generator wait with it, and so hide the
stall ("coordinated omission", Gil Tene 2013).

A room is one log, so what every listener receives is the same, octet for octet. The generator keeps
that stream (`roomlog`), learns each line of it from whoever receives it first, and compares what
all others receive with it in bulk (`stream`): that is what lets one process check millions of
deliveries a second. `clients` are their sockets, `generator` is what they say and when, `figures`
makes numbers of what they saw, `..usage` looks at the server's processes, and `reflector` is the
bare server to compare with.
"""
