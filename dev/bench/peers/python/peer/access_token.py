"""Access tokens: JWTs signed with HMAC-SHA-256 under the merchant's key; `kid` names the merchant.

A MAC follows it, by which Tollgate saves itself the look-up of a made-up token.
"""

import jwt

from peer.api_error import ApiError
from peer.merchants import Merchant, find_merchant

GRANTS = ("client_credentials", "implicit")
OPTIONS = {"require": ["exp", "iss", "sub"]}


def authenticate(authorization: str | None) -> Merchant:
    """The merchant whose token the `Authorization` header holds."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        raise _invalid()
    try:
        merchant = find_merchant(str(jwt.get_unverified_header(token).get("kid")).partition(".")[0])
        if merchant is None:
            raise _invalid()
        claims = jwt.decode(
            token,
            merchant.signing_key,
            algorithms=["HS256"],
            issuer="tollgate",
            subject=merchant.id,
            options=OPTIONS,
        )
    except jwt.InvalidTokenError:
        raise _invalid() from None
    if claims.get("grant") not in GRANTS:
        raise _invalid()
    return merchant


def _invalid() -> ApiError:
    return ApiError(401, "invalid_access_token", "the access token is missing, wrong or expired")
