"""A client of the Lambda Runtime API, as small as it can be.

AWS's own does more (tracing headers, log formats, reporting of errors at start), so this one is in favour of what is measured.
"""

import json
import os
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPResponse

INVOCATION = "/2018-06-01/runtime/invocation"


class Context:
    """What a handler is told of its invocation."""

    __slots__ = ("aws_request_id", "_deadline_ms")

    def __init__(self, aws_request_id: str, deadline_ms: int) -> None:
        self.aws_request_id = aws_request_id
        self._deadline_ms = deadline_ms

    def get_remaining_time_in_millis(self) -> int:
        return max(0, self._deadline_ms - int(time.time() * 1000))


def serve(handler: Callable[[dict, Context], dict]) -> None:
    """Hands invocations to the handler, one after the other, for as long as the process lives."""
    # One connection, and no time-out: the next invocation may be hours away.
    runtime = HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        response, body = _send(runtime, "GET", f"{INVOCATION}/next")
        request_id = response.headers["Lambda-Runtime-Aws-Request-Id"]
        context = Context(request_id, int(response.headers["Lambda-Runtime-Deadline-Ms"]))
        try:
            answer, path = handler(json.loads(body), context), "response"
        except Exception as error:
            answer, path = {"errorType": type(error).__name__, "errorMessage": str(error)}, "error"
        _send(runtime, "POST", f"{INVOCATION}/{request_id}/{path}", json.dumps(answer).encode())


def _send(runtime: HTTPConnection, method: str, path: str, body: bytes | None = None) -> tuple[HTTPResponse, bytes]:
    runtime.request(method, path, body)
    response = runtime.getresponse()
    # Read to its end, so that the connection can be used again.
    return response, response.read()
