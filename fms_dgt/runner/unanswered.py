"""What is said of an endpoint that does not answer: in a run, and by the commands that ask outside of one."""

from __future__ import annotations

from fms_dgt.binding.bound import BoundGenerator
from fms_dgt.binding.prices import model_of
from fms_dgt.errors import ConnectionFailed, GeneratorError, Unreachable
from fms_dgt.plugins import text_of
from fms_dgt.runner.silence import Silence


def named(role: str, generator: BoundGenerator) -> str:
    """A block and its model, as errors name them: `generator (openai:granite)`."""
    return f"{role} ({model_of(generator)})" if role else model_of(generator)


def with_advice(error: GeneratorError) -> str:
    """A failed call's text, and what to look at."""
    text = text_of(error)
    if error.retry_after:
        return f"{text}; it asks to wait {error.retry_after:g} s"
    if isinstance(error, Unreachable):
        return f"{text}; see whether the server runs, and check its address"
    if isinstance(error, ConnectionFailed) and not isinstance(error.__cause__, TimeoutError):
        return f"{text}; see whether the server works, and its log"
    return text


def gave_up(who: str, silence: Silence, error: GeneratorError) -> str:
    """Why the tasks that need an endpoint end; `who` names the block and its model."""
    return f"{who}: {with_advice(error)}; {_waited(silence)}"


def hangs(who: str, address: str, silence: Silence) -> str:
    """The same of an endpoint that nothing came from."""
    what = f"{address} sends nothing, neither answers nor a sign of life; see whether the server works"
    return f"{who}: {what}; {_waited(silence)}"


def _waited(silence: Silence) -> str:
    seconds = f"{silence.seconds:.3g} s"
    if silence.answers:
        return f"nothing was answered for {seconds} (give_up_after)"
    return (
        f"nothing was answered within {seconds}; "
        f"if it is starting or loading a model, wait longer: {silence.limits.flag} 600"
    )
