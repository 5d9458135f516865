"""CardConnect's CardPointe gateway: its `auth` endpoint.

Over urllib3, which boto3 uses as well. httpx would do, and its import and client cost tens of milliseconds at start.
"""

import re
import time

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from peer.merchants import Merchant
from peer.money import decimal

# Shorter than the function may take, so that there is time to write down that the answer is missing.
TIMEOUT = urllib3.Timeout(connect=5, read=20)

# A sandbox that was frozen thaws with connections that are long dead, and what is sent into one has an unknown outcome.
IDLE_MAX_S = 5

TOKEN = re.compile(r"9[0-9]{15}")
NOT_ASCII = re.compile(r"[^ -~]")

_pool = urllib3.PoolManager()
_last_used = 0.0


def auth(merchant: Merchant, transaction: dict, details: dict) -> tuple[str, dict]:
    """Asks for a payment, once. Answers how it ended and what is kept of the answer.

    It ends as approved, declined, unknown, or not_sent, which is certain to have moved nothing.
    """
    currency = details["currency"]
    body = {
        "merchid": merchant.merchids[currency],
        "orderid": transaction["gateway_order_id"],
        "amount": decimal(transaction["amount"]),
        "currency": currency,
        "capture": "Y" if details["capture"] else "N",
        "ecomind": "E",
        **details["source"],
        "userfields": [{"order_id": details["order_id"]}],
    }
    if reference := details.get("reference"):
        body["userfields"].append({"reference": reference})
    if description := ascii_text(details.get("description"), 255):
        body["userfields"].append({"description": description})

    try:
        answer = _put(merchant, body)
    except (NewConnectionError, ConnectTimeoutError):
        return "not_sent", {}
    except (HTTPError, ValueError):
        return "unknown", {}
    return (_result_of(answer), _kept_of(answer)) if isinstance(answer, dict) else ("unknown", {})


def _put(merchant: Merchant, body: dict) -> object:
    """The gateway's answer; None if it is not one."""
    global _last_used
    now = time.time()
    if now - _last_used > IDLE_MAX_S:
        _pool.clear()
    _last_used = now
    response = _pool.request(
        "PUT",
        f"{merchant.base_url}/auth",
        json=body,
        headers={"authorization": merchant.authorization, "content-type": "application/json"},
        timeout=TIMEOUT,
        retries=False,
        redirect=False,
    )
    return response.json() if response.status == 200 else None


def _result_of(answer: dict) -> str:
    respstat = answer.get("respstat")
    if respstat == "A":
        return "approved"
    # The gateway's own time-out: the processor may have done it.
    is_doubtful = answer.get("respproc") == "PPS" and answer.get("respcode") == "62"
    return "declined" if respstat in ("B", "C") and not is_doubtful else "unknown"


def _kept_of(answer: dict) -> dict:
    token = answer.get("token")
    kept = {
        "retref": answer.get("retref"),
        "authcode": answer.get("authcode"),
        "respproc": answer.get("respproc"),
        "respcode": answer.get("respcode"),
        "avs": (answer.get("avsresp") or "").strip(),
        "cvv": (answer.get("cvvresp") or "").strip(),
        "approved": answer.get("amount"),
        # A CardSecure token starts with 9, which no card number does. Anything else in its place is not kept.
        "token": token if isinstance(token, str) and TOKEN.fullmatch(token) else None,
        "profile": answer.get("profileid"),
        "account": answer.get("acctid"),
    }
    return {name: value for name, value in kept.items() if value}


def ascii_text(text: str | None, max_length: int) -> str | None:
    """The gateway takes US-ASCII and short texts."""
    return NOT_ASCII.sub("?", text.strip())[:max_length] or None if text else None
