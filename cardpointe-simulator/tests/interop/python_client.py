"""Every call of cardpointe-api-python-client, the client that PyPI has, as its pages describe it.

The package ships no tests that reach a gateway: its own replace the HTTP library.
"""

import datetime
import json
import urllib.request

from cardpointe.cardsecure.api import CardSecureAPI
from cardpointe.exceptions import ApiError
from cardpointe.gateway.api import GatewayAPI

ACCOUNT = {
    "site": "fts-uat",
    "merchant_id": "496160873888",
    "username": "testing",
    "password": "testing123",
}
CONTROL = "http://127.0.0.1:4001/_simulator"

api = GatewayAPI(**ACCOUNT)
tokens = CardSecureAPI(**ACCOUNT)


def control(path, body=None):
    data = json.dumps(body or {}).encode()
    with urllib.request.urlopen(
        urllib.request.Request(f"{CONTROL}{path}", data=data, method="POST")
    ) as response:
        return json.load(response)


def sale(**change):
    return api.authorization.create(
        **{
            "amount": "2.50",
            "account": "4111111111111111",
            "expiry": "1249",
            "cvv2": "123",
            **change,
        }
    )


def refused(call, **arguments):
    try:
        call(**arguments)
    except ApiError as error:
        return error
    raise AssertionError(f"not refused: {arguments}")


def merchant():
    shown = api.inquireMerchant.get()
    assert shown["merchid"] == "496160873888" and shown["enabled"] is True, shown


def tokenize():
    token = tokens.tokenize.create(account="4111111111111111", expiry="1249", cvv="123")
    assert token["token"] == "9418594164541111" and token["errorcode"] == 0, token
    assert (
        tokens.tokenize.update(account=token["token"], expiry="1249", cvv="123")["errorcode"] == 0
    )
    paid = api.authorization.create(amount="2.50", account=token["token"])
    assert paid["respstat"] == "A" and paid["cvvresp"] == "M", paid
    refused(tokens.tokenize.create, account="4111111111111112", expiry="1249")
    assert tokens.echo.create(message="Hello")["message"] == "Hello"


def payments():
    paid = sale(orderid="771", userfields={"invoice": 12345})
    captured = api.capture.create(retref=paid["retref"], amount="1.25")
    assert captured["setlstat"] == "Queued for Capture" and captured["amount"] == "1.25", captured
    found = api.inquire.get(retref=paid["retref"])
    assert found["amount"] == "1.25" and found["voidable"] == "Y", found
    assert api.inquireByOrderId.get(orderid="771", set_=1)["retref"] == paid["retref"]
    assert api.void.create(retref=paid["retref"])["authcode"] == "REVERS"
    other = sale(orderid="772")
    assert api.voidByOrderId.create(orderid="772")["retref"] == other["retref"]
    refused(sale, account="4387751111111053")
    refused(api.inquire.get, retref="001000000000")


def settlement():
    paid = sale(capture="Y", orderid="773")
    control("/settle")
    refund = api.refund.create(retref=paid["retref"], amount="1.00")
    assert refund["respstat"] == "A" and refund["retref"] != paid["retref"], refund
    control("/settle")
    # Whatever day it is: a week has business days, and deposits are of those.
    control("/clock", {"advance_s": 7 * 86400})
    now = json.load(urllib.request.urlopen(f"{CONTROL}/clock"))["now"]
    today = datetime.date.fromisoformat(now[:10])
    funded = set()
    for ago in range(8):
        day = today - datetime.timedelta(days=ago)
        try:
            funding = api.funding.get(date=day.strftime("%Y%m%d"))
        except ApiError:
            continue
        funded |= {entry["retref"] for entry in funding["txns"]}
    assert funded >= {paid["retref"], refund["retref"]}, funded


def profiles():
    created = api.profile.create(
        account="4111111111111111", expiry="1249", name="John Snow", postal="80014"
    )
    name = f"{created['profileid']}/{created['acctid']}"
    updated = api.profile.update(
        profile=name, account="4111111111111111", expiry="1249", name="Peter Parker"
    )
    assert updated["name"] == "Peter Parker", updated
    found = api.profile.get(profile=name)
    assert found["name"] == "Peter Parker" and found["postal"] == "80014", found
    assert api.authorization.create(amount="1.00", profile=name)["respstat"] == "A"
    assert api.profile.delete(profile=name)["respcode"] == "08"


def bins_and_signatures():
    control("/merchants/496160873888", {"bin_success": True})
    shown = api.bin.get(token="9418594164541111")
    assert shown["product"] == "V", shown
    paid = sale()
    assert (
        api.signature.create(retref=paid["retref"], signature="H4sIAAAA")["resptext"]
        == "signature stored"
    )


CHECKS = [merchant, tokenize, payments, settlement, profiles, bins_and_signatures]

if __name__ == "__main__":
    for check in CHECKS:
        check()
        print(f"ok {check.__name__}")
    print(f"{len(CHECKS)} of {len(CHECKS)}")
