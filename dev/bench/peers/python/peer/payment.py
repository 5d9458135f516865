"""What every payment goes through once it is on record: the gateway, and the record of what it said."""

from peer.api_error import ApiError, log
from peer.gateway import auth
from peer.merchants import Merchant
from peer.money import parse_decimal
from peer.transactions import record_outcome

STATUSES = {"approved": "complete", "declined": "failed", "not_sent": "failed", "unknown": "pending"}


def pay(merchant: Merchant, order: dict, transaction: dict, details: dict) -> dict:
    """Carries out a transaction that is on record; answers it as it is afterwards."""
    result, kept = auth(merchant, transaction, details)
    approved = parse_decimal(kept.pop("approved", None))
    finished = transaction | kept | {"status": STATUSES[result]}
    # Prepaid cards may approve a part.
    if result == "approved" and approved is not None:
        finished["amount"] = approved

    if result != "unknown":
        try:
            record_outcome(order, finished)
        except Exception as error:
            # Money may have moved, so this is no error: the transaction is still pending on record, and that is what is told.
            log("the outcome was not recorded", error)
            return transaction
    if result == "not_sent":
        raise ApiError(503, "gateway_unreachable", "the gateway could not be reached; nothing was paid")
    return finished
