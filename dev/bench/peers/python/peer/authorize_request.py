"""The body of an authorization in the credit-card API, checked once and turned into what the gateway is sent."""

import re
from collections.abc import Callable
from typing import NamedTuple

from peer.api_error import ApiError
from peer.card import is_current, is_security_code, parse_card_number
from peer.gateway import ascii_text
from peer.merchants import Merchant
from peer.money import parse_decimal

REFERENCE = re.compile(r"[ -~]{1,100}")
EXPIRY = re.compile(r"(0[1-9]|1[0-2])/([0-9]{2})")
ZIP = re.compile(r"[A-Za-z0-9 -]{1,12}")
NOT_ALPHANUMERIC = re.compile(r"[^A-Za-z0-9]")
TWO_LETTERS = re.compile(r"[A-Z]{2}")
# The countries of the gateway's own currencies, and two letters for any other.
COUNTRIES = {
    "USA": "US", "840": "US", "United States": "US",
    "CAN": "CA", "124": "CA", "Canada": "CA",
    "GBR": "GB", "826": "GB", "United Kingdom": "GB",
}  # fmt: skip


class Authorization(NamedTuple):
    """What is to be authorized: `source` is for the gateway and nobody else, `card` is what may be kept of it."""

    reference: str
    amount: int
    currency: str
    discount: int
    description: str
    memo: dict
    card: dict
    source: dict


def parse_authorization(request: dict, merchant: Merchant) -> Authorization:
    text = _reader(request, "")
    if text("TransactionType", 1) != "0":
        raise ApiError(400, "wrong_route", "Request.TransactionType: has to be 0")
    if text("CaptureMethod", 1) != "2":
        raise _wrong("CaptureMethod")
    reference = text("TransactionReference", 100)
    if not REFERENCE.fullmatch(reference):
        raise _wrong("TransactionReference")
    amount = parse_decimal(text("Amount", 12))
    if not amount:
        raise _wrong("Amount")
    currency = text("CurrencyCode", 3)
    if currency not in merchant.merchids:
        raise ApiError(400, "currency_not_supported", "Request.CurrencyCode: the merchant does not take this currency")
    authorizer = text("Authorizer", 100, "")
    if authorizer and authorizer not in merchant.authorizers:
        raise ApiError(400, "unknown_authorizer", "Request.Authorizer: is not known to the merchant")
    save = _parse_flag(text("SaveToFile", 5, "false"))
    email, name = text("Email", 128, ""), text("Name", 100, "")

    source, card = _parse_card(request.get("Card"))
    source |= _parse_address(request.get("BillingAddress"))
    if name:
        source["name"] = ascii_text(name, 30)
    if email:
        source["email"] = ascii_text(email, 100)
    if save:
        # Y: the holder agrees that the card is stored.
        source |= {"profile": "Y", "cofpermission": "Y"}
    return Authorization(
        reference=reference,
        amount=amount,
        currency=currency,
        discount=_parse_discount(request.get("Discount"), merchant, amount, currency),
        description=text("Description", 255, ""),
        memo={"email": email, "name": name, "authorizer": authorizer, "save": save},
        card=card,
        source=source,
    )


def _reader(members: dict, path: str) -> Callable[..., str]:
    """Reads texts of an object; null, an empty text and a missing member are the same."""

    def text(member: str, max_length: int, default: str | None = None) -> str:
        value = members.get(member)
        if isinstance(value, dict | list):
            raise _wrong(path + member)
        value = "" if value is None else str(value).strip()
        if len(value) > max_length:
            raise _wrong(path + member)
        if not value and default is None:
            raise _required(path + member)
        return value or default

    return text


def _parse_flag(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0"):
        raise _wrong("SaveToFile")
    return text.lower() in ("true", "1")


def _parse_card(members: object) -> tuple[dict, dict]:
    if not isinstance(members, dict):
        raise _required("Card")
    text = _reader(members, "Card.")
    parsed = parse_card_number(text("CardNumber", 40))
    if parsed is None:
        raise _wrong("Card.CardNumber")
    number, brand = parsed
    expiry = EXPIRY.fullmatch(text("ExpiryDate", 5))
    if expiry is None:
        raise _wrong("Card.ExpiryDate")
    month, year = int(expiry[1]), 2000 + int(expiry[2])
    if not is_current(month, year):
        raise _wrong("Card.ExpiryDate")
    security_code = text("CVV", 4)
    if not is_security_code(security_code, brand):
        raise _wrong("Card.CVV")
    source = {"account": number, "expiry": expiry[1] + expiry[2], "cvv2": security_code}
    return source, {"brand": brand, "last_four": number[-4:], "expiry_month": month, "expiry_year": year}


def _parse_address(members: object) -> dict:
    if not isinstance(members, dict):
        raise _required("BillingAddress")
    text = _reader(members, "BillingAddress.")
    zip_code = text("Zip", 12)
    if not ZIP.fullmatch(zip_code):
        raise _wrong("BillingAddress.Zip")
    named = text("Country2AlphaCode", 2, "") or text("Country3AlphaCode", 3, "") or text("Country", 100)
    country = named if TWO_LETTERS.fullmatch(named) else COUNTRIES.get(named)
    if country is None:
        raise _wrong("BillingAddress.Country")

    def line(*names: str) -> str | None:
        return ascii_text(" ".join(filter(None, (text(name, 100, "") for name in names))), 30)

    fields = {
        "address": line("HouseNumber", "Street"),
        "address2": line("ApartmentNumber", "Street2"),
        "city": line("City"),
        "region": ascii_text(text("State", 100, "") or text("County", 100, ""), 20),
        "country": country,
        "postal": NOT_ALPHANUMERIC.sub("", zip_code)[:9],
    }
    return {name: value for name, value in fields.items() if value}


def _parse_discount(members: object, merchant: Merchant, amount: int, currency: str) -> int:
    """What the merchant takes off for a discount code, in minor units."""
    if members is None:
        return 0
    if not isinstance(members, dict):
        raise _wrong("Discount")
    text = _reader(members, "Discount.")
    code, product = text("DiscountCode", 100), text("Product", 100, "")
    for row in merchant.discounts:
        if row["code"] != code or row.get("product") not in (None, product):
            continue
        off = _percent_of(amount, row["percent"]) if "percent" in row else row["amount"].get(currency)
        if off is None:
            continue
        if off >= amount:
            raise ApiError(400, "discount_exceeds_amount", "Request.Discount: leaves nothing to pay")
        return off
    raise ApiError(400, "unknown_discount", "Request.Discount: the merchant grants no such discount")


def _percent_of(amount: int, percent: str) -> int:
    """A percentage like "12.5", halves rounded up, in integers."""
    whole, _, fraction = percent.partition(".")
    return (amount * int(whole + fraction.ljust(2, "0")) + 5_000) // 10_000


def _required(member: str) -> ApiError:
    return ApiError(400, "required", f"Request.{member}: is required")


def _wrong(member: str) -> ApiError:
    return ApiError(400, "invalid_value", f"Request.{member}: is not valid")
