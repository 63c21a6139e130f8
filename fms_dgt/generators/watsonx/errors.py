"""What the watsonx SDK and the HTTP layer below it raise, as this package's errors.

Imported when the generator opens and not before, since the SDK is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from ibm_watsonx_ai import wml_client_error as sdk

from fms_dgt.errors import (
    BadResponse,
    ConnectionFailed,
    EveryCallFails,
    GeneratorError,
    Overloaded,
    RequestRefused,
    Unreachable,
)
from fms_dgt.generators.shared.connections import distrust, no_connection
from fms_dgt.generators.shared.http import ANY_CALL, OVERLOADED, TRY_AGAIN, json_or_none, retry_after
from fms_dgt.generators.watsonx.answers import AnswerReader, error_of

# below it is what answers; everything else is sign-in
TEXT_CALLS = "/ml/v1/text/"

# codes that say more than their status does
ANY_CALL_CODES = frozenset({"model_not_supported", "model_no_support_for_function", "token_quota_reached"})

MEND_TRUST = "name a file with the certificates of its authority with 'verify'"
MEND = {
    400: "check the key",
    401: "check the key or token; a token ends after an hour",
    403: "check what the key may do in this project, and its quota",
    404: "check the model's name, and that this region has it",
}

# the SDK's own complaints about one request; its others are about the account or the installation
THIS_CALL = (
    sdk.InvalidValue,
    sdk.ParamOutOfRange,
    sdk.PromptVariablesError,
    sdk.UnexpectedKeyWordArgument,
    sdk.UnexpectedType,
    sdk.ValidationError,
    sdk.MissingToolRequiredProperties,
)
CONNECTION = (sdk.DataStreamError, sdk.ReadingDataTimeoutError)
UNSENDABLE = (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.TooManyRedirects)
LOST = (httpx.HTTPError, OSError)
NO_JSON = (ValueError, RecursionError)
# what the SDK trips over in an answer; it checks none of them
UNREADABLE = (
    httpx.DecodingError,
    httpx.StreamError,
    httpx.CookieConflict,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RecursionError,
)
FOREIGN = (sdk.WMLClientError, *UNSENDABLE, *LOST, *UNREADABLE)


@dataclass(frozen=True, slots=True)
class Translator:
    """Says in this package's errors what went wrong."""

    answers: AnswerReader

    def error(self, error: Exception) -> GeneratorError:
        """The error that a foreign one amounts to; most specific first."""
        if isinstance(error, sdk.CannotAutogenerateBedrockUrl) and isinstance(error.reason, list):
            # Cloud Pak's two ways of signing in both failed; the second one counts
            return self.error(error.reason[-1])
        if isinstance(error, httpx.HTTPStatusError | sdk.ApiRequestFailure):
            return self.failure(error.response)
        if isinstance(error, sdk.WMLClientError):
            return self._of_sdk(error)
        if isinstance(error, httpx.ConnectTimeout):
            return Unreachable(f"{self.answers.url} cannot be connected to in time")
        if isinstance(error, httpx.TimeoutException | TimeoutError):
            return ConnectionFailed(f"{self.answers.url} did not answer in time")
        if not_trusted := distrust(error):
            # no other call would trust it either
            return EveryCallFails(f"{self.answers.url} {not_trusted}; {MEND_TRUST}")
        if isinstance(error, httpx.ConnectError) and (why := no_connection(error)):
            return Unreachable(f"{self.answers.url} {why}")
        said = self.answers.excerpt(error)
        if isinstance(error, UNSENDABLE):
            return EveryCallFails(f"{self.answers.url} cannot be called: {said}")
        if isinstance(error, LOST) and not isinstance(error, UNREADABLE):
            return ConnectionFailed(f"{self.answers.url} failed: {type(error).__name__} {said}".rstrip())
        what = f"{type(error).__name__} {said}".rstrip()
        return BadResponse(f"{self.answers.url} sent an answer that cannot be read: {what}")

    def failure(self, response: Any) -> GeneratorError:
        """The error that an answer other than 200 amounts to."""
        status, url = response.status_code, str(response.url.copy_with(query=None, userinfo=b""))
        error = error_of(json_or_none(response.content))
        said = self.answers.excerpt(error.get("message") or response.content)
        what = f"{url} answered {status}: {said}" if said else f"{url} answered {status}"
        kind = _kind(status, error.get("code"), signing_in=TEXT_CALLS not in response.url.path)
        if kind is EveryCallFails and status in MEND:
            what = f"{what}; {MEND[status]}"
        return kind(what, retry_after=retry_after(response.headers) if kind.retryable else None)

    def _of_sdk(self, error: sdk.WMLClientError) -> GeneratorError:
        said = self.answers.excerpt(error)
        if isinstance(error, sdk.ExceededLimitOfAPICalls):
            return Overloaded(f"{self.answers.url}: {said}")
        if isinstance(error, CONNECTION) or isinstance(error.__cause__, httpx.TransportError):
            # an address that does not answer is told as an invalid one
            if why := no_connection(error):
                return Unreachable(f"{self.answers.url} {why}")
            return ConnectionFailed(f"{self.answers.url} failed: {said}")
        if isinstance(error, THIS_CALL):
            return RequestRefused(said)
        if type(error) is sdk.WMLClientError and isinstance(error.__context__, NO_JSON):
            return BadResponse(f"{self.answers.url} sent no valid JSON: {said}")
        return EveryCallFails(f"{self.answers.url} cannot be used: {said}")


@contextmanager
def translate_errors(translator: Translator) -> Iterator[None]:
    """What the SDK and httpx raise, as this package's errors."""
    try:
        yield
    except FOREIGN as error:
        raise translator.error(error) from error


def _kind(status: int, code: Any, *, signing_in: bool) -> type[GeneratorError]:
    if status in OVERLOADED:
        return Overloaded
    if status in TRY_AGAIN or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return ConnectionFailed
    if status >= httpx.codes.MULTIPLE_CHOICES and (
        signing_in or status in ANY_CALL or status < httpx.codes.BAD_REQUEST or code in ANY_CALL_CODES
    ):
        return EveryCallFails
    return RequestRefused if status >= httpx.codes.BAD_REQUEST else BadResponse
