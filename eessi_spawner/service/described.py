"""What an address of the API takes and answers, said beside what answers it; `openapi.py` makes the document of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

Schema = Mapping[str, Any]
F = TypeVar("F", bound=Callable[..., Any])

_OPERATION = "operation_of_the_api"


@dataclass(frozen=True)
class Operation:
    """One method of one address.

    Attributes
    ----------
    summary
        One sentence for who writes a client.
    answer
        The JSON schema of what is answered; None: nothing is.
    status
        Of an answer that is none of the faults.
    also
        Another status with the same answer; 0: none.
    content
        The type of what is answered.
    query
        The parameters after `?`, each with its schema; no other is taken.
    body
        The schema of what is sent; None: nothing is.
    body_content
        The type of what is sent.
    faults
        The statuses of faults besides those that each address has.
    login
        Whether a token is needed.
    headers
        What the answer's headers say, by their names.
    """

    summary: str
    answer: Schema | None = None
    status: int = 200
    also: int = 0
    content: str = "application/json"
    query: Mapping[str, Schema] = field(default_factory=dict)
    body: Schema | None = None
    body_content: str = "application/json"
    faults: tuple[int, ...] = ()
    login: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)


def described(operation: Operation) -> Callable[[F], F]:
    """Return a decorator that lets a handler's method, or what answers for one, bring *operation* along."""

    def describe(function: F) -> F:
        setattr(function, _OPERATION, operation)
        return function

    return describe


def operation_of(function: object) -> Operation | None:
    """Return what *function* was described by."""
    found: Operation | None = getattr(function, _OPERATION, None)
    return found
