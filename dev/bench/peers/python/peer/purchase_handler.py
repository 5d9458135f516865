"""Pays an order, or a part of it, at once."""

import re

from peer.access_token import authenticate
from peer.api_error import ApiError, to_api_error
from peer.elastic_path import declined, failed, transaction_body
from peer.http import json_answer
from peer.idempotency import once
from peer.merchants import Merchant
from peer.orders import read_order
from peer.payment import pay
from peer.purchase_request import Purchase, parse_purchase
from peer.runtime import Context
from peer.transactions import new_transaction, owing, record_intent

ORDER_ID = re.compile(r"[A-Za-z0-9_.:~-]{1,64}")
IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,255}")


def purchase(event: dict, context: Context) -> dict:
    try:
        headers = event.get("headers") or {}
        merchant = authenticate(headers.get("authorization"))
        order_id = (event.get("pathParameters") or {}).get("orderId", "")
        if not ORDER_ID.fullmatch(order_id):
            raise ApiError(400, "invalid_value", "the order id is not valid")
        key = headers.get("idempotency-key", "")
        if not IDEMPOTENCY_KEY.fullmatch(key):
            raise ApiError(400, "required", "the header Idempotency-Key is required")
        payment = parse_purchase(event)

        request = {
            "amount": payment.amount,
            "currency": payment.currency,
            "card": payment.card,
            "profile": payment.source.get("profile"),
        }
        identity = {"key": [merchant.id, order_id, key], "request": request}
        return _pay_once(context, identity=identity, merchant=merchant, order_id=order_id, payment=payment)
    except Exception as error:
        return failed(to_api_error(error))


@once
def _pay_once(*, identity: dict, merchant: Merchant, order_id: str, payment: Purchase) -> dict:
    order = read_order(f"{merchant.id}#{order_id}")
    if order is None:
        raise ApiError(404, "order_not_found", "there is no such order")
    currency = order["currency"]
    if payment.currency not in (None, currency):
        raise ApiError(422, "currency_differs", "the order is in another currency")
    if currency not in merchant.merchids:
        raise ApiError(422, "currency_not_supported", "the merchant does not take this currency")

    def how_much(current: dict) -> int:
        left = owing(current)
        if left <= 0:
            raise ApiError(422, "already_paid", "nothing is owing")
        if payment.amount is not None and payment.amount > left:
            raise ApiError(422, "exceeds_owing", "the amount is more than what is owing")
        return payment.amount or left

    recorded, intent = record_intent(order, new_transaction("purchase", payment.card), how_much)
    details = {"currency": currency, "capture": True, "order_id": order_id, "source": payment.source}
    transaction = pay(merchant, recorded, intent, details)
    if transaction["status"] == "failed":
        return declined(order, transaction)
    return json_answer(202 if transaction["status"] == "pending" else 200, transaction_body(order, transaction))
