"""What every generator and every de-duplication must do, as tests for plugin authors to inherit.

    class TestMine(GeneratorContract):
        def make_generator(self):
            return MyGenerator(MyOptions(model_id_or_path="tiny"))

The tests are plain methods: pytest collects them, and needs no plugin for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, ClassVar, TypeVar

from fms_dgt.core.canonical import canonical
from fms_dgt.core.generator import Completion, Generator, Request, shaping
from fms_dgt.core.validator import Keep, Memory, OrderedValidator
from fms_dgt.errors import GeneratorError

T = TypeVar("T")

MANY = 50
# A plugin is given whatever stages ask with.
BAD_REQUEST = (
    "generate() must raise a GeneratorError (fms_dgt.errors), RequestRefused say, or answer, "
    "whatever the request"
)


class GeneratorContract:
    """A backend that answers. `request(number)` may be overridden where it needs other requests."""

    BAD_REQUESTS: ClassVar[dict[str, Request]] = {
        "no messages": Request(()),
        "a message without a role": Request(({"content": "hello"},)),
        "an empty prompt": Request(({"role": "user", "content": ""},)),
        "half a character": Request(({"role": "user", "content": "\ud83d"},)),
        "a parameter of no JSON type": Request(({"role": "user", "content": "hello"},), {"stop": {object()}}),
        "a parameter out of range": Request(({"role": "user", "content": "hello"},), {"temperature": -1e308}),
        "a parameter nobody knows": Request(({"role": "user", "content": "hello"},), {"no_such": 1}),
    }

    def make_generator(self) -> Generator[Any]:
        """A new generator, not opened yet, whose backend answers."""
        raise NotImplementedError

    def request(self, number: int = 0) -> Request:
        """A request that the backend answers; different for different numbers."""
        return Request(({"role": "user", "content": f"Say the number {number}."},), seed=number)

    def test_finds_no_problem_with_itself(self) -> None:
        problems = self.make_generator().check()
        assert problems == [], f"check() of a generator that answers must give []; it gave {problems}"

    def test_answers_with_a_completion(self) -> None:
        completion = self._opened(lambda generator: self._ask(generator, self.request()))
        assert type(completion) is Completion, f"generate() must give a Completion, not {completion!r}"
        assert type(completion.text) is str, f"Completion.text must be str, not {completion.text!r}"
        tokens = (completion.input_tokens, completion.output_tokens)
        assert min(tokens) >= 0, f"numbers of tokens must be 0 or more; they are {tokens}"
        try:
            canonical(dict(completion.extra))
        except (TypeError, ValueError) as error:
            raise AssertionError(f"Completion.extra must be a dict of JSON values: {error}") from error

    def test_answers_many_calls_at_once(self) -> None:
        async def ask(generator: Generator[Any]) -> list[Completion]:
            return await asyncio.gather(*(self._ask(generator, self.request(i)) for i in range(MANY)))

        completions = self._opened(ask)
        kinds = {type(completion).__name__ for completion in completions}
        assert kinds == {"Completion"}, f"{MANY} calls at once must give Completions; they gave {kinds}"

    def test_raises_generator_errors_only(self) -> None:
        async def ask(generator: Generator[Any]) -> None:
            for name, request in self.BAD_REQUESTS.items():
                with _rule(f"{BAD_REQUEST}; this is a request with {name}"):
                    try:
                        given = await self._ask(generator, request)
                    except GeneratorError:
                        continue
                assert type(given) is Completion, f"{BAD_REQUEST}; with {name} it gave {given!r}"

        self._opened(ask)

    def test_answers_after_a_bad_request(self) -> None:
        async def ask(generator: Generator[Any]) -> Completion:
            bad = (self._ask(generator, request) for request in self.BAD_REQUESTS.values())
            await asyncio.gather(*bad, return_exceptions=True)
            with _rule("a generator must answer a good request after bad ones"):
                return await self._ask(generator, self.request())

        assert type(self._opened(ask)) is Completion

    def test_lets_go_of_a_cancelled_call(self) -> None:
        async def ask(generator: Generator[Any]) -> Completion:
            call = asyncio.ensure_future(self._ask(generator, self.request(1)))
            await asyncio.sleep(0)
            call.cancel()
            await asyncio.wait([call])
            with _rule("a generator must answer the next request after a call was cancelled"):
                return await self._ask(generator, self.request(2))

        assert type(self._opened(ask)) is Completion

    def test_opens_and_closes_any_number_of_times(self) -> None:
        async def open_and_close() -> Completion:
            generator = self.make_generator()
            with _rule("close() must do nothing where open() was never called"):
                await generator.close()
            with _rule("open() must do nothing where it is open already"):
                await generator.open()
                await generator.open()
            completion = await self._ask(generator, self.request())
            with _rule("close() must do nothing where it is closed already"):
                await generator.close()
                await generator.close()
            return completion

        assert type(asyncio.run(open_and_close())) is Completion

    def test_names_one_endpoint(self) -> None:
        one, other = self.make_generator(), self.make_generator()
        assert one.endpoint, "endpoint must not be empty: it names who shares the slots"
        rule = "two generators with the same options must name the same endpoint"
        assert one.endpoint == other.endpoint, rule

    def test_can_say_what_shapes_its_answers(self) -> None:
        one, other = self.make_generator(), self.make_generator()
        rule = "two generators with the same options must say the same of what shapes their answers"
        assert canonical(shaping(one)) == canonical(shaping(other)), rule

    async def _ask(self, generator: Generator[Any], request: Request) -> Completion:
        """Ask as the engine does, which puts the options of the block below those of the request."""
        params = {**generator.options.sampling(), **request.params}
        return await generator.generate(dataclasses.replace(request, params=params))

    def _opened(self, use: Callable[[Generator[Any]], Awaitable[T]]) -> T:
        async def run() -> T:
            generator = self.make_generator()
            await generator.open()
            try:
                return await use(generator)
            finally:
                await generator.close()

        return asyncio.run(run())


@contextlib.contextmanager
def _rule(rule: str) -> Iterator[None]:
    """Whatever is raised within it breaks this rule, and says so."""
    try:
        yield
    except Exception as error:
        raise AssertionError(f"{rule}; it raised {type(error).__name__}: {error}") from error


class OrderedValidatorContract:
    """A de-duplication. `UNLIKE` are values of which it keeps all; `make_validator` gives a new one."""

    UNLIKE: ClassVar[tuple[Any, ...]] = (
        "Write a poem about the sea in winter.",
        "Which planet has the most moons?",
        "Explain to a child how bread rises.",
        "写一首关于猫的诗",
        "",
        {"question": "How long is a year?", "tags": ["time", 1]},
    )

    def make_validator(self) -> OrderedValidator[Any]:
        """A new validator."""
        raise NotImplementedError

    def test_finds_nothing_in_an_empty_memory(self) -> None:
        memory = self._memory()
        assert len(memory) == 0, "len() of a new memory must be 0"
        found = [memory.find(value) for value in self.UNLIKE]
        assert found == [None] * len(self.UNLIKE), "find() in an empty memory must give None"

    def test_keeps_what_is_unlike(self) -> None:
        memory = self._memory()
        for record, value in enumerate(self.UNLIKE, 1):
            found = memory.find(value)
            assert found is None, f"find() must give None for what is unlike all before; {value!r}: {found}"
            memory.add(value, record)
        assert len(memory) == len(self.UNLIKE), "len() must count what was added"

    def test_refuses_what_it_remembers(self) -> None:
        memory, keep = self._filled(), self._keep()
        for record, value in enumerate(self.UNLIKE, 1):
            found = memory.find(value)
            assert found is not None, f"find() must find what was added; not so for {value!r}"
            assert found.record == record, f"Match.record must be the number given to add(): {record}"
            assert not keep(found.score), f"the score of a match must be one that {keep} refuses"

    def test_what_was_refused_stays_refused(self) -> None:
        memory = self._memory()
        first, *others = self.UNLIKE
        memory.add(first, 1)
        refusal = memory.find(first)
        assert refusal is not None, f"find() must find what was added; not so for {first!r}"
        for record, value in enumerate(others, 2):
            memory.add(value, record)
            rule = "what was refused must stay refused, by the same match, whatever is added later"
            assert memory.find(first) == refusal, rule

    def test_finds_the_earliest(self) -> None:
        memory = self._filled()
        size = len(self.UNLIKE)
        for record, value in enumerate(self.UNLIKE, size + 1):
            memory.add(value, record)
        assert len(memory) == 2 * size
        for position, value in enumerate(self.UNLIKE):
            records = [getattr(memory.find(value, start), "record", None) for start in range(2 * size + 1)]
            first = [position + 1] * (position + 1)
            second = [position + size + 1] * size
            rule = "find(value, start) must give the earliest match at position start or later"
            assert records == [*first, *second, *[None] * (size - position)], rule

    def test_looking_changes_nothing(self) -> None:
        memory = self._filled()
        before = [memory.find(value) for value in self.UNLIKE]
        rule = "find() must change nothing"
        assert [memory.find(value) for value in self.UNLIKE] == before, rule
        assert len(memory) == len(self.UNLIKE), rule

    def _keep(self) -> Keep:
        keep = self.make_validator().keep()
        assert keep is not None, "keep() of a de-duplication must give a Keep"
        return keep

    def _memory(self) -> Memory:
        return self.make_validator().memory(self._keep())

    def _filled(self) -> Memory:
        memory = self._memory()
        for record, value in enumerate(self.UNLIKE, 1):
            memory.add(value, record)
        return memory
