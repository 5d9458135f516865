"""Amounts are integers in minor units. All currencies here have two decimals, as the gateway's do."""

import re

SYMBOLS = {"USD": "$", "CAD": "CA$", "EUR": "€", "GBP": "£"}
DECIMAL = re.compile(r"(0|[1-9][0-9]{0,8})\.([0-9]{2})")


def decimal(amount: int) -> str:
    """2599 is "25.99"."""
    return f"{amount // 100}.{amount % 100:02}"


def parse_decimal(text: object) -> int | None:
    """The reverse: "25.99" is 2599. None for anything that is not written like it."""
    match = DECIMAL.fullmatch(text) if isinstance(text, str) else None
    return int(match[1]) * 100 + int(match[2]) if match else None


def display(amount: int, currency: str) -> dict:
    """An amount as the order API shows it."""
    formatted = SYMBOLS.get(currency, f"{currency} ") + decimal(amount)
    return {"amount": amount, "currency": currency, "formatted": formatted}
