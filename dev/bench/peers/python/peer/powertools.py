"""Once per key, by Powertools: the first request's answer is kept and given again."""

import functools
import os
from collections.abc import Callable

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyValidationError,
)

from peer.api_error import ApiError
from peer.aws import dynamodb

KEPT_FOR_S = 24 * 60 * 60

# The same client as for the orders, and so the same connections.
_store = DynamoDBPersistenceLayer(table_name=os.environ["IDEMPOTENCY_TABLE"], boto3_client=dynamodb)


def once(perform: Callable[..., dict]) -> Callable[..., dict]:
    """Makes a function idempotent, by its argument `identity`.

    That is a dict of two: `key` names the request, and `request` has to be the same when it is repeated. Neither may hold a
    card number: Powertools stores hashes of them, and a card number's can be guessed.

    What the function raises is not kept, so it may raise only when no money can have moved.
    """
    config = IdempotencyConfig(
        event_key_jmespath="key",
        payload_validation_jmespath="request",
        raise_on_no_idempotency_key=True,
        expires_after_seconds=KEPT_FOR_S,
        response_hook=_mark_as_replayed,
    )
    idempotent = idempotent_function(perform, data_keyword_argument="identity", persistence_store=_store, config=config)

    @functools.wraps(perform)
    def perform_once(context, **arguments) -> dict:
        config.register_lambda_context(context)
        try:
            return idempotent(**arguments)
        except IdempotencyAlreadyInProgressError:
            raise ApiError(409, "operation_in_progress", "an equal request is being carried out") from None
        except IdempotencyValidationError:
            raise ApiError(422, "idempotency_key_reused", "the key was used for a different request") from None

    return perform_once


def _mark_as_replayed(answer: dict, _record) -> dict:
    answer["headers"]["idempotent-replayed"] = "true"
    return answer
