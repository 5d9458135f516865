// The storefront's server. It has no key: the shopper has a token of the store, and one of
// Tollgate.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const { STORE, STORE_CLIENT, TOLLGATE, TOKENIZER, MERCHANT, METHOD, PORT } = process.env;

// To the store, the policy adds Tollgate and the tokenizer.
const POLICY = [
  "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'",
  `connect-src 'self' ${STORE} ${TOLLGATE}; frame-src ${new URL(TOKENIZER).origin}`,
].join("; ");
const SETTINGS = JSON.stringify({ STORE, STORE_CLIENT, TOLLGATE, TOKENIZER, MERCHANT, METHOD });
const script = (file) => ["text/javascript", readFileSync(file)];
const RESPONSES = new Map([
  ["/", ["text/html; charset=utf-8", readFileSync("page.html")]],
  ["/settings", ["application/json", SETTINGS]],
  ["/page.js", script("page.js")],
  ["/payment.js", script("payment.js")],
  ["/form.js", script("../checkout/form.js")],
  ["/page.css", ["text/css", readFileSync("../checkout/page.css")]],
]);

const server = createServer((request, response) => {
  const [type, content] = RESPONSES.get(request.url) ?? ["text/plain"];
  const headers = { "Content-Type": type, "Content-Security-Policy": POLICY };
  response.writeHead(content ? 200 : 404, headers).end(content);
});
server.listen(PORT, "127.0.0.1", () => console.log(`Ready: http://127.0.0.1:${PORT}`));
