"""A client for people: the protocol on one side, a terminal on the other.

Theory of operation. A Session is one connection, seen from the client: octets go in and events come
out, commands go in and octets come out. A Conversation is what lasts longer: the person's nickname,
password and room, the questions to be answered, and the Session of the moment. An interface hands
it the lines that the person types, and shows the `events` that it finds in it; a Link carries
octets between it and the server, and connects again when the connection breaks.

    interface  --lines-->   Conversation  --commands-->  Session  --octets-->  Link  -->  server
    interface  <--events--  Conversation  <--events---   Session  <--octets--  Link  <--  server

Conversation and Session, and all that they are made of, do no input or output, read no clock and
start nothing: the time is an argument. `link` (asyncio), `disk` and `faults` know this machine;
`terminal` and `plain` are the two interfaces. A further one needs a Conversation, a Link and, if it
likes, `lines`: nothing of the other two. Everything runs in one thread, except that `disk.prepare`
runs in another.
"""
