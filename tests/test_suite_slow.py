"""A client that does not read for a while: conformance/peer.py and narrow.py."""

from __future__ import annotations

import socket
import time

from conformance.chat import Chat
from conformance.client import Client
from tests.scripted import PATIENCE

#: Octets: more than the sockets of a narrow connection hold, on both sides.
MUCH = 8 * 1024 * 1024


def test_who_reads_again_goes_on_to_send_what_its_socket_did_not_take() -> None:
    """At once, and not when the answer is late and a probe is sent behind the command."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        chat = Chat(listener.getsockname()[:2], PATIENCE, "t", 7)
        alice = Client(chat, "alice", narrow=True)
        server, _ = listener.accept()
        with server:
            server.setblocking(False)
            alice.reads_no_more()
            alice.sends_octets(b"x" * MUCH, shown="(very many octets)")
            assert alice.presses_on() > 0
            alice.reads_again()
            came, give_up_at = 0, time.monotonic() + PATIENCE
            while came < MUCH and time.monotonic() < give_up_at:
                chat.pump(0.01)
                try:
                    came += len(server.recv(MUCH))
                except BlockingIOError:
                    continue
        chat.abandon()
    assert came == MUCH
