"""The hosted tokenizer in a real browser, framed by a page of another origin: types, and compares messages.

Usage: tokenizer_browser.py CHROMIUM SIMULATOR_ORIGIN
"""

import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

# The shop around the frame: keeps every message that the frame sends, with its origin.
PAGE = """<!doctype html><title>Shop</title><body style="margin:0">
<iframe id="frame" width="600" height="300" style="border:0;display:block" src="%s"></iframe>
<script>const got = []; addEventListener("message", (event) => got.push([event.origin, event.data]));</script>"""

# Far more than it takes: only ends a wait for what never comes.
WAIT_S = 120


class Shop(http.server.BaseHTTPRequestHandler):
    frame = ""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write((PAGE % Shop.frame.replace("&", "&amp;")).encode())

    def log_message(self, *_):
        pass


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


def main(program, simulator):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    shop = f"http://127.0.0.1:{server.server_port}/"
    browser = Browser(program)

    def played(query, *keys):
        """The messages after what was typed; a tab leads to the next field."""
        Shop.frame = f"{simulator}/itoke/ajax-tokenizer.html{query}"
        browser.open(shop)
        browser.click(30, 12)
        for index, key in enumerate(keys):
            if index:
                browser.tab()
            browser.type(key)
        browser.tab()
        return browser

    try:
        check(browser, played, simulator)
    finally:
        browser.close()


def check(browser, played, simulator):
    def last():
        messages = browser.messages()
        return messages and messages[-1]

    played("", "4111111111111111")
    assert wait(last) == (simulator, {"message": "9418594164541111"}), browser.messages()
    print("ok a typed card becomes a token")

    played(
        "?tokenpropname=mytoken&enhancedresponse=true&invalidinputevent=true", "4111111111111112"
    )
    message = wait(last)[1]
    assert message["mytoken"] == "" and message["validationError"], message
    print("ok a wrong number is told, without a token")

    played("?enhancedresponse=true", "053000196/15378535")
    expected = {
        "message": "9051769384108535",
        "token": "9051769384108535",
        "errorCode": "0",
        "errorMessage": "",
    }
    assert wait(last)[1] == expected, browser.messages()
    print("ok a checking account becomes a token")

    year = time.gmtime().tm_year + 2
    css = "css=input%7Bcolor%3Ared%3Bposition%3Afixed%3B%7D"
    played(
        f"?useexpiry=true&useexpiryfield=true&usecvv=true&{css}",
        "4788250000121443",
        "09",
        str(year),
        "112",
    )
    message = wait(last)[1]
    assert message == {"message": "9477709629051443", "expiry": f"{year}09"}, message
    assert len(browser.messages()) == 1, "once all fields are filled in, and not before"
    print("ok expiry and CVV go along, and the shop sees only the expiry")

    fault = {"endpoint": "tokenize", "fault": "delay", "delay_ms": 2000}
    urllib.request.urlopen(f"{simulator}/_simulator/faults", json.dumps(fault).encode()).close()
    played("?useexpiry=true&useexpiryfield=true", "4788250000121443", "09", str(year))
    # Back into the year, which is replaced while its token is on the way, first by a half of one.
    browser.tab(back=True)
    browser.type("20")
    browser.tab()
    ended = "performance.getEntriesByType('resource').some((entry) => entry.name.endsWith('/tokenize'))"
    wait(lambda: browser.evaluate_in_frame(ended))
    browser.tab(back=True)
    browser.type(str(year + 1))
    browser.tab()
    wait(lambda: last() and last()[1]["expiry"] == f"{year + 1}09")
    expiries = {message["expiry"] for _, message in browser.messages()}
    assert expiries <= {f"{year}09", f"{year + 1}09"}, browser.messages()
    print("ok a token comes with the expiry date that was tokenized")

    played(
        "?tokenizewheninactive=true&inactivityto=50&sendcardtypingevent=true", "4242424242424242"
    )
    wait(lambda: len(browser.messages()) == 3)
    kinds = [message for _, message in browser.messages()]
    assert kinds == [
        {"cardTyping": True},
        {"cardTyping": False},
        {"message": "9422925921134242"},
    ], kinds
    print("ok without leaving the field, after a pause")
    assert all("4242424242424242" not in json.dumps(message) for _, message in browser.messages())

    page = f"{simulator}/itoke/ajax-tokenizer.html?css=input%7Bcolor%3Ared%3Bposition%3Afixed%3Bbackground%3Aurl(/x)%3B%7D"
    browser.call("Page.navigate", url=page)
    wait(
        lambda: browser.evaluate(
            "document.readyState === 'complete' && typeof setUp !== 'undefined'"
        )
    )
    shown = browser.evaluate(
        "(({ color, position, backgroundImage }) => [color, position, backgroundImage])"
        "(getComputedStyle(document.getElementById('ccnumfield')))"
    )
    assert shown == ["rgb(255, 0, 0)", "static", "none"], shown
    print("ok styles, but only the listed ones")


if __name__ == "__main__":
    main(*sys.argv[1:3])
