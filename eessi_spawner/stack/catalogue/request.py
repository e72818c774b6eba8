"""One request over HTTP that cannot be tricked into waiting, growing or going astray: used to fetch the catalogue."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
import zlib
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO
from urllib.parse import urlsplit, urlunsplit

from eessi_spawner.errors import CatalogueUnreachableError

_LARGEST = 256 * 1024 * 1024
_CHUNK = 256 * 1024
_GZIP_MAGIC = b"\x1f\x8b"


class Http:
    """Fetches files.

    Parameters
    ----------
    proxy
        A proxy's URL; `none` for none; empty for what the environment says.
    seconds
        How long to wait for an answer, and between two parts of it.
    total_seconds
        How long all of it may take.
    """

    def __init__(self, proxy: str, seconds: float, total_seconds: float) -> None:
        self._seconds = seconds
        self._total_seconds = total_seconds
        if proxy and proxy != "none" and urlsplit(proxy).scheme not in {"http", "https"}:
            raise CatalogueUnreachableError(
                f"The proxy {shown(proxy)!r} is not a URL.", advice="Write it as http://proxy.example.org:3128"
            )
        proxies = None if not proxy else {} if proxy == "none" else {"http": proxy, "https": proxy}
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(proxies),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
            Redirects(),
        ):
            self._opener.add_handler(handler)

    def get(self, url: str) -> bytes:
        """Return the content of *url*, unpacked if it came as gzip.

        Raises
        ------
        CatalogueUnreachableError
            If it does not come, or not whole.
        """
        content = self.find(url)
        if content is None:
            raise _unreachable(url, "the server has no such file (404)")
        return content

    def find(self, url: str) -> bytes | None:
        """Return the content of *url*, or None where the server says that there is no such file.

        Raises
        ------
        CatalogueUnreachableError
            If it does not come, or not whole.
        """
        if urlsplit(url).scheme not in {"http", "https"}:
            raise _unreachable(url, "only http and https can be fetched")
        headers = {"Accept-Encoding": "gzip", "User-Agent": "eessi-spawner"}
        request = urllib.request.Request(url, headers=headers)  # noqa: S310  (the scheme is checked above)
        try:
            with self._opener.open(request, timeout=self._seconds) as response:
                content = self._read(url, response)
        except urllib.error.HTTPError as error:
            with error:
                if error.code == HTTPStatus.NOT_FOUND:
                    return None
                raise _unreachable(url, f"the server answered {error.code} {error.reason}") from None
        except TimeoutError:
            raise _unreachable(url, f"there was no answer within {self._seconds:g} seconds") from None
        except urllib.error.URLError as error:
            if isinstance(error.reason, TimeoutError):
                raise _unreachable(url, f"there was no answer within {self._seconds:g} seconds") from None
            raise _unreachable(url, getattr(error.reason, "strerror", None) or str(error.reason)) from None
        except (HTTPException, OSError, ValueError) as error:
            raise _unreachable(url, f"the connection broke ({type(error).__name__} {error})") from None
        return _gunzip(url, content) if content.startswith(_GZIP_MAGIC) else content

    def _read(self, url: str, response: HTTPResponse) -> bytes:
        deadline = time.monotonic() + self._total_seconds
        announced = response.headers.get("Content-Length", "")
        parts = []
        size = 0
        while part := response.read1(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > _LARGEST:
                raise _unreachable(url, f"it is larger than {_LARGEST >> 20} MB")
            if time.monotonic() > deadline:
                raise _unreachable(url, f"it was not there after {self._total_seconds:g} seconds")
        if announced.isdigit() and size < int(announced):
            raise _unreachable(url, f"it was cut off after {size} of {announced} bytes")
        return b"".join(parts)


class Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http and https, and never from https down to http."""

    def redirect_request(  # noqa: PLR0913, PLR0917  (urllib's signature)
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        """Return the request that follows *newurl*; refuse what is less safe."""
        before, after = urlsplit(req.full_url).scheme, urlsplit(newurl).scheme
        if after not in {"http", "https"} or (before == "https" and after == "http"):
            raise _unreachable(req.full_url, f"it redirects to {shown(newurl)}, which is not as safe")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def shown(url: str) -> str:
    """Return *url* as it may be shown: without name and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _gunzip(url: str, content: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(content, _LARGEST)
    except zlib.error as error:
        raise _unreachable(url, f"its compression is broken ({error})") from None
    if not unpacker.eof:
        raise _unreachable(url, "it was cut off, or is larger than it may be")
    return plain


def _unreachable(url: str, reason: str) -> CatalogueUnreachableError:
    return CatalogueUnreachableError(
        f"{shown(url)} could not be fetched: {reason}.",
        advice="The catalogue used so far stays in use; check the network, the proxy, or set an internal mirror.",
    )
