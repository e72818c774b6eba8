"""Answers that were given, to give them again: many people type the same first letters."""

from __future__ import annotations

from collections import OrderedDict

# Some thousand short answers, or some dozen of the longest.
MOST_CHARACTERS = 16 * 1024 * 1024


class KeptAnswers:
    """Question to answer, both as text; those that nobody asked for longest make room. Used in the event loop only.

    Parameters
    ----------
    most
        How many characters all of it may have.
    """

    def __init__(self, most: int = MOST_CHARACTERS) -> None:
        self._answers: OrderedDict[str, str] = OrderedDict()
        self._most = most
        self.characters = 0

    def get(self, question: str) -> str | None:
        """Return the answer, if it is kept."""
        answer = self._answers.get(question)
        if answer is not None:
            self._answers.move_to_end(question)
        return answer

    def keep(self, question: str, answer: str) -> None:
        """Keep *answer* until others need its room."""
        self._drop(question)
        self._answers[question] = answer
        self.characters += len(question) + len(answer)
        while self.characters > self._most:
            self._drop(next(iter(self._answers)))

    def _drop(self, question: str) -> None:
        answer = self._answers.pop(question, None)
        if answer is not None:
            self.characters -= len(question) + len(answer)
