"""Answers of the credit-card API, in JSON."""

from peer.api_error import ApiError
from peer.http import json_answer
from peer.money import decimal

APPROVED = ("1", "Approved")
DECLINED = ("2", "Declined")
ERROR = ("3", "Error")
REFERRED = ("4", "Referred")

# `Message.Code` of the errors that can occur here.
NUMBERS = {
    "invalid_json": "10",
    "unsupported_media_type": "12",
    "body_too_large": "13",
    "required": "14",
    "invalid_value": "16",
    "wrong_route": "18",
    "invalid_client": "20",
    "unknown_authorizer": "36",
    "unknown_discount": "37",
    "currency_not_supported": "46",
    "discount_exceeds_amount": "49",
    "idempotency_key_reused": "63",
    "gateway_unreachable": "90",
    "service_unavailable": "92",
}

# What was decided is 200; 400 and its kin are for requests that are wrong, and 503 for a service that is.
DECIDED = ("idempotency_key_reused", "gateway_unreachable")

# The gateway's letters where they differ from this API's.
AVS = {
    "B": "A", "C": "G", "D": "Y", "F": "Y", "I": "G", "M": "Y", "P": "Z", "Q": "E",
    "I1": "Y", "I2": "Y", "I3": "Y", "I4": "Y", "I5": "N", "I6": "N", "I7": "N", "I8": "N",
}  # fmt: skip
AVS_AS_THEY_ARE = tuple("AEGNRSUWXYZ")
CVV_AS_THEY_ARE = tuple("MNPSU")


def answered(order: dict, transaction: dict) -> dict:
    """How a payment ended."""
    fields = {
        "TransactionReference": order["reference"],
        "TransactionID": transaction["id"],
        "CardType": transaction["card"]["brand"],
        "DiscountedAmount": decimal(order["discount"]),
    }
    status = transaction["status"]
    if status == "pending":
        description = "the outcome is not known yet; send the same request again"
        return _response(200, REFERRED, "01", description, fields)
    if status == "failed":
        return _response(200, DECLINED, "02", "The card was declined.", fields)
    cvv = transaction.get("cvv")
    fields |= {
        "AuthCode": transaction.get("authcode"),
        "AvsResultCode": _avs_letter(transaction.get("avs")),
        "CvvResultCode": cvv if cvv in CVV_AS_THEY_ARE else "P",
        "CustomerId": transaction.get("profile"),
        "ProfileId": transaction.get("account"),
    }
    return _response(200, APPROVED, "00", f"authorized {decimal(transaction['amount'])} {order['currency']}", fields)


def failed(error: ApiError, reference: str | None) -> dict:
    """A request that was not carried out."""
    fields = {"TransactionReference": reference}
    if error.code == "operation_in_progress":
        return _response(200, REFERRED, "01", error.detail, fields, **{"retry-after": "2"})
    status = 200 if error.code in DECIDED else error.status
    return _response(status, ERROR, NUMBERS[error.code], error.detail, fields)


def _avs_letter(letter: str | None) -> str:
    if not letter:
        return "P"
    return letter if letter in AVS_AS_THEY_ARE else AVS.get(letter, "E")


def _response(status: int, code: tuple[str, str], number: str, description: str, fields: dict, **headers: str) -> dict:
    body = {
        "Message": {"Code": number, "Description": description},
        "Response": {
            "ResponseCode": code[0],
            "ResponseCodeText": code[1],
            "AuthCode": None,
            "AvsResultCode": None,
            "CvvResultCode": None,
            "TransactionReference": None,
            "TransactionID": None,
            "CardType": None,
            "DiscountedAmount": None,
            "CustomerId": None,
            "ProfileId": None,
            **fields,
        },
    }
    return json_answer(status, body, **headers)
