"""The contract suites name the rule that a backend or a de-duplication breaks."""

from __future__ import annotations

from typing import Any

import pytest
from fms_dgt import Completion, Generator, GeneratorOptions, Match, Memory, OrderedValidator, ValidatorOptions
from fms_dgt.testing import GeneratorContract, OrderedValidatorContract


class Careless(Generator[GeneratorOptions]):
    async def open(self) -> None:
        self.client = object()

    async def close(self) -> None:
        del self.client

    async def generate(self, request: Any) -> Completion:
        return Completion(f"{request.messages[0]['role']}: {request.messages[0]['content']}")


class Odd(Careless):
    """Gives what is not a Completion."""

    async def close(self) -> None:
        pass

    async def generate(self, request: Any) -> Any:
        return "text"


class Forgetful(OrderedValidator[ValidatorOptions]):
    def memory(self, keep: Any) -> Memory:
        return Nothing()


class Nothing(Memory):
    def find(self, value: Any, start: int = 0) -> Match | None:
        return None

    def add(self, value: Any, record: int) -> None:
        pass

    def __len__(self) -> int:
        return 0


def suite(cls: type[Generator[Any]]) -> GeneratorContract:
    made = GeneratorContract()
    made.make_generator = lambda: cls(GeneratorOptions(model_id_or_path="tiny"))  # type: ignore[method-assign]
    return made


GENERATORS = [
    (
        Careless,
        "test_opens_and_closes_any_number_of_times",
        r"close\(\) must do nothing where open\(\) was never called; it raised AttributeError: .*'client'",
    ),
    (
        Careless,
        "test_raises_generator_errors_only",
        r"generate\(\) must raise a GeneratorError .* whatever the request; this is a request with no messages; "
        "it raised IndexError",
    ),
    (Odd, "test_answers_with_a_completion", r"generate\(\) must give a Completion, not 'text'"),
    (Odd, "test_answers_many_calls_at_once", r"50 calls at once must give Completions; they gave {'str'}"),
]


@pytest.mark.parametrize(("cls", "test", "rule"), GENERATORS, ids=[test for _, test, _ in GENERATORS])
def test_a_backend_is_told_the_rule(cls: type[Generator[Any]], test: str, rule: str) -> None:
    with pytest.raises(AssertionError, match=rule):
        getattr(suite(cls), test)()


@pytest.mark.parametrize(
    ("test", "rule"),
    [
        ("test_keeps_what_is_unlike", r"len\(\) must count what was added"),
        ("test_refuses_what_it_remembers", r"find\(\) must find what was added; not so for 'Write a poem"),
        ("test_what_was_refused_stays_refused", r"find\(\) must find what was added"),
    ],
)
def test_a_deduplication_is_told_the_rule(test: str, rule: str) -> None:
    made = OrderedValidatorContract()
    made.make_validator = lambda: Forgetful(ValidatorOptions())  # type: ignore[method-assign]
    with pytest.raises(AssertionError, match=rule):
        getattr(made, test)()
