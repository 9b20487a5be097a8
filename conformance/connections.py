"""What the system knows of one connection between two processes of this machine (Linux, IPv4).

The kernel is asked for exactly this connection; where it does not answer, its list of all of them
is read, which may be long, and then takes tens of milliseconds. Source: sock_diag(7), the kernel's
linux/inet_diag.h and proc_net_tcp.rst.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

#: Of linux/netlink.h, linux/sock_diag.h and linux/inet_diag.h.
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST = 1
_NLMSG_ERROR = 2
_EVERY_STATE = 0xFFFFFFFF
_LISTENING = 10
_ANY_COOKIE = b"\xff" * 8
#: nlmsghdr; inet_diag_req_v2 up to its ports; inet_diag_msg up to its ports, and behind its id.
_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBxxI")
_ENDS = struct.Struct("!HH16s16s4x8s")
_FOUND = struct.Struct("=BBBB")
_QUEUES = struct.Struct("=IIIII")
_LOOPBACK = socket.inet_aton("127.0.0.1").ljust(16, b"\0")


@dataclass(frozen=True)
class _End:
    """One end of a connection, as the system sees it. In octets, but the inode."""

    unread: int
    unsent: int  # or not acknowledged
    inode: int  # 0: no process has it any more


def octets_between(server: int, client: int) -> int | None:
    """What the system keeps of what one sent to the other, by their ports; None if it is unknown.

    Sent and not received, and received and not read; for a moment twice what is received already
    and not acknowledged yet.
    """
    ours, theirs = _end(client, server), _end(server, client)
    return ours.unread + theirs.unsent if ours and theirs else None


def is_open(server: int, client: int) -> bool:
    """Whether a process has the server's end of this connection. False if it is unknown.

    One that was closed may still be there, to see to what is under way; but it is nobody's.
    """
    found = _end(server, client)
    return found is not None and found.inode != 0


def _end(here: int, there: int) -> _End | None:
    """The end at one port of a connection to another; None if there is none, or nothing tells."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return _ask(here, there)
    return _look_up(here, there)


def _ask(here: int, there: int) -> _End | None:
    """Asks the kernel. Raises OSError if there is none, or it does not answer."""
    ends = _ENDS.pack(here, there, _LOOPBACK, _LOOPBACK, _ANY_COOKIE)
    request = _REQUEST.pack(socket.AF_INET, socket.IPPROTO_TCP, _EVERY_STATE) + ends
    length = _HEADER.size + len(request)
    header = _HEADER.pack(length, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as kernel:
        kernel.settimeout(1.0)
        kernel.send(header + request)
        answer = kernel.recv(4096)
    _, kind, *_ = _HEADER.unpack_from(answer)
    if kind == _NLMSG_ERROR:  # it may not know the question, or there is no such connection
        (number,) = struct.unpack_from("=i", answer, _HEADER.size)
        raise OSError(-number, "sock_diag")
    _, state, *_ = _FOUND.unpack_from(answer, _HEADER.size)
    if state == _LISTENING:  # whoever would take such a connection, for there is none
        return None
    behind = _HEADER.size + _FOUND.size + _ENDS.size
    _, unread, unsent, _, inode = _QUEUES.unpack_from(answer, behind)
    return _End(unread, unsent, inode)


def _look_up(here: int, there: int) -> _End | None:
    """The same, from the list of all connections."""
    ports = rf"^ *\d+: \w+:{here:04X} \w+:{there:04X} .*$"
    for table in ("tcp", "tcp6"):  # IPv4 over a socket for IPv6 is among the latter
        with contextlib.suppress(OSError):
            listed = Path("/proc/net", table).read_text()
            if found := re.search(ports, listed, re.MULTILINE):
                fields = found[0].split()
                unsent, _, unread = fields[4].partition(":")
                return _End(int(unread, 16), int(unsent, 16), int(fields[9]))
    return None
