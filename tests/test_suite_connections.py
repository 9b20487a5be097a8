"""What the system tells of a connection: how much is under way, and whether anybody has it."""

import contextlib
import socket
from collections.abc import Iterator

import pytest

from conformance import connections

SENT = 1000


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The server's end of a connection, and the client's."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        client = stack.enter_context(socket.create_connection(listener.getsockname()))
        server, _ = listener.accept()
        stack.enter_context(server)
        yield server, client


def ports(server: socket.socket, client: socket.socket) -> tuple[int, int]:
    return server.getsockname()[1], client.getsockname()[1]


@pytest.fixture(params=["asked", "looked up"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to know have to tell the same; a system may have neither."""
    if request.param == "looked up":
        monkeypatch.setattr(connections, "_ask", connections._look_up)
    else:
        monkeypatch.setattr(connections, "_look_up", lambda here, there: None)


@pytest.mark.usefixtures("way")
def test_what_is_under_way_is_counted(ends: tuple[socket.socket, socket.socket]) -> None:
    server, client = ends
    before = connections.octets_between(*ports(server, client))
    if before is None:
        pytest.skip("this system does not tell")
    server.sendall(b"x" * SENT)
    after = connections.octets_between(*ports(server, client))
    assert before == 0
    assert after in (SENT, 2 * SENT)  # twice, as long as they are not acknowledged


@pytest.mark.usefixtures("way")
def test_a_connection_is_open_until_the_server_closes_it(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    server, client = ends
    both = ports(server, client)
    if not connections.is_open(*both):
        pytest.skip("this system does not tell")
    server.shutdown(socket.SHUT_WR)
    assert connections.is_open(*both)
    server.close()  # the client has not: something of the connection is still there
    assert not connections.is_open(*both)


@pytest.mark.usefixtures("way")
def test_of_no_connection_nothing_is_told() -> None:
    """Not of the listener either, which would take it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            both = listener.getsockname()[1], nobody.getsockname()[1]
            assert connections.octets_between(*both) is None
            assert not connections.is_open(*both)
