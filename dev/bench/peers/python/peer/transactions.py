"""Transactions of an order: what is on record before the gateway is called, and after."""

import secrets
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from peer.orders import Conflict, create_order, replace_order

# How often a write is tried when others are faster.
ATTEMPTS_MAX = 5


def new_transaction(kind: str, card: dict | None) -> dict:
    """A transaction that the gateway was not asked for yet.

    Of a card, brand, last four digits and expiry date may be kept; the number and the security code may not (PCI DSS 3.3.1).
    """
    # 19 letters: all processors take as many, and letters are not taken for a card number.
    letters = "".join(chr(ord("A") + (byte & 15)) for byte in secrets.token_bytes(19))
    return {
        "id": str(uuid.uuid4()),
        "type": kind,
        "status": "pending",
        "gateway_order_id": letters,
        "created_at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "card": card,
    }


def owing(order: dict) -> int:
    """What is left to pay: pending transactions may have been paid."""
    return order["total"] - sum(t["amount"] for t in order["transactions"] if t["status"] != "failed")


def record_intent(order: dict, transaction: dict, amount: Callable[[dict], int]) -> tuple[dict, dict]:
    """Puts a transaction on record in an order that is there. `amount` tells from the order how much it is, or raises."""
    current = order
    for attempt in range(1, ATTEMPTS_MAX + 1):
        intent = transaction | {"amount": amount(current)}
        try:
            return replace_order(_with_transaction(current, intent)), intent
        except Conflict as conflict:
            if conflict.current is None or attempt == ATTEMPTS_MAX:
                raise
            current = conflict.current
        # The write had been done, and its answer was lost.
        if written := _find(current, transaction["id"]):
            return current, written
    raise AssertionError("the last attempt returns or raises")


def record_order(order: dict, transaction: dict) -> dict | None:
    """Puts a new order on record with its only transaction; None if another order is there."""
    try:
        return create_order(_with_transaction(order, transaction))
    except Conflict as conflict:
        # It is this one if the write had been done and its answer was lost.
        return conflict.current if _find(conflict.current, transaction["id"]) else None


def record_outcome(order: dict, transaction: dict) -> None:
    """Writes down how a transaction ended."""
    current = order
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            replace_order(_with_transaction(current, transaction))
            return
        except Conflict as conflict:
            if conflict.current is None or attempt == ATTEMPTS_MAX:
                raise
            current = conflict.current
        written = _find(current, transaction["id"])
        if written and written["status"] == transaction["status"]:
            return


def _find(order: dict | None, transaction_id: str) -> dict | None:
    transactions = order["transactions"] if order else []
    return next((t for t in transactions if t["id"] == transaction_id), None)


def _with_transaction(order: dict, transaction: dict) -> dict:
    """The order with the transaction added, or in place of its earlier state."""
    others = [t for t in order["transactions"] if t["id"] != transaction["id"]]
    return order | {"transactions": [*others, transaction]}
