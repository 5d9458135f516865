"""Bodies of API Gateway's HTTP API events, format 2.0, and its answers."""

import base64
import json
from typing import Any

from peer.api_error import ApiError

BODY_MAX_BYTES = 64 * 1024


def json_body(event: dict) -> dict:
    """The JSON object that an event carries."""
    text = event.get("body") or ""
    body = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode()
    if len(body) > BODY_MAX_BYTES:
        raise ApiError(413, "body_too_large", "the body is larger than 64 KiB")
    try:
        value = json.loads(body)
    except ValueError:
        # The parser's own error holds the body, which may hold a card number.
        raise ApiError(400, "invalid_json", "the body is not JSON") from None
    if not isinstance(value, dict):
        raise ApiError(400, "invalid_json", "the body is not a JSON object")
    return value


def json_answer(status: int, body: Any, **headers: str) -> dict:
    """An answer in JSON."""
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": "no-store", **headers},
        "body": json.dumps(body, separators=(",", ":")),
    }
