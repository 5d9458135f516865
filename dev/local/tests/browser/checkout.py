"""The sample shop of the local stack in a real browser: paid, declined, pending, saved, paid again, fields that become wrong,
payments stopped; also from another origin.

Usage: checkout.py CHROMIUM STACK_ORIGIN
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

VISA = "4788250000121443"
WRONG_DIGIT = "4788250000121444"
NO_FUNDS = "4387751111111053"
AMEX = "371449635398431"
CODE = "7391"
EXPIRY = ["10", "2031"]
# In the order in which the tab key leads through them.
FIELDS = ["number", "month", "year", "code"]

# Far more than it takes: only ends a wait for what never comes.
WAIT_S = 120

# Messages as the frame sends them, with the token of the first card.
TOKEN = json.dumps({"message": "9477709629051443", "expiry": "203110"})
TYPING_ENDS = json.dumps({"cardTyping": False})
NO_CARD = [
    "",
    "no JSON",
    "null",
    json.dumps({"message": ""}),
    json.dumps({"message": "", "validationError": "0x17"}),
    json.dumps({"message": "9477709629051443"}),
    json.dumps({"message": "9477709629051443", "expiry": "2031"}),
    json.dumps({"cardTyping": True}),
    {"message": "9477709629051443", "expiry": "203110"},
]

# Runs an expression, and ends once the page has handled the message that it causes.
SEND = """new Promise((handled) => { addEventListener("message", handled, { once: true }); %s; }).then(() => true)"""

# A code of four digits is in a UUID now and then, so it counts only where it is a value, or a word, of its own.
SECRET = re.compile(rf"{VISA}|{NO_FUNDS}|{AMEX}|(?<![\w+/.-]){CODE}(?![\w+/.-])")

# Counts how often the frame has loaded what the page put into it. The event does not get to the window.
COUNT_LOADS = """window.loads = 0; document.addEventListener("load", (event) => {
  window.loads += event.target.id === "card" && event.target.src ? 1 : 0;
}, true);"""


class Browser:
    """Chromium over its debugging pipe: JSON messages that end with a zero byte."""

    def __init__(self, program):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        read_there, self.write_end = os.pipe()
        self.read_end, write_there = os.pipe()

        def ends():
            os.dup2(read_there, 3)
            os.dup2(write_there, 4)
            # What is in its place already is left as it is by the above: closed for the program.
            os.set_inheritable(3, True)
            os.set_inheritable(4, True)

        arguments = [
            program,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-pipe",
            # One process for the page and its frame: in a process of its own the frame gets what is typed at once
            # after a click only now and then. Origins are kept apart all the same.
            "--disable-site-isolation-trials",
            "--disable-features=IsolateOrigins,site-per-process",
            "--no-first-run",
            f"--user-data-dir={self.profile.name}",
            "about:blank",
        ]
        # The ends are put where Chromium looks for them before anything else is closed.
        self.process = subprocess.Popen(
            arguments, preexec_fn=ends, close_fds=False, stderr=subprocess.DEVNULL
        )
        os.close(read_there)
        os.close(write_there)
        self.number = 0
        self.buffer = b""
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                assert "error" not in answer, (method, answer)
                return answer["result"]

    def read(self):
        while b"\0" not in self.buffer:
            data = os.read(self.read_end, 65536)
            assert data, "the browser has gone"
            self.buffer += data
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    def evaluate_in_frame(self, expression):
        frame = self.call("Page.getFrameTree")["frameTree"]["childFrames"][0]["frame"]["id"]
        world = self.call("Page.createIsolatedWorld", frameId=frame)["executionContextId"]
        answer = self.call(
            "Runtime.evaluate", contextId=world, expression=expression, returnByValue=True
        )
        return answer["result"].get("value")

    def open(self, url):
        self.call("Page.navigate", url=url)
        wait(
            lambda: self.evaluate(
                "document.readyState === 'complete' && typeof got !== 'undefined'"
            )
        )

    def messages(self):
        return [(origin, json.loads(data)) for origin, data in self.evaluate("got") or []]

    def click(self, x, y):
        for kind in ["mousePressed", "mouseReleased"]:
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def tab(self, back=False):
        key = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9, "modifiers": 8 * back}
        for kind in ["keyDown", "keyUp"]:
            self.call("Input.dispatchKeyEvent", type=kind, **key)

    def close(self):
        # Asked to end, it ends its helper processes too: one left over would still write into the profile.
        self.session = None
        try:
            self.call("Browser.close")
            self.process.wait(WAIT_S)
        except (AssertionError, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.profile.cleanup()


def wait(condition):
    end = time.monotonic() + WAIT_S
    while not (found := condition()):
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.05)
    return found


class Shopper(Browser):
    """A browser that keeps the requests of the page that it is at."""

    def __init__(self, program):
        self.requests = []
        super().__init__(program)
        self.call("Network.enable")
        self.call("Page.enable")
        self.call("Page.addScriptToEvaluateOnNewDocument", source=COUNT_LOADS)

    def read(self):
        message = super().read()
        if message.get("method") == "Network.requestWillBeSent":
            self.requests.append(message["params"]["request"])
        return message

    def go(self, url):
        # The page that is left has its frame still.
        self.evaluate("window.isLeft = true")
        self.call("Page.navigate", url=url)
        wait(lambda: self.evaluate("!window.isLeft && window.loads >= 1"))

    def frame_loaded(self, times):
        wait(lambda: (self.evaluate("window.loads") or 0) >= times)

    def focus_card(self):
        left, top = self.evaluate(
            "(({ left, top }) => [left, top])(document.getElementById('card').getBoundingClientRect())"
        )
        self.evaluate("document.activeElement.blur()")

        # A frame of another site gets clicks only once the browser has drawn it, which is after it was loaded.
        def focused():
            # The first field is below its label.
            self.click(left + 60, top + 38)
            return self.evaluate("document.activeElement.id === 'card'")

        wait(focused)

    def type_card(self, number, code):
        self.focus_card()
        for key in [number, *EXPIRY, code]:
            self.clear()
            self.type(key)
            self.tab()
        wait(self.can_pay)

    def retype(self, field, text):
        """Replaces what is in a field, without leaving it."""
        self.focus_card()
        for _ in range(FIELDS.index(field)):
            self.tab()
        self.clear()
        self.type(text)

    def clear(self):
        for command in ["selectAll", "deleteBackward"]:
            self.call("Input.dispatchKeyEvent", type="rawKeyDown", commands=[command])

    def send_as_frame(self, message):
        self.evaluate(f"window.handled = {SEND % ''}; 0")
        self.evaluate_in_frame(f"parent.postMessage({json.dumps(message)}, '*')")
        self.call("Runtime.evaluate", expression="window.handled", awaitPromise=True)

    def can_pay(self):
        return self.evaluate("!document.getElementById('pay').disabled")

    def card_error(self):
        return self.evaluate("document.getElementById('card-error').textContent")

    def click_pay(self):
        """With the mouse, which takes the focus out of the frame first."""
        place = "(({ left, top }) => [left, top])(document.getElementById('pay').getBoundingClientRect())"
        left, top = self.evaluate(place)
        self.click(left + 20, top + 10)

    def pay(self):
        self.evaluate("document.getElementById('pay').click()")

    def pay_and_save(self):
        self.evaluate("document.getElementById('save').checked = true")
        self.pay()

    def pay_again(self):
        self.evaluate("document.getElementById('pay-saved').click()")

    def paid_by_saved_card(self, control, payments):
        # The page still shows the payment before, until the click is handled.
        wait(lambda: len(approved(control)) == payments)
        self.comes_to("paid")

    def saved_card(self):
        return self.evaluate(
            "document.getElementById('saved').hidden ? null : document.getElementById('saved-card').textContent"
        )

    def comes_to(self, state):
        wait(lambda: self.state() == state)
        return self.evaluate("document.getElementById('result').textContent")

    def state(self):
        return self.evaluate("document.getElementById('result').dataset.state")


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as response:
        return response.read()


def get(url):
    with urllib.request.urlopen(url) as response:
        return json.load(response)


def main(program, stack):
    about = get(f"{stack}/_local")
    shopper = Shopper(program)
    try:
        check(shopper, stack, about["cardpointe_control"])
    finally:
        shopper.close()
    sent = [
        json.dumps(request)
        for request in shopper.requests
        if not request["url"].startswith(get(f"{stack}/checkout/settings")["tokenizer"])
    ]
    assert any("card_connect" in request for request in sent), "payments were seen"
    for request in sent:
        assert not SECRET.search(request), request
    print("ok no card number and no security code is in any request to the shop or to Tollgate")


def approved(control):
    return [entry for entry in get(f"{control}/transactions") if entry.get("respstat") == "A"]


def check(shopper, stack, control):
    shopper.go(f"{stack}/checkout")
    shopper.type_card(NO_FUNDS, "112")
    shopper.pay()
    text = shopper.comes_to("declined")
    assert "does not hold the amount" in text, text
    print("ok a decline is shown, and another card is asked for")

    shopper.frame_loaded(2)
    shopper.type_card(VISA, "112")
    shopper.pay()
    assert "Paid: $25.99" in shopper.comes_to("paid")
    assert len(approved(control)) == 1
    print("ok another card pays the same order")

    other = stack.replace("127.0.0.1", "localhost")
    shopper.go(f"{other}/checkout")
    shopper.type_card(VISA, "112")
    shopper.pay()
    shopper.comes_to("paid")
    print("ok a page of another origin pays")

    shopper.go(f"{other}/checkout")
    lose_the_response(control)
    shopper.type_card(AMEX, CODE)
    shopper.pay()
    assert "Do not pay again" in shopper.comes_to("pending")
    print("ok a lost response is shown as pending")
    # No inquiry is sent before.
    post(f"{stack}/_local/clock", {"advance_s": 31})
    shopper.comes_to("paid")
    assert len(approved(control)) == 3, approved(control)
    print("ok the page finds out that it was paid, once")

    for number, origin in enumerate([stack, other]):
        check_saved(shopper, stack, origin, control, 3 + 4 * number)
    check_fields(shopper, stack, control)
    check_messages(shopper, stack)
    check_stopped(shopper, stack, control)


def check_fields(shopper, stack, control):
    """A card that is no longer in the form is not charged."""
    paid = len(approved(control))
    shopper.go(f"{stack}/checkout")
    shopper.type_card(VISA, "112")
    for field, wrong, words in [
        ("number", WRONG_DIGIT, "Please check the card number."),
        ("month", "13", "Please check the expiry date."),
        ("code", "", "Please check the security code."),
    ]:
        shopper.retype(field, wrong)
        shopper.click_pay()
        wait(lambda words=words: shopper.card_error() == words)
        # A click that is faster than the frame's message is taken back.
        wait(lambda: not shopper.state())
        assert not shopper.can_pay(), field
        # The frame has cleared the other fields.
        shopper.type_card(VISA, "112")
        assert shopper.card_error() == "", shopper.card_error()
    # The new number has no token until all is filled in again, and the old one's does not count.
    shopper.retype("number", NO_FUNDS)
    wait(lambda: not shopper.can_pay())
    shopper.click_pay()
    shopper.type_card(NO_FUNDS, "112")
    assert not shopper.state(), shopper.state()
    assert len(approved(control)) == paid
    print("ok a card that was replaced, or whose expiry date or code was, is not charged")

    shopper.type_card(VISA, "112")
    shopper.evaluate("document.getElementById('pay').click(); document.getElementById('pay').click()")
    shopper.comes_to("paid")
    assert len(approved(control)) == paid + 1
    print("ok two clicks pay once")


def check_messages(shopper, stack):
    """Only the frame's latest message counts, and without a token there is no card."""
    shopper.go(f"{stack}/checkout")
    own = SEND % f"postMessage({json.dumps(TOKEN)}, '*')"
    shopper.call("Runtime.evaluate", expression=own, awaitPromise=True)
    assert not shopper.can_pay(), "a message of another page"
    for message in NO_CARD:
        shopper.send_as_frame(TOKEN)
        assert shopper.can_pay() and shopper.card_error() == ""
        shopper.send_as_frame(message)
        assert not shopper.can_pay(), message
        assert shopper.card_error() == "" or "Please check" in shopper.card_error(), message
    shopper.send_as_frame(TOKEN)
    shopper.send_as_frame(TYPING_ENDS)
    assert shopper.can_pay()
    print("ok a message without a token is no card, whatever its form")


def check_stopped(shopper, stack, control):
    paid = len(approved(control))
    shopper.go(f"{stack}/checkout")
    shopper.type_card(VISA, "112")
    stop(stack, True)
    shopper.pay()
    text = shopper.comes_to("error")
    assert "takes no payments at the moment" in text, text
    seen = "[...document.querySelectorAll('button')].filter((button) => button.checkVisibility()).length"
    assert shopper.evaluate(seen) == 0
    stop(stack, False)
    assert len(approved(control)) == paid
    print("ok stopped payments have words of their own, and no button")


def stop(stack, is_stopped):
    """As the merchant, and once it is in force."""
    merchant = get(f"{stack}/_local")["merchants"][0]
    form = f"grant_type=client_credentials&client_id={merchant['client_id']}&client_secret={merchant['client_secret']}"
    with urllib.request.urlopen(f"{stack}/oauth/access_token", form.encode()) as response:
        token = json.load(response)["access_token"]
    body = {"data": {"stopped": is_stopped, "actor": "Ann Lee", "reason": "tried in a browser"}}
    request = urllib.request.Request(f"{stack}/v2/stop", json.dumps(body).encode(), method="PUT")
    request.add_header("Authorization", f"Bearer {token}")
    urllib.request.urlopen(request).close()
    post(f"{stack}/_local/clock", {"advance_s": 16})


def check_saved(shopper, stack, origin, control, before):
    """A card is saved, pays again, also after the page was left, and once although the response was lost."""
    shopper.go(f"{origin}/checkout")
    assert shopper.saved_card() is None, "another session's card"
    shopper.type_card(NO_FUNDS, "112")
    shopper.pay_and_save()
    shopper.comes_to("declined")
    assert shopper.saved_card() is None, "a card that was declined"
    shopper.frame_loaded(2)
    shopper.type_card(VISA, "112")
    shopper.pay_and_save()
    shopper.comes_to("paid")
    wait(lambda: shopper.saved_card() == "Visa ending in 1443")
    assert len(approved(control)) == before + 1
    print(f"ok {origin}: a card is saved along with its payment, and one that is declined is not")

    shopper.pay_again()
    shopper.paid_by_saved_card(control, before + 2)
    shopper.go(f"{origin}/checkout")
    wait(lambda: shopper.saved_card() == "Visa ending in 1443")
    shopper.pay_again()
    shopper.paid_by_saved_card(control, before + 3)
    print(f"ok {origin}: the saved card pays again, also after the page was left")

    lose_the_response(control)
    shopper.pay_again()
    shopper.comes_to("pending")
    post(f"{stack}/_local/clock", {"advance_s": 31})
    shopper.paid_by_saved_card(control, before + 4)
    print(f"ok {origin}: a lost response of the saved card is pending, then paid once")


def lose_the_response(control):
    post(f"{control}/faults", {"endpoint": "auth", "fault": "drop_after", "times": 1})
    post(f"{control}/faults", {"endpoint": "inquireByOrderid", "fault": "status", "status": 503, "times": 1})


if __name__ == "__main__":
    main(*sys.argv[1:3])
