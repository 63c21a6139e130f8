from __future__ import annotations

import asyncio
import inspect
import ssl

import aiohttp
import httpx
import pytest
from ibm_watsonx_ai import wml_client_error as sdk
from ibm_watsonx_ai._wrappers.httpx import NoneResponseError

from fms_dgt.errors import (
    BadResponse,
    ConnectionFailed,
    EveryCallFails,
    Overloaded,
    RequestRefused,
    SetupError,
    Unreachable,
)
from fms_dgt.generators.watsonx.answers import AnswerReader
from fms_dgt.generators.watsonx.errors import Translator, translate_errors
from fms_dgt.generators.watsonx.service import AiohttpClient

REQUEST = httpx.Request("POST", "https://host/ml/v1/text/chat?key=in-the-query")
SIGN_IN = httpx.Request("POST", "https://host/identity/token")
SLOW = httpx.Response(429, request=REQUEST, headers={"Retry-After": "7"})
BROKEN = httpx.Response(502, request=SIGN_IN)
SDK_ERRORS = {
    "WMLClientError": (sdk.WMLClientError("x"), EveryCallFails),
    "MissingValue": (sdk.MissingValue("x"), EveryCallFails),
    "MissingMetaProp": (sdk.MissingMetaProp("x"), EveryCallFails),
    "NotUrlNorID": (sdk.NotUrlNorID("x", "y"), EveryCallFails),
    "NoWMLCredentialsProvided": (sdk.NoWMLCredentialsProvided(), EveryCallFails),
    "ApiRequestFailure": (sdk.ApiRequestFailure("x", SLOW), Overloaded),
    "UnexpectedType": (sdk.UnexpectedType("x", int, str), RequestRefused),
    "ForbiddenActionForPlan": (sdk.ForbiddenActionForPlan("x", ["a"], "b"), EveryCallFails),
    "NoVirtualDeploymentSupportedForICP": (sdk.NoVirtualDeploymentSupportedForICP(), EveryCallFails),
    "MissingArgument": (sdk.MissingArgument("x"), EveryCallFails),
    "WrongEnvironmentVersion": (sdk.WrongEnvironmentVersion("1", "x", ("2",)), EveryCallFails),
    "CannotAutogenerateBedrockUrl": (
        sdk.CannotAutogenerateBedrockUrl(OSError("x"), sdk.AuthenticationError("ICP", BROKEN)),
        ConnectionFailed,
    ),
    "WrongMetaProps": (sdk.WrongMetaProps(), EveryCallFails),
    "MissingWMLComponent": (sdk.MissingWMLComponent(), EveryCallFails),
    "MissingFoundationModel": (sdk.MissingFoundationModel(), EveryCallFails),
    "CannotSetProjectOrSpace": (sdk.CannotSetProjectOrSpace("x"), EveryCallFails),
    "ForbiddenActionForGitBasedProject": (sdk.ForbiddenActionForGitBasedProject("x"), EveryCallFails),
    "CannotInstallLibrary": (sdk.CannotInstallLibrary("x", "y"), EveryCallFails),
    "DataStreamError": (sdk.DataStreamError("x"), ConnectionFailed),
    "WrongLocationProperty": (sdk.WrongLocationProperty("x"), EveryCallFails),
    "WrongFileLocation": (sdk.WrongFileLocation("x"), EveryCallFails),
    "EmptyDataSource": (sdk.EmptyDataSource(), EveryCallFails),
    "SpaceIDandProjectIDCannotBeNone": (sdk.SpaceIDandProjectIDCannotBeNone("x"), EveryCallFails),
    "ParamOutOfRange": (sdk.ParamOutOfRange("x", 3, 1, 2), RequestRefused),
    "InvalidMultipleArguments": (sdk.InvalidMultipleArguments(["x"]), EveryCallFails),
    "ValidationError": (sdk.ValidationError("x"), RequestRefused),
    "PromptVariablesError": (sdk.PromptVariablesError("x"), RequestRefused),
    "InvalidValue": (sdk.InvalidValue("x"), RequestRefused),
    "UnexpectedKeyWordArgument": (sdk.UnexpectedKeyWordArgument("x"), RequestRefused),
    "UnsupportedOperation": (sdk.UnsupportedOperation("x"), EveryCallFails),
    "MissingExtension": (sdk.MissingExtension("x"), EveryCallFails),
    "MissingMetadata": (sdk.MissingMetadata("x"), EveryCallFails),
    "InvalidCredentialsError": (sdk.InvalidCredentialsError("x"), EveryCallFails),
    "AuthenticationError": (sdk.AuthenticationError("IAM", BROKEN), ConnectionFailed),
    "ReadingDataTimeoutError": (sdk.ReadingDataTimeoutError("3"), ConnectionFailed),
    "LoadingDocumentError": (sdk.LoadingDocumentError("x", OSError("y")), EveryCallFails),
    "ExceededLimitOfAPICalls": (sdk.ExceededLimitOfAPICalls("x", "y"), Overloaded),
    "ResourceIdByNameNotFound": (sdk.ResourceIdByNameNotFound("x", "y"), EveryCallFails),
    "ResourceByNameNotFound": (sdk.ResourceByNameNotFound("x", "y"), EveryCallFails),
    "MultipleResourceIdByNameFound": (sdk.MultipleResourceIdByNameFound("x", "y"), EveryCallFails),
    "MissingToolRequiredProperties": (sdk.MissingToolRequiredProperties("x"), RequestRefused),
    "VectorStoreSerializationError": (sdk.VectorStoreSerializationError("x"), BadResponse),
    "HybridSemanticChunkerException": (sdk.HybridSemanticChunkerException("x"), EveryCallFails),
    "GovCloudEnvironmentConsentError": (sdk.GovCloudEnvironmentConsentError("x"), EveryCallFails),
}
HTTP_ERRORS = {
    "HTTPError": (httpx.HTTPError("x"), ConnectionFailed),
    "HTTPStatusError": (httpx.HTTPStatusError("x", request=REQUEST, response=SLOW), Overloaded),
    "RequestError": (httpx.RequestError("x"), ConnectionFailed),
    "TransportError": (httpx.TransportError("x"), ConnectionFailed),
    "TimeoutException": (httpx.TimeoutException("x"), ConnectionFailed),
    "ConnectTimeout": (httpx.ConnectTimeout("x"), Unreachable),
    "ReadTimeout": (httpx.ReadTimeout("x"), ConnectionFailed),
    "WriteTimeout": (httpx.WriteTimeout("x"), ConnectionFailed),
    "PoolTimeout": (httpx.PoolTimeout("x"), ConnectionFailed),
    "NetworkError": (httpx.NetworkError("x"), ConnectionFailed),
    "ConnectError": (httpx.ConnectError("x"), ConnectionFailed),
    "ReadError": (httpx.ReadError("x"), ConnectionFailed),
    "WriteError": (httpx.WriteError("x"), ConnectionFailed),
    "CloseError": (httpx.CloseError("x"), ConnectionFailed),
    "ProxyError": (httpx.ProxyError("x"), ConnectionFailed),
    "ProtocolError": (httpx.ProtocolError("x"), ConnectionFailed),
    "RemoteProtocolError": (httpx.RemoteProtocolError("x"), ConnectionFailed),
    "LocalProtocolError": (httpx.LocalProtocolError("x"), EveryCallFails),
    "UnsupportedProtocol": (httpx.UnsupportedProtocol("x"), EveryCallFails),
    "InvalidURL": (httpx.InvalidURL("x"), EveryCallFails),
    "TooManyRedirects": (httpx.TooManyRedirects("x"), EveryCallFails),
    "DecodingError": (httpx.DecodingError("x"), BadResponse),
    "StreamError": (httpx.StreamError("x"), BadResponse),
    "StreamConsumed": (httpx.StreamConsumed(), BadResponse),
    "StreamClosed": (httpx.StreamClosed(), BadResponse),
    "RequestNotRead": (httpx.RequestNotRead(), BadResponse),
    "ResponseNotRead": (httpx.ResponseNotRead(), BadResponse),
    "CookieConflict": (httpx.CookieConflict("x"), BadResponse),
    "NoneResponseError": (NoneResponseError("x"), BadResponse),
}
TRANSLATOR = Translator(AnswerReader("https://host"))


def exceptions_in(module, names) -> set[str]:
    found = {name: getattr(module, name) for name in names}
    return {name for name, one in found.items() if inspect.isclass(one) and issubclass(one, Exception)}


def test_every_exception_of_the_sdk_is_known():
    own = {name for name, one in vars(sdk).items() if getattr(one, "__module__", "") == sdk.__name__}
    assert exceptions_in(sdk, own | set(sdk.__all__)) <= SDK_ERRORS.keys()


def test_every_exception_of_its_http_layer_is_known():
    import ibm_watsonx_ai._wrappers.httpx as layer

    assert exceptions_in(httpx, httpx.__all__) | exceptions_in(layer, layer.__all__) <= HTTP_ERRORS.keys()


@pytest.mark.parametrize("name", [*SDK_ERRORS, *HTTP_ERRORS])
def test_foreign_exceptions(name):
    foreign, kind = {**SDK_ERRORS, **HTTP_ERRORS}[name]
    with pytest.raises(kind) as caught, translate_errors(TRANSLATOR):
        raise foreign
    assert type(caught.value) is kind
    assert caught.value.__cause__ is foreign
    assert "in-the-query" not in str(caught.value)


@pytest.mark.parametrize(
    "foreign", [asyncio.CancelledError(), KeyboardInterrupt(), RequestRefused("x"), SetupError("x")]
)
def test_what_is_not_translated(foreign):
    with pytest.raises(type(foreign)) as caught, translate_errors(TRANSLATOR):
        raise foreign
    assert caught.value is foreign


@pytest.mark.parametrize(
    ("foreign", "kind"),
    [
        (aiohttp.ClientError("x"), httpx.ConnectError),
        (aiohttp.ServerDisconnectedError(), httpx.ConnectError),
        (aiohttp.ServerTimeoutError(), httpx.ReadTimeout),
        (aiohttp.InvalidURL("x"), httpx.ConnectError),
        (TimeoutError(), httpx.ReadTimeout),
        (OSError(104, "x"), httpx.ConnectError),
    ],
)
async def test_the_client_raises_what_httpx_would(foreign, kind):
    class Broken(AiohttpClient):
        async def _answer(self, *_):
            raise foreign

    async with Broken(ssl.create_default_context()) as client:
        with pytest.raises(kind) as caught:
            await client.post("https://host/ml/v1/text/chat?key=in-the-query", json={})
    assert caught.value.__cause__ is foreign
