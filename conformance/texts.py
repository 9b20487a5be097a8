"""What people write, and programs take for something else."""

#: Texts that servers have lost, cut, changed or obeyed.
STRANGE = (
    *("0", "007", "1e3", "-1", "null", "None", "true", "NaN", "[object Object]"),
    *("/quit", "/list", "exit", "quit", "QUIT", "PING x", "OK SAY 1", "ERR x", "BYE", "LOCK"),
    *(":colon", "#hash", "@all", "!x", "*", "~", "-", "--help", "?", ".", "..", ";", "\\"),
    *('"quoted"', "'quoted'", "`x`", '"', "'", "a,b;c", "&lt;&amp;&#65;", "<b>x</b>", "{0}"),
    *(
        "%%",
        "%s%n%d",
        "100%",
        "%41+%20",
        "$HOME",
        "${x}",
        "$& $$ $' $1",
        "\\n",
        "\\x41",
        "\\\\",
        "\\0",
    ),
    *("\u00a0x\u00a0", "x\u3000", "x\u2003", "\u00ad", "so\u00adft", "\u200b", "x\ufeff"),
    *("\ufeffx", "e\u0301", "\u212a", "ﬁ", "İ", "ß", "\u202eabc", "\u2028", "\ufffd"),
    *("\U0001f468\u200d\U0001f469", "\U0010ffff", " x", "x ", " ", "  ", "a  b   c", "~" * 400),
)
