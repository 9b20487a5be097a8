"""What the terminal's prompt is made of: colours, completion, and a password's invisibility."""

from __future__ import annotations

from collections.abc import Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.styles import Style

from .commands import complete
from .conversation import Conversation, Question

_COLOURS = "#d7875f #5fafd7 #87af5f #d787d7 #d7af5f #5fd7af #af87ff #d75f87 #87afaf #afaf5f"
STYLE = Style.from_dict(
    {
        **{f"name{index}": f"bold {colour}" for index, colour in enumerate(_COLOURS.split())},
        "time": "ansibrightblack",
        "number": "ansibrightblack",
        "mention": "bold ansiyellow",
        "told": "italic ansimagenta",
        "joined": "ansigreen",
        "left": "ansibrightblack",
        "file": "ansicyan",
        "rule": "ansibrightblack",
        "note": "ansibrightblack",
        "bad": "ansired",
        "escape": "reverse",
        "me": "bold",
        "held": "bold reverse ansiyellow",
    }
)


class Hidden(Processor):
    """Shows nothing of what is typed, not even how long it is."""

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        return Transformation([], source_to_display=lambda _: 0, display_to_source=lambda _: 0)


class Names(Completer):
    """Completes what the Conversation knows, and paths behind /send NAME."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterable[Completion]:
        line = document.text_before_cursor
        if self._conversation.question is not Question.NONE:
            return
        if line.startswith("/send ") and line.count(" ") > 1:
            path = line.split(" ", 2)[2]
            yield from self._paths.get_completions(Document(path), event)
            return
        last = line.rpartition(" ")[2]
        for word, about in complete(self._conversation, line):
            yield Completion(word, -len(last), display=word.strip(), display_meta=about)
