"""The page that describes the API in a real browser: its first clicks succeed, and it fits a phone.

Usage: docs.py CHROMIUM STACK_ORIGIN
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[4] / "cardpointe-simulator/tests/interop"))
from tokenizer_browser import Browser, wait  # noqa: E402

PHONE = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": False}
DESK = {"width": 1200, "height": 900, "deviceScaleFactor": 1, "mobile": False}

# Those that can be seen; the page has each of its menus twice.
BUTTON = """[...document.querySelectorAll("a, button")].find((button) =>
  button.checkVisibility() && button.textContent.trim().startsWith(%r))"""


class Reader(Browser):
    """A browser that keeps the statuses of what it requested."""

    def __init__(self, program):
        self.statuses = []
        super().__init__(program)
        self.call("Network.enable")

    def read(self):
        message = super().read()
        if message.get("method") == "Network.responseReceived":
            response = message["params"]["response"]
            self.statuses.append((response["url"], response["status"]))
        return message

    def click_on(self, text):
        wait(lambda: self.evaluate(f"!!{BUTTON % text}"))
        self.evaluate(f"{BUTTON % text}.click()")

    def status_of(self, path):
        def statuses():
            self.evaluate("0")
            return [status for url, status in self.statuses if url.endswith(path)]

        return wait(statuses)[-1]

    def go(self, url, shown="h1"):
        # From another page, so that the part behind the # is opened.
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=url)
        wait(lambda: self.evaluate(f"!!document.querySelector({shown!r})"))

    def send(self, stack, place, path):
        """Opens an operation, and sends it as the page fills it in."""
        self.go(f"{stack}/docs#{place}")
        self.click_on(f"Test Request(post {path.replace('order-1001', '{orderId}')})")
        self.click_on("Send")
        return self.status_of(path)


def main(program, stack):
    reader = Reader(program)
    try:
        check(reader, stack)
    finally:
        reader.close()


def check(reader, stack):
    reader.call("Emulation.setDeviceMetricsOverride", **DESK)
    reader.go(f"{stack}/")
    head = "[document.title, document.documentElement.lang, document.querySelector('link[rel~=icon]').getAttribute('href')]"
    assert reader.evaluate(head) == ["Tollgate API", "en", "/docs/icon.svg"], reader.evaluate(head)
    text = reader.evaluate("document.body.textContent")
    assert stack in text.split("First get an access token")[0], "the introduction has the base URL"
    print("ok the root leads to the page, which says what it is about and where")

    token = "/oauth/access_token"
    assert reader.send(stack, "tag/access-tokens/POST/oauth/access_token", token) == 200
    print("ok get an access token, send")

    reader.go(f"{stack}/docs")
    reader.statuses.clear()
    reader.click_on("Authorize")
    assert reader.status_of(token) == 200
    pay = "/v2/orders/order-1001/payments"
    reader.click_on("Open Group - Payments")
    reader.click_on("Pay an order")
    reader.click_on("Test Request(post /v2/orders/{orderId}/payments)")
    reader.click_on("Send")
    assert reader.status_of(pay) == 200, reader.statuses
    print("ok authorize, pay, send")

    reader.call("Emulation.setDeviceMetricsOverride", **PHONE)
    for section, shown in [("tag/access-tokens", ".property-const"), ("tag/error-codes", ".markdown table")]:
        reader.go(f"{stack}/docs#{section}", shown)
        wide = "(({ scrollWidth, clientWidth }) => [scrollWidth, clientWidth])(document.documentElement)"
        widths = reader.evaluate(wide)
        assert widths[0] <= widths[1], (section, widths)
    print("ok no horizontal scroll bar on a phone")


if __name__ == "__main__":
    main(*sys.argv[1:3])
