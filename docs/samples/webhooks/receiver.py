"""A receiver in Python, with the library of Standard Webhooks: pip install standardwebhooks"""

import http.server
import os

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["WEBHOOK_SECRET"])


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            # Verifies the raw body. Rejects unsigned messages, and those older than five minutes.
            event = webhook.verify(body, headers)
            print(event["type"], event["data"]["id"], flush=True)
            self.send_response(204)
        except WebhookVerificationError:
            self.send_response(401)
        self.end_headers()


port = int(os.environ.get("PORT", "4242"))
http.server.HTTPServer(("127.0.0.1", port), Receiver).serve_forever()
