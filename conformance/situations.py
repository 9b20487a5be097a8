"""Situations that beginners get into, and how they are recognised: the first that fits is told.

Each has a hint, and for some facts of a failure (`hints.Facts`) a regular expression that must be
found there; the more certain stand first.
"""

from __future__ import annotations

_GONE = r"(BrokenPipe|ConnectionReset|ConnectionAborted)Error"
_NOT_UP = r"before it was ready|did not say|its first line"

SITUATIONS: tuple[tuple[str, dict[str, str]], ...] = (
    # It does not come up
    (
        "There is no such file. The command is run in the folder of parley.toml (or in its cwd; "
        "with --command, where you stand): is the path right from there, does a program of "
        "this folder begin with ./, and has it been built?",
        {"why": r"cannot run .*(No such file|Not a directory)"},
    ),
    (
        "The file may not be executed: chmod +x, or put its interpreter in front of it in the "
        "command.",
        {"why": r"cannot run .*Permission denied"},
    ),
    (
        "The system does not know how to run this file: the first line of a script is, for "
        "example, #!/usr/bin/env python3; a binary has to be built on this kind of machine.",
        {"why": r"cannot run .*Exec format"},
    ),
    (
        "The port is taken. Does your server listen on the port that it is told with {port}? The "
        "suite runs several at a time, each on a port of its own (0 means: any free one).",
        {"why": r"ended before it was ready", "stderr": r"(?i)address (already )?in use"},
    ),
    (
        "Your server does not know the words behind its name: compare the command (parley.toml, "
        "--command) with the options that it reads.",
        {"why": _NOT_UP, "stderr": r"(?i)unrecognized arguments|(unknown|invalid) option|usage:"},
    ),
    (
        "The interpreter does not find the file. The command is run in the folder of parley.toml "
        "(or in its cwd; with --command, where you stand): is the path right from there?",
        {"why": _NOT_UP, "stderr": r"(?i)can't open file|cannot find module|could not find"},
    ),
    (
        "Python cannot read your program: stderr has the file and the line.",
        {"why": _NOT_UP, "stderr": r"(Syntax|Indentation|Tab)Error"},
    ),
    (
        "Your server asks somebody at a keyboard. Nobody is there: standard input is at its end "
        "from the beginning.",
        {"stderr": r"EOFError"},
    ),
    (
        "A module was not found: is it installed for the Python that the command names? The "
        "server is started in the folder of parley.toml (or in its cwd), without PYTHONPATH.",
        {"stderr": r"(ModuleNotFound|Import)Error"},
    ),
    (
        "The ready line is there, but on standard error: print it to standard output.",
        {"why": r"did not say that it is listening", "stderr": r"listening on"},
    ),
    (
        "Something else was printed before it. The first line on standard output has to be the "
        "ready line; words for people go to standard error.",
        {"why": r"its first line is not", "stdout": r"(?m)^listening on \S+ \d+$"},
    ),
    (
        "The ready line is `listening on HOST PORT`, with the address and the number of the port "
        "and nothing else.",
        {"why": r"its first line is not"},
    ),
    (
        "Is the ready line printed once the server listens, and flushed? Output into a pipe "
        "waits in a buffer: print(..., flush=True); in C fflush(stdout) behind printf().",
        {"why": r"did not say that it is listening"},
    ),
    (
        "The program came to its end without an error. Does the main thread wait for the others, "
        "or the main function for the server?",
        {"why": r"ended before it was ready \(exited with status 0"},
    ),
    (
        "The ready line names another port than the one where the server listens, or comes "
        "before listen().",
        {"why": r"it says that it listens on port"},
    ),
    (
        "Why it ended stands in stderr.",
        {"why": r"ended before it was ready", "stderr": r"^(?![\s\S]*Traceback)[\s\S]*\S"},
    ),
    (
        "It ended without a word. Start it by hand with the same command, and print what fails.",
        {"why": r"ended before it was ready", "stderr": r"^\s*$"},
    ),
    # How it ended
    (
        "send() to a client that has gone raises SIGPIPE, which ends the whole program. With "
        "signal(SIGPIPE, SIG_IGN) at the start, send() returns -1 instead.",
        {"server": r"SIGPIPE"},
    ),
    (
        "Memory that is not yours. Often strtok() or strchr() found nothing and returned NULL (a "
        "command without an argument?), or an index is past the end of an array. Build with "
        "-g -fsanitize=address: then the program tells the line.",
        {"server": r"SIGSEGV|SIGBUS"},
    ),
    (
        "The C library found memory overwritten, mostly by a line or a name that is longer than "
        "its array. Build with -g -fsanitize=address: then the program tells the line.",
        {"server": r"SIGABRT", "stderr": r"smash|overflow|free\(\)|malloc|corrupt|abort"},
    ),
    (
        "Nothing in your server listens to this signal, so that it ends the program at once. "
        "Catch SIGINT and SIGTERM, send BYE to everybody, then end.",
        {"id": r"STOP-", "server": r"SIGTERM|SIGINT"},
    ),
    # What Python said
    (
        "recv() cut a character in two (one of UTF-8 has up to four octets). Collect octets, cut "
        "them at \\n, and decode whole lines only.",
        {"stderr": r"UnicodeDecodeError.*unexpected end of data"},
    ),
    (
        "Not all that clients send is UTF-8. Catch UnicodeDecodeError where you decode a line, "
        "answer ERR bad-line, and go on with the next line.",
        {"stderr": r"UnicodeDecodeError"},
    ),
    (
        "Somebody was added or removed while a loop walked through all. Walk through a copy, "
        "list(...); with threads hold one lock for the loop and for the change.",
        {"stderr": r"RuntimeError: (dictionary|Set|deque|OrderedDict).*(changed|mutated)"},
    ),
    (
        "send() on a non-blocking socket that is full raises BlockingIOError, and sendall() "
        "loses count of what it sent. Keep what was not taken (send() returns how much was) in "
        "an outbox of that client, and go on when poll() says that it can be written to.",
        {"stderr": r"BlockingIOError"},
    ),
    (
        "Ctrl-C ended the main thread; the others go on and keep the process alive. Catch "
        "KeyboardInterrupt (and SIGTERM), send BYE to everybody, and start threads with "
        "daemon=True.",
        {"server": r"^running", "stderr": r"KeyboardInterrupt"},
    ),
    (
        "One client that broke off has ended the whole server. Catch OSError around recv() and "
        "send(): it means that this client left, and nothing for the others.",
        {"server": r"^(exited|killed)", "stderr": _GONE},
    ),
    (
        "A send() to one who has just gone fails, and whoever was being served pays for it. Catch "
        "OSError around each send(): the others still get theirs, and whose line it was goes on.",
        {"server": r"^running", "stderr": r"(?s)\.(send|sendall|write)\(.*" + _GONE},
    ),
    (
        "The exception ended only the thread or task of the client that broke off, before it had "
        "tidied up. Catch OSError around recv(): then do the same as when recv() returns b''.",
        {"server": r"^running", "stderr": _GONE},
    ),
    (
        "A command came with fewer words than your code takes out of it: count them first, and "
        "answer ERR bad-args.",
        {"stderr": r"IndexError|ValueError: not enough values"},
    ),
    (
        "The exception in stderr is the cause: its last line says what, the lines above it say "
        "where in your code.",
        {"stderr": r"Traceback|Exception in thread|^\s+at \S+\(|panicked at"},
    ),
    (
        "The server was no longer there. What did the last command do to it?",
        {"server": r"^(exited|killed)", "got": r"refused|end of stream|reset", "id": r"^(?!STOP)"},
    ),
    # What came, or did not
    (
        "The octet 0 belongs to a string in C, but not into a line: send strlen(line) octets, "
        "not sizeof. And put the \\0 behind what recv() returned before you use it as a string.",
        {"got": r"\\x00"},
    ),
    (
        "Every line ends with \\n, the last one too: without it the client waits for the rest.",
        {"why": r"no line end"},
    ),
    (
        "This verb is not in your server yet: here it falls due.",
        {"got": r"^ERR unknown-verb", "expected": r"^(OK|HERE) "},
    ),
    (
        "A verb is made of ASCII letters. What decodes your lines, or turns them into capitals, "
        "may drop a character or make a letter of it (a byte order mark; \u017f becomes S); what "
        "looks for control characters may find others.",
        {"id": r"ERR-2", "sent": r"[^\x00-\x7f]|\\u|\\x"},
    ),
    (
        "So many connections may wait for accept() as listen() was told: 1 or 5 are too few for a "
        "crowd. Give it 128 or more, and call accept() again as soon as it has returned.",
        {"why": r"listen queue"},
    ),
    (
        "The client has ended its direction while lines of it were waiting. They are obeyed all "
        "the same, and answered; its end comes after them.",
        {"id": r"RATE-1", "got": r"end of stream"},
    ),
    (
        "Who has chosen a name has all the time there is: does NICK stop the timer that began when "
        "the client connected?",
        {"id": r"NAMELESS-1", "got": r"end of stream|^BYE"},
    ),
    (
        "This reply belongs to somebody else. Is a buffer filled anew while a part of what it held "
        "is still to be sent?",
        {"id": r"SLOW-", "why": r"reply to nothing"},
    ),
    (
        "Only the beginning arrived. Does recv(1024) read it, and is what it returns taken for "
        "the whole line? Collect until the \\n comes.",
        {"differs": r"cut off", "sent": r".{900}"},
    ),
    (
        "Only the spaces differ. The text is everything behind the first space: no split() and "
        "join(), no strip(), and nothing added at the end.",
        {"differs": r"spaces"},
    ),
    (
        "Only capitals and small letters differ. Keep names and texts as they were sent, and "
        "compare lower-case copies; verbs in replies are in capitals.",
        {"differs": r"case"},
    ),
    (
        "The loop does not wait for anything. When recv() returns nothing (b'', 0), the client "
        "has gone: end its loop, or take its socket out of select() and poll().",
        {"server": r"busy"},
    ),
    (
        "HELLO is the very first line. Words of welcome for people have no place here.",
        {"id": r"HELLO-1", "got": r"^[^(]"},
    ),
    (
        "Close the socket when OK QUIT has been sent: shutdown(SHUT_WR), read until the client "
        "closes, then close.",
        {"id": r"QUIT-1", "got": r"stays open"},
    ),
    (
        "The lock holds events only. This reply was held as well, or never sent: do both go "
        "through the same function?",
        {"id": r"LOCK-", "why": r"no answer"},
    ),
    (
        "It looks right up to the mark. Compare with the table in protocol.md from there on.",
        {"id": r"NICK-1|SAY-1|WHO-1|JOINED-1", "expected": r"^(OK|JOINED|HERE) ", "got": r"^OK"},
    ),
)
