"""What people say in random sessions: words that have tripped servers, and ordinary ones.

Where a table is a text, each of its lines is an entry, spaces at its ends included (a `·` at the
end shows where one stands, and is not part of it).
"""

from __future__ import annotations


def _entries(table: str) -> tuple[str, ...]:
    return tuple(line.removesuffix("·") for line in table.split("\n") if line)


LABELS = tuple("alice bob carol dave erin frank grace heidi ivan judy kate liam".split(" "))

#: Texts: the longest that are passed on, the shortest that are not, and such as look like commands.
TEXTS = (
    *_entries("hello\nx\nhow are you?\n ·\n  two  spaces  each  ·\nalice\nQUIT\nOK SAY 1\n%s %d"),
    *("MSG lobby 1 alice not said", "é漢\U0001f600", "\u202eevil", "back\\slash \\x1b \\n"),
    *("ﬁ e\u0301 \u212b", "\u00a0~\u2028\ufeff", "word " * 100, "x" * 401, "y" * 3800, "é" * 1900),
    *("z" * 3801, "é" * 1901),
)

#: In place of a name: not well-formed, or well-formed and unusual.
NAMES = (
    *_entries("1337\n-al\n_al\nal.ice\nalicé\nаlice\n*\n#lobby\nal,ice\nZ\na-b_c-1\nlobby\nQUIT"),
    *("x" * 21, "X" * 20),
)

#: Lines of the core, which not everybody has to obey: what becomes of them depends on who asks.
LINES = (
    *_entries(
        """
SAY hello
say  you
WHO
LOCK
UNLOCK
PING x
PONG x
who
unLOCK
SAY
SAY ·
NICK
NICK ·
NICK a b
NICK  alice
NICK alice ·
NICK bob
NICK ALICE
PING
PING ·
PING two tokens
PING é
PONG
Pong two words
Lock
LOCK now
LOCK  ·
UNLOCK please
WHO ·
DANCE
dance with me
SAYS
é
 SAY x
3
SAY-IT
VERBOFSEVENTEENXY
/quit
SAY é漢😀
HELLO parley/1
OK SAY 1
ERR bad-line - x
"""
    ),
    *("ping " + "~" * 64, "PING " + "x" * 65, "SAY\u00a0x"),
    *("QUIT " + "x" * 3801, "NICK " + "x" * 21),
)

#: Octets that are no line of text, or a strange one; without their LF.
ODD = (
    *(b"", b"\r", b"PING x\r", b"SAY with CR LF\r", b"WHO\r", b"SAY tab\there", b"SAY \x00"),
    *(b"SAY \xff", b"SAY caf\xe9", b"SAY \xc0\xaf", b"SAY \xed\xa0\x80", b"\xf4\x90\x80\x80"),
    *(b"SAY \xc2\x85", b"SAY \x7f", b"SAY \x1b[31mred", b"PING x\r\r", b"SAY a\rb", b"QUIT \x07"),
    *(b"SAY ".ljust(4095, b"x"), b"SAY ".ljust(4096, b"x"), b"x" * 4095, b"NICK al\x01ice"),
    *(b"PONG ".ljust(9000, b"x"), b"LOCK\x00", b"PING " + b"x" * 4090, b"PONG \x01", b"\x00"),
)

#: Lines of the extensions, in the same manner.
EXTRA = {
    "direct": (
        *_entries(
            """
TELL alice psst
TELL BOB  two  spaces ·
tell carol é漢
TELL nobody x
TELL
TELL ·
TELL alice
TELL alice ·
TELL  alice x
TELL 1337 x
TELL dave MSG lobby 1 alice x
"""
        ),
        *("TELL bob " + "x" * 3800, "TELL bob " + "x" * 3801, "TELL nobody " + "x" * 3801),
    ),
    "rooms": (
        *_entries(
            """
JOIN garden
JOIN GARDEN
join kitchen
JOIN lobby
JOIN Lobby
JOIN alice
ROOMS
rooms
WHO garden
WHO Lobby
WHO kitchen
WHO cellar
WHO 1
JOIN
JOIN ·
JOIN a b
JOIN 1
JOIN é
ROOMS now
WHO lobby garden
"""
        ),
        *("JOIN " + "r" * 21, "JOIN " + "R" * 20, "WHO " + "r" * 20),
    ),
    "history": _entries(
        """
HISTORY
HISTORY 0
HISTORY 1
history 3
HISTORY 100
HISTORY 50
HISTORY -1
HISTORY all
HISTORY 01
HISTORY 1 2
HISTORY ·
HISTORY  1
HISTORY +1
HISTORY 9007199254740992
"""
    ),
    "accounts": (
        *_entries(
            """
REGISTER
REGISTER 7chars!
REGISTER two words
REGISTER é2345678
LOGIN
LOGIN alice
LOGIN alice ·
LOGIN  x
LOGIN alice pass word
"""
        ),
        "REGISTER " + "x" * 65,
    ),
    "files": _entries(
        """
OFFER alice 1 x y
OFFER
OFFER bob
ACCEPT
ACCEPT x
ACCEPT 1 2
DECLINE
MORE
MORE 1
MORE 1 0
MORE x 1
MORE 1 2 3
CHUNK 1
CHUNK 1 abc
CHUNK 1 abc!
CHUNK 1 ====
DONE
DONE ·
DONE -1
ABORT
"""
    ),
}

#: Passwords: most of the time the same one.
PASSWORDS = (*("correct-horse",) * 3, "Correct-horse", "x" * 64, "12345678")
ROOMS = ("garden", "kitchen", "lobby", "Garden", "cellar")
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
FILENAMES = ("empty", "to you.txt", "é漢.txt", "a/b", "..", ".", "x" * 255, "x" * 256, ".bashrc")
#: Data of chunks: 1, 2, 3, 5 and 300 octets.
CHUNKS = ("YQ==", "YWI=", "YWJj", "aGVsbG8=", "eHh4" * 100)
