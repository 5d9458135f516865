"""Answers in the form of Elastic Path's payment API."""

from peer.api_error import ApiError
from peer.http import json_answer
from peer.money import display
from peer.purchase_request import card_of_token

TITLES = {
    "invalid_access_token": "Unable to validate access token",
    "order_not_found": "Order not found",
}
STATUS_TITLES = {
    400: "Bad Request",
    409: "Conflict",
    413: "Payload Too Large",
    422: "Unprocessable Entity",
    503: "Service Unavailable",
}


def transaction_body(order: dict, transaction: dict) -> dict:
    """A transaction as the API shows it."""
    card = transaction["card"] or card_of_token(transaction.get("token")) or {}
    return {
        "data": {
            "id": transaction["id"],
            "type": "transaction",
            "reference": transaction.get("retref"),
            "gateway": "card_connect",
            "amount": transaction["amount"],
            "refunded_amount": 0,
            "currency": order["currency"],
            "transaction-type": transaction["type"],
            "transaction_type": transaction["type"],
            "status": transaction["status"],
            "payment_details": {
                "detailed_status": "",
                "card": {
                    "brand": card.get("brand"),
                    "last_four": card.get("last_four"),
                    "expiry_month": card.get("expiry_month"),
                    "expiry_year": card.get("expiry_year"),
                },
                "authorization_code": transaction.get("authcode"),
                "avs_result": transaction.get("avs"),
                "cvv_result": transaction.get("cvv"),
            },
            "next_actions": ["refund", "cancel"] if transaction["status"] == "complete" else [],
            "relationships": {"order": {"data": {"type": "order", "id": order["id"]}}},
            "meta": {
                "display_price": display(transaction["amount"], order["currency"]),
                "created_at": transaction["created_at"],
            },
        }
    }


def declined(order: dict, transaction: dict) -> dict:
    """A payment that the gateway or the issuer refused."""
    meta = {
        "transaction_id": transaction["id"],
        "order_id": order["id"],
        "processor": transaction.get("respproc"),
        "processor_code": transaction.get("respcode"),
        "code": "declined",
    }
    return _errors(400, "Payment gateway processing failed", "The card was declined.", meta)


def failed(error: ApiError) -> dict:
    """A request that was not carried out."""
    title = TITLES.get(error.code) or STATUS_TITLES[error.status]
    return _errors(error.status, title, error.detail, {"code": error.code})


def _errors(status: int, title: str, detail: str, meta: dict) -> dict:
    return json_answer(status, {"errors": [{"status": status, "title": title, "detail": detail, "meta": meta}]})
