"""A shop's server: registers orders, pays them, and handles every outcome.

    cargo run                                                  # the local stack, in another terminal
    python3 docs/samples/python/shop.py http://127.0.0.1:3000

Python 3.9 or newer; nothing to install. `Shop` is for copying, `main` tries it on the local stack.
"""

import json
import sys
import time
import uuid
from urllib import error, parse, request

# A request takes at most 30 s. A shorter timeout turns slow payments into unknown ones.
TIMEOUT_S = 35
ATTEMPTS_MAX = 5
# Earlier repetitions send no inquiry, because the original request may still be running.
PENDING_PAUSE_S = 30


class Declined(Exception):
    """The card was declined. `advice` says whether the same card may be tried again."""

    def __init__(self, meta):
        super().__init__(meta["decline_code"])
        self.code, self.advice = meta["decline_code"], meta.get("advice")


class Refused(Exception):
    """The request is wrong, or a rule forbids it. Nothing was charged."""

    def __init__(self, first):
        super().__init__(first["detail"])
        self.code = first["meta"]["code"]


class Shop:
    def __init__(self, api, client_id, client_secret, sleep=time.sleep):
        self.api, self.sleep, self.token = api, sleep, None
        self.credentials = {"client_id": client_id, "client_secret": client_secret}

    def register(self, order, amount, currency):
        """States what an order costs, in minor units (2599 is 25.99 dollars)."""
        body = {"data": {"type": "order", "amount": amount, "currency": currency}}
        return self.call("PUT", f"/v2/orders/{order}", body)

    def pay(self, order, payment, key):
        """Charges a stored card. Save `key` with the order first: with the same key no repetition
        of this call, not even after a crash, charges twice."""
        body = {"data": {"gateway": "card_connect", "method": "purchase", "payment": payment}}
        while True:
            transaction = self.call("POST", f"/v2/orders/{order}/payments", body, key)
            if transaction["status"] != "pending":
                return transaction
            # Neither paid nor failed. Do not tell the shopper that it failed. The repetition sends
            # an inquiry, and charges the card only once it is certain that it was not charged.
            self.sleep(PENDING_PAUSE_S)

    def call(self, method, path, body=None, key=None):
        """Sends a request until there is a response that says what happened."""
        for attempt in range(ATTEMPTS_MAX):
            status, headers, answer = self.send(method, path, body, key)
            if status in (200, 201, 202):
                return answer["data"]
            if status == 401 and self.token:
                self.token = None
                continue
            first = (answer.get("errors") or [{}])[0]
            meta = first.get("meta", {})
            # Without `errors` the response is not Tollgate's: the outcome is unknown.
            if first and not meta.get("retryable"):
                raise Declined(meta) if meta["code"] == "declined" else Refused(first)
            self.sleep(float(headers.get("Retry-After") or 2**attempt))
        raise TimeoutError(f"{method} {path}: outcome unknown. Repeat it later with the same key")

    def send(self, method, path, body, key):
        headers = {"Authorization": f"Bearer {self.access_token()}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        data = json.dumps(body).encode() if body else None
        return exchange(request.Request(self.api + path, data, headers, method=method))

    def access_token(self):
        if not self.token:
            form = parse.urlencode({"grant_type": "client_credentials", **self.credentials}).encode()
            status, _, answer = exchange(request.Request(f"{self.api}/oauth/access_token", form))
            if status != 200:
                raise RuntimeError(f"no access token: {status}")
            self.token = answer["access_token"]
        return self.token


def exchange(prepared):
    """Status, headers and body; status 0 if there is no response."""
    try:
        with request.urlopen(prepared, timeout=TIMEOUT_S) as response:
            return response.status, response.headers, json.load(response)
    except error.HTTPError as response:
        text = response.read()
        try:
            return response.code, response.headers, json.loads(text)
        except ValueError:
            return response.code, response.headers, {}
    except (OSError, ValueError):
        return 0, {}, {}


def main(api, client_id="170200123", client_secret="467512342123"):
    def post(url, body):
        exchange(request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"}))

    # The local stack's clock is moved instead of waiting.
    def skip(seconds):
        post(f"{api}/_local/clock", {"advance_s": int(seconds) + 1})

    local = exchange(request.Request(f"{api}/_local"))[2]
    simulator = local["cardpointe_control"]
    shop = Shop(api, client_id, client_secret, sleep=skip)
    run = f"py-{uuid.uuid4()}"
    stored = "1|16178397535388255208"

    shop.register(f"{run}-1", 2599, "USD")
    key = str(uuid.uuid4())
    paid = shop.pay(f"{run}-1", stored, key)
    again = shop.pay(f"{run}-1", stored, key)
    assert paid["status"] == "complete" and again["id"] == paid["id"]
    print("paid, and the repetition charged nothing")

    # The request to the gateway or its response is lost, and so is the first inquiry.
    for number, fault in enumerate(["drop_after", "drop_before"], 2):
        shop.register(f"{run}-{number}", 2599, "USD")
        post(f"{simulator}/faults", {"endpoint": "auth", "fault": fault, "times": 1})
        lost = {"endpoint": "inquireByOrderid", "fault": "status", "status": 503, "times": 1}
        post(f"{simulator}/faults", lost)
        assert shop.pay(f"{run}-{number}", stored, str(uuid.uuid4()))["status"] == "complete"
        print(f"pending ({fault}), then paid")

    # The simulator declines 1000.00 plus a code with that code: 54, an expired card.
    shop.register(f"{run}-4", 105_400, "USD")
    try:
        raise AssertionError(shop.pay(f"{run}-4", stored, str(uuid.uuid4())))
    except Declined as declined:
        print(f"declined: {declined.code}, {declined.advice}")
    try:
        raise AssertionError(shop.pay(f"{run}-1", stored, str(uuid.uuid4())))
    except Refused as refused:
        print(f"refused: {refused.code}")


if __name__ == "__main__":
    main(*sys.argv[1:])
