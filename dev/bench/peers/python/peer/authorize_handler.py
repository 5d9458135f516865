"""Holds an amount on a card: a payment of the credit-card API, which is an order of its own."""

import hmac
import re

from peer.api_error import ApiError, to_api_error
from peer.authorize_request import Authorization, parse_authorization
from peer.credit_card import answered, failed
from peer.http import json_body
from peer.idempotency import once
from peer.merchants import Merchant, find_merchant
from peer.payment import pay
from peer.runtime import Context
from peer.transactions import new_transaction, record_order

MEDIA_TYPE = re.compile(r"(application|text)/json\s*(;.*)?", re.IGNORECASE)


def authorize(event: dict, context: Context) -> dict:
    reference = None
    try:
        if not MEDIA_TYPE.fullmatch((event.get("headers") or {}).get("content-type", "")):
            raise ApiError(415, "unsupported_media_type", "Content-Type: has to be application/json")
        body = json_body(event)
        merchant = _authenticate(body.get("Authentication"))
        request = body.get("Request")
        if not isinstance(request, dict):
            raise ApiError(400, "required", "Request: is required")
        if isinstance(request.get("TransactionReference"), str):
            reference = request["TransactionReference"]
        payment = parse_authorization(request, merchant)

        identity = {
            "key": [merchant.id, payment.reference],
            "request": {
                "amount": payment.amount,
                "currency": payment.currency,
                "discount": payment.discount,
                "card": payment.card,
            },
        }
        return _authorize_once(context, identity=identity, merchant=merchant, payment=payment)
    except Exception as error:
        return failed(to_api_error(error), reference)


@once
def _authorize_once(*, identity: dict, merchant: Merchant, payment: Authorization) -> dict:
    transaction = new_transaction("authorize", payment.card) | {"amount": payment.amount - payment.discount}
    order = {
        # No order id holds a number sign, so no order of the order API has this key.
        "order_key": f"{merchant.id}#card#{payment.reference}",
        "merchant": merchant.id,
        "id": transaction["id"],
        "reference": payment.reference,
        "currency": payment.currency,
        "total": transaction["amount"],
        "discount": payment.discount,
        "description": payment.description,
        "memo": payment.memo,
        "transactions": [],
    }
    recorded = record_order(order, transaction)
    if recorded is None:
        raise ApiError(422, "idempotency_key_reused", "Request.TransactionReference: was used before")

    details = {
        "currency": payment.currency,
        "capture": False,
        "order_id": order["id"],
        "reference": payment.reference,
        "description": payment.description,
        "source": payment.source,
    }
    return answered(order, pay(merchant, recorded, transaction, details))


def _authenticate(credentials: object) -> Merchant:
    """The merchant whose id and key these are. Which of the two is wrong is not told."""
    credentials = credentials if isinstance(credentials, dict) else {}
    merchant, key = find_merchant(credentials.get("Id")), credentials.get("Key")
    if merchant is None or not isinstance(key, str) or not _is_one_of(merchant.keys, key):
        raise ApiError(401, "invalid_client", "Authentication: the id or the key is wrong")
    return merchant


def _is_one_of(keys: list[str], presented: str) -> bool:
    """Compares in constant time, and with every key."""
    return any([hmac.compare_digest(key.encode(), presented.encode()) for key in keys])
