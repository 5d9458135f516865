// The shop's server: it alone has the merchant's key, and decides the price.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const { TOLLGATE, TOKENIZER, MERCHANT, MERCHANT_KEY, PORT } = process.env;

// In minor units. A real shop adds up the cart, on the server.
const PRICE = { type: "order", amount: 2599, currency: "USD" };

// The page loads nothing from elsewhere, frames the tokenizer, and talks to Tollgate.
const POLICY = [
  "default-src 'none'; script-src 'self'; style-src 'self'",
  `connect-src 'self' ${TOLLGATE}; frame-src ${new URL(TOKENIZER).origin}`,
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
].join("; ");
const FILES = {
  "/": ["page.html", "text/html"],
  "/page.css": ["page.css", "text/css"],
  "/page.js": ["page.js", "text/javascript"],
  "/form.js": ["form.js", "text/javascript"],
};

// A request to Tollgate with the merchant's access token, which a busy shop keeps for its hour.
async function tollgate(method, path, data, headers) {
  const grant = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: MERCHANT,
    client_secret: MERCHANT_KEY,
  });
  const granted = await fetch(`${TOLLGATE}/oauth/access_token`, { method: "POST", body: grant });
  const authorization = `Bearer ${(await granted.json()).access_token}`;
  return fetch(TOLLGATE + path, {
    method,
    headers: { authorization, "content-type": "application/json", ...headers },
    body: JSON.stringify({ data }),
  });
}

// The order belongs to the cart, here a cookie that no script can read. After a reload it is the
// same order, so a cart is never paid twice.
async function order(request, response) {
  const cart = /\bcart=([0-9a-f-]{36})/.exec(request.headers.cookie)?.[1] ?? randomUUID();
  const registered = await tollgate("PUT", `/v2/orders/cart-${cart}`, PRICE);
  if (!registered.ok) {
    throw new Error(`Tollgate responded with ${registered.status}`);
  }
  const { id, payment, meta } = (await registered.json()).data;
  const price = meta.display_price.with_tax.formatted;
  const shown = { id, price, isPaid: payment === "paid", TOLLGATE, TOKENIZER, MERCHANT };
  response.setHeader("Set-Cookie", `cart=${cart}; Path=/; HttpOnly; SameSite=Strict`);
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify(shown));
}

createServer(async (request, response) => {
  const file = FILES[request.url];
  if (file) {
    response.setHeader("Content-Security-Policy", POLICY);
    response.setHeader("Content-Type", `${file[1]}; charset=utf-8`);
    response.end(readFileSync(file[0]));
  } else if (request.method === "POST" && request.url === "/order") {
    await order(request, response).catch((error) => {
      console.error(error.message);
      response.writeHead(502).end();
    });
  } else if (request.url === "/new") {
    response.writeHead(303, { Location: "/", "Set-Cookie": "cart=; Path=/; Max-Age=0" }).end();
  } else {
    response.writeHead(404).end();
  }
}).listen(PORT, "127.0.0.1", () => console.log(`Ready: http://127.0.0.1:${PORT}`));
