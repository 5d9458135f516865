"""The body of a purchase, checked once and turned into what the gateway is sent."""

import re
from typing import NamedTuple

from peer.api_error import ApiError
from peer.card import brand_of, is_current, is_security_code, parse_card_number
from peer.gateway import ascii_text
from peer.http import json_body

AMOUNT_MAX = 99_999_999_999
CARD_MEMBERS = ("first_name", "last_name", "number", "month", "year", "verification_value")
ADDRESS_MEMBERS = ("line_1", "line_2", "city", "region", "postcode", "country")
STORED_CARD = re.compile(r"([0-9]{1,3})\|([0-9]{1,20})")
MONTH = re.compile(r"0?[1-9]|1[0-2]")
YEAR = re.compile(r"(20)?[0-9]{2}")
NOT_ALPHANUMERIC = re.compile(r"[^A-Za-z0-9]")


class Purchase(NamedTuple):
    """What is to be paid: `source` is for the gateway and nobody else, `card` is what may be kept of it."""

    amount: int | None
    currency: str | None
    source: dict
    card: dict | None


def parse_purchase(event: dict) -> Purchase:
    data = json_body(event).get("data")
    if not isinstance(data, dict):
        raise ApiError(400, "required", "data is required")
    if data.get("gateway") != "card_connect":
        raise ApiError(422, "unsupported_gateway", "data.gateway has to be card_connect")
    if data.get("method", "purchase") != "purchase":
        raise ApiError(422, "unsupported_method", "data.method has to be purchase")
    amount, currency = data.get("amount"), data.get("currency")
    # A boolean is an int in Python, and none here.
    if amount is not None and not (type(amount) is int and 0 < amount <= AMOUNT_MAX):
        raise _wrong("amount")
    if currency is not None and not isinstance(currency, str):
        raise _wrong("currency")
    source, card = _parse_stored_card(data) if "payment" in data else _parse_card(data)
    return Purchase(amount, currency, source, card)


def _parse_stored_card(data: dict) -> tuple[dict, None]:
    payment = data["payment"]
    match = STORED_CARD.fullmatch(payment) if isinstance(payment, str) else None
    if match is None or any(member in data for member in CARD_MEMBERS):
        raise _wrong("payment")
    account, profile = match.groups()
    # The gateway wants it the other way round. C: the cardholder is there and pays with a stored card.
    return {"profile": f"{profile}/{account}", "cof": "C"}, None


def _parse_card(data: dict) -> tuple[dict, dict]:
    for member in CARD_MEMBERS:
        if data.get(member) in (None, ""):
            raise ApiError(400, "required", f"data.{member} is required")
        if not isinstance(data[member], str):
            raise _wrong(member)
    parsed = parse_card_number(data["number"])
    if parsed is None:
        raise _wrong("number")
    number, brand = parsed
    month, year, security_code = data["month"], data["year"], data["verification_value"]
    if not MONTH.fullmatch(month):
        raise _wrong("month")
    if not YEAR.fullmatch(year) or not is_current(int(month), 2000 + int(year[-2:])):
        raise _wrong("year")
    if not is_security_code(security_code, brand):
        raise _wrong("verification_value")

    source = {
        "account": number,
        "expiry": f"{int(month):02}{year[-2:]}",
        "cvv2": security_code,
        "name": ascii_text(f"{data['first_name']} {data['last_name']}", 30),
        **_parse_address(data.get("billing_address") or {}),
    }
    card = {
        "brand": brand,
        "last_four": number[-4:],
        "expiry_month": int(month),
        "expiry_year": 2000 + int(year[-2:]),
    }
    return source, card


def _parse_address(address: object) -> dict:
    if not isinstance(address, dict) or not all(isinstance(address.get(member), str | None) for member in ADDRESS_MEMBERS):
        raise _wrong("billing_address")
    fields = {
        "address": ascii_text(address.get("line_1"), 30),
        "address2": ascii_text(address.get("line_2"), 30),
        "city": ascii_text(address.get("city"), 30),
        "region": ascii_text(address.get("region"), 20),
        "country": ascii_text(address.get("country"), 2),
        "postal": NOT_ALPHANUMERIC.sub("", address.get("postcode") or "")[:9],
    }
    return {name: value for name, value in fields.items() if value}


def card_of_token(token: str | None) -> dict | None:
    """What the gateway's token tells of a stored card: it is 9, the number's first two digits, others, its last four."""
    return {"brand": brand_of(token[1:3]), "last_four": token[-4:]} if token else None


def _wrong(member: str) -> ApiError:
    return ApiError(400, "invalid_value", f"data.{member} is not valid")
