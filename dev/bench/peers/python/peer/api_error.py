"""Requests that are not carried out, and what their callers are told."""

import json
import sys


class ApiError(Exception):
    """A request that is not carried out. Neither code nor detail ever quotes what was sent."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


def to_api_error(error: Exception) -> ApiError:
    """What the caller is told: the error's own words, or a constant for what is none of the caller's business."""
    if isinstance(error, ApiError):
        return error
    log("request failed", error)
    return ApiError(503, "service_unavailable", "the service is not available; send the same request again")


def log(message: str, error: Exception) -> None:
    """Logs an error by its name and nothing else: a message may quote the request."""
    line = {"level": "error", "message": message, "error": type(error).__name__}
    print(json.dumps(line), file=sys.stderr, flush=True)
