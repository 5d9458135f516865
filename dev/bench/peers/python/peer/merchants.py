"""Merchants: one secret each, kept for five minutes."""

import json
import os
import re
import time
from typing import NamedTuple

from urllib3.util import make_headers

from peer.aws import secrets_manager

KEPT_FOR_S = 5 * 60
MERCHANT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Merchant(NamedTuple):
    """What is needed of a merchant's document, with everything prepared that can be."""

    id: str
    keys: list[str]
    signing_key: bytes
    base_url: str
    authorization: str
    merchids: dict[str, str]
    authorizers: list[str]
    discounts: list[dict]


_kept: dict[str, tuple[Merchant, float]] = {}


def find_merchant(merchant_id: object) -> Merchant | None:
    """The merchant of that id; None if there is none."""
    if not isinstance(merchant_id, str) or not MERCHANT_ID.fullmatch(merchant_id):
        return None
    known = _kept.get(merchant_id)
    # By the wall clock: others may stand still while a sandbox is frozen.
    if known and time.time() < known[1]:
        return known[0]
    merchant = _read(merchant_id)
    if merchant:
        _kept[merchant_id] = (merchant, time.time() + KEPT_FOR_S)
    return merchant


def _read(merchant_id: str) -> Merchant | None:
    try:
        secret = secrets_manager.get_secret_value(SecretId=os.environ["MERCHANTS_PREFIX"] + merchant_id)
    except secrets_manager.exceptions.ResourceNotFoundException:
        return None
    document = json.loads(secret["SecretString"])
    gateway = document["gateway"]
    credentials = make_headers(basic_auth=f"{gateway['username']}:{gateway['password']}")
    return Merchant(
        id=merchant_id,
        keys=document["keys"],
        signing_key=document["token_signing_key"].encode(),
        base_url=gateway.get("base_url") or f"https://{gateway['site']}.cardconnect.com/cardconnect/rest",
        authorization=credentials["authorization"],
        merchids=gateway["merchids"],
        authorizers=document.get("authorizers", []),
        discounts=document.get("discounts", []),
    )
