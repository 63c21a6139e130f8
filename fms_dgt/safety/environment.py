"""What may be read from the environment, and by whom. Every read of it in the package is made here.

Tasks and configs are often a stranger's, and keys are in the environment of whoever runs them. So a name has
to be on a list: the program's own settings, those of one backend, or those that a task may name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

# The program's own settings.
SETTINGS = frozenset(
    {
        "COLUMNS",
        "DGT_OUTPUT_DIR",
        "FMS_DGT_CACHE",
        "FMS_DGT_DISABLE_PLUGINS",
        "LLAMA_API_KEY",
        "TERM",
        "XDG_CACHE_HOME",
    }
)

# What a backend reads where its options leave something out.
BACKENDS: Mapping[str, tuple[str, ...]] = {
    "openai": ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"),
    "azure": (
        "AZURE_OPENAI_API_KEY",
        "AZURE_OPENAI_AD_TOKEN",
        "AZURE_OPENAI_ENDPOINT",
        "OPENAI_API_VERSION",
    ),
    "rits": ("RITS_API_KEY", "RITS_BASE_URL"),
    "watsonx": (
        "WATSONX_URL",
        "RUNTIME_ENV_APSX_URL",
        "WATSONX_REGION",
        "WATSONX_PROJECT_ID",
        "WATSONX_SPACE_ID",
        "WATSONX_API_KEY",
        "WATSONX_APIKEY",
        "WATSONX_TOKEN",
        "USER_ACCESS_TOKEN",
        "WATSONX_USERNAME",
        "WATSONX_PASSWORD",
        "WATSONX_VERSION",
        "WX_CLIENT_VERIFY_REQUESTS",
    ),
    "hub": ("HF_ENDPOINT",),
}

# What pip is given to find a package index with: which one, by which way, and whom to trust.
FOR_PIP = (
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_CONFIG_FILE"),
    *("PIP_TRUSTED_HOST", "PIP_CERT", "PIP_CLIENT_CERT", "PIP_PROXY", "PIP_KEYRING_PROVIDER"),
    *("PIP_TIMEOUT", "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES", "PIP_CACHE_DIR", "PIP_NO_CACHE_DIR"),
    *("XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "NETRC"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
)

# What `${NAME}` in a task may name; --allow-env adds to it.
IN_TASKS = frozenset({"DGT_DATA_DIR", "DGT_OUTPUT_DIR", "HOME"})
# What stands for a variable that is not set.
DEFAULTS = {"DGT_DATA_DIR": "data"}

_SECRET_PARTS = (
    "KEY",
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "CREDENTIAL",
    "COOKIE",
    "CONNECTION_STRING",
    "DATABASE_URL",
    "WEBHOOK",
    "PRIVATE",
    "BEARER",
)
_SECRET_WORDS = frozenset({"AUTH", "DSN", "JWT", "PAT", "PWD", "SAS", "SESSION"})
# words that only have such a part in them
_HARMLESS = "TOKENIZERS?|MAX_(NEW_)?TOKENS|MONKEY|KEYWORDS?|KEYBOARD|BYPASS|COMPASS"
_SIGNED_IN = r"://(?P<user>[^/?#\s]*)@"
# the working folder, by shells
_NOT_SECRET = frozenset({"PWD", "OLDPWD"})


def looks_secret(name: str, value: str = "") -> bool:
    """Whether a variable may hold a key or a password, by its name or by a password in a URL."""
    upper = name.upper()
    if upper in _NOT_SECRET:
        return False
    words = re.sub(_HARMLESS, "", upper)
    return (
        any(part in words for part in _SECRET_PARTS)
        or any(word in _SECRET_WORDS or word.endswith("PASS") for word in words.split("_"))
        or _holds_password(value)
    )


def _holds_password(value: str) -> bool:
    """Whether there is a URL in it with a password, or with a user, which may be a key, for a web server."""
    return any(
        ":" in match["user"] or value[: match.start()].endswith(("http", "https"))
        for match in re.finditer(_SIGNED_IN, value)
    )


def setting(name: str) -> str:
    """One of the program's own settings; "" where it is not set."""
    if name not in SETTINGS:
        raise LookupError(f"{name} is not in the list of the program's settings")
    return os.environ.get(name, "")


def backend_variables(backend: str) -> Mapping[str, str]:
    """The variables that a backend may read, those that are set."""
    return {name: os.environ[name] for name in BACKENDS[backend] if name in os.environ}


@contextmanager
def with_default(name: str, value: str) -> Iterator[None]:
    """Within it the variable has this value, unless it is set: for libraries that read it as they load."""
    if name in os.environ:
        yield
        return
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name, None)


def for_files() -> Mapping[str, str]:
    """All of it, for `${NAME}` in files: `config.expand` decides which names may be put in where."""
    return os.environ


def proxy_for(scheme: str, host: str) -> str:
    """The proxy that the environment names for such a URL; "" for none."""
    # imported here, since it takes longer than all that `--help` needs
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415

    if proxy_bypass(host):
        return ""
    proxies = getproxies()
    return proxies.get(scheme) or proxies.get("all") or ""
