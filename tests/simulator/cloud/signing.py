"""The signature of a request, as Tuya computes it."""

from collections.abc import Mapping
import hashlib
import hmac

from .asked import Asked

NO_BODY = (b"", b"{}", b"null")


def is_right(asked: Asked, secret: str, token: str) -> bool:
    """Check the signature; client libraries differ in how they write a query and no body."""
    given = asked.headers.get("sign", "")
    expected = [
        sign(asked, secret, token, url, digest)
        for url in _urls(asked)
        for digest in _digests(asked.raw_body)
    ]
    return any(hmac.compare_digest(given.encode(), one.encode()) for one in expected)


def sign(asked: Asked, secret: str, token: str, url: str, body_digest: str) -> str:
    """Sign with one way to write the query and the body."""
    headers = asked.headers
    signed = f"{asked.call.method}\n{body_digest}\n{_signed_headers(headers)}\n{url}"
    payload = "".join((headers["client_id"], token, headers["t"], headers.get("nonce", ""), signed))
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest().upper()


def _signed_headers(headers: Mapping[str, str]) -> str:
    names = headers.get("Signature-Headers", "")
    return "".join(f"{name}:{headers.get(name, '')}\n" for name in names.split(":") if name)


def _urls(asked: Asked) -> set[str]:
    path, query = asked.call.path, asked.raw_query
    if not query:
        return {path}
    return {
        f"{path}?{query}",
        f"{path}?{'&'.join(sorted(query.split('&')))}",
        f"{path}?{'&'.join(f'{key}={value}' for key, value in sorted(asked.call.query.items()))}",
    }


def _digests(body: bytes) -> set[str]:
    digests = {hashlib.sha256(body).hexdigest()}
    if body in NO_BODY:
        digests.add(hashlib.sha256(b"").hexdigest())
    return digests
