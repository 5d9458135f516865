// The storefront of docs/samples/storefront, started by the command that docs/elastic-path.md
// prints: shoppers buy with the pages, and the shop's own systems do the rest.
//
// Usage: storefront.mjs CHROMIUM STACK_ORIGIN PAGE DIRECTORY
import assert from "node:assert/strict";

import { THEMES, close, expectError, launch, look, step, visitor } from "./browse.mjs";
import { IN_DOUBT, assertWithout, comesTo, startPrinted, typeCard } from "./printed.mjs";
import { NO_FUNDS, VISA, stackAt } from "./stack.mjs";

const [program, stack, source, directory] = process.argv.slice(2);
const MERCHANT = "170200127";
const PAID = "Paid $20.00 with Visa ending in 1443. Thank you.";

const tollgate = await stackAt(stack);
const { about, simulator, loseTheResponse } = tollgate;
const store = about.elastic_path;
const STARTED = {
  source,
  title: "From a storefront to a payment",
  directory,
  files: ["page.html", "page.js", "payment.js", "shop.mjs"],
  port: 8081,
};
const places = { "http://127.0.0.1:3000": stack, "http://127.0.0.1:3001": simulator, "http://127.0.0.1:3007": store };
const shop = await startPrinted({ ...STARTED, places });
const later = await startPrinted({ ...STARTED, places: { ...places, "METHOD=purchase": "METHOD=authorize" } });

/** A request of the shop's own systems, which has to succeed. */
async function asked(url, { method = "GET", headers = {}, body } = {}) {
  const sent = { method, headers: { "Content-Type": "application/json", ...headers }, body: body && JSON.stringify(body) };
  const response = await fetch(url, sent);
  const text = await response.text();
  assert.ok(response.ok, `${method} ${url}: ${response.status} ${text}`);
  return JSON.parse(text);
}

/** A request for an order, in the store. */
async function inStore(order, change) {
  const form = { grant_type: "client_credentials", client_id: "elastic-path-client", client_secret: "elastic-path-secret" };
  const granted = await fetch(`${store}/oauth/access_token`, { method: "POST", body: new URLSearchParams(form) });
  const headers = { Authorization: `Bearer ${(await granted.json()).access_token}` };
  return (await asked(`${store}/v2/orders/${order}`, { headers, ...change })).data;
}

/** The store's three words for an order. */
async function assertOrder(order, ...words) {
  const { status, payment, shipping } = await inStore(order);
  assert.deepEqual([status, payment, shipping], words);
}

const ship = (order) => inStore(order, { method: "PUT", body: { data: { type: "order", shipping: "fulfilled" } } });

/** A request for the one payment of an order that was not declined, with the merchant's key. */
async function withKey(order, method, path, data) {
  const headers = await tollgate.headersOf(about.merchants.find(({ client_id }) => client_id === MERCHANT));
  const transactions = `${stack}/v2/orders/${order}/transactions`;
  const complete = (await asked(transactions, { headers })).data.filter(({ status }) => status === "complete");
  assert.equal(complete.length, 1);
  return (await asked(`${transactions}/${complete[0].id}${path}`, { method, headers, body: { data } })).data;
}

const run = (schedule) => asked(`${stack}/_local/invoke/${schedule}`, { method: "POST" });

// The gateway's words for what it made of an order's payments, with what they still hold or took.
async function atGateway(order) {
  const records = await asked(`${about.cardpointe_control}/transactions`);
  const own = records.filter(({ userfields }) => JSON.stringify(userfields ?? "").includes(order));
  return own.map(({ respstat, setlstat, amount }) => `${respstat} ${setlstat} ${amount}`);
}

const requests = [];
async function shopper({ at = shop, ...options }) {
  const page = await visitor({ allowed: [shop, later, stack, store, simulator], ...options });
  page.on("request", (request) => requests.push(request));
  // A decline is 400.
  expectError(page, /status of 400 .*\/payments$/);
  await page.goto(at);
  await page.locator("#add").waitFor();
  return page;
}

// From the catalog to an order, whose id the store's response has. `cart` names the cart's picture.
async function checkOut(page, cart) {
  await page.click("#add");
  await page.locator("#cart", { hasText: "In your cart: 1 × Example" }).waitFor();
  await page.click("#add");
  await page.locator("#cart", { hasText: "In your cart: 2 × Example" }).waitFor();
  if (cart) {
    await look(page, cart);
  }
  return ordered(page, () => page.click("#checkout"));
}

async function ordered(page, act) {
  const response = page.waitForResponse(/\/checkout$/);
  await act();
  const { id } = (await (await response).json()).data;
  await page.locator("#price", { hasText: "20.00 USD" }).waitFor();
  return id;
}

const pay = (page) => page.click("#pay");

await launch(program);

// Every state, in both themes, on a phone and on a desk.
for (const [width, theme] of [[360, "light"], [360, "dark"], [1440, "light"]]) {
  const page = await shopper({ width, theme });
  await look(page, "storefront-catalog");
  let order = await checkOut(page, "storefront-cart");
  await assertOrder(order, "incomplete", "unpaid", "unfulfilled");
  await typeCard(page, NO_FUNDS);
  await look(page, "storefront-order");
  await pay(page);
  await comesTo(page, "The card's account does not hold the amount. Please use another card.");
  await look(page, "storefront-declined");
  await assertOrder(order, "incomplete", "unpaid", "unfulfilled");
  await typeCard(page, VISA);
  await pay(page);
  await comesTo(page, PAID);
  await look(page, "storefront-paid");
  await assertOrder(order, "complete", "paid", "unfulfilled");
  await ship(order);
  await assertOrder(order, "complete", "paid", "fulfilled");
  await page.reload();
  await comesTo(page, PAID);
  step(`${width} ${theme}: a cart is paid by token, after a decline, and paid and fulfilled in the store`);

  assert.equal((await withKey(order, "POST", "/refund", {})).meta.state, "refunded");
  await assertOrder(order, "complete", "refunded", "fulfilled");
  await page.reload();
  await comesTo(page, "Refunded $20.00 to Visa ending in 1443.");
  await look(page, "storefront-refunded");
  step(`${width} ${theme}: a full refund is one in the store and on the page`);

  await page.click("text=New order");
  order = await checkOut(page);
  await asked(`${store}/_elastic_path/orders/${order}/stock`, { method: "POST", body: { insufficient: true } });
  await typeCard(page, VISA);
  await pay(page);
  await comesTo(page, "An item is sold out. You are not charged, and your card is released.");
  await look(page, "storefront-sold-out");
  assert.equal(await page.locator("button:visible").count(), 0);
  await assertOrder(order, "incomplete", "unpaid", "unfulfilled");
  assert.deepEqual(await atGateway(order), ["A Voided 0.00"]);
  step(`${width} ${theme}: what is sold out is declined, and the card is released`);

  await page.click("text=New order");
  order = await checkOut(page);
  await loseTheResponse();
  await typeCard(page, VISA);
  await pay(page);
  await comesTo(page, IN_DOUBT);
  await page.reload();
  await comesTo(page, IN_DOUBT);
  assert.equal(await page.locator("button:visible").count(), 0);
  await look(page, "storefront-in-doubt");
  // No inquiry is sent earlier.
  await tollgate.advance(31);
  await comesTo(page, PAID);
  assert.equal((await atGateway(order)).length, 1);
  await run("reconcile");
  await assertOrder(order, "complete", "paid", "unfulfilled");
  step(`${width} ${theme}: a payment in doubt outlives a reload, and is made once`);
  await page.context().close();
}

for (const theme of THEMES) {
  const page = await shopper({ at: later, width: 360, theme });
  const order = await checkOut(page);
  await typeCard(page, VISA);
  await pay(page);
  await comesTo(page, "Reserved $20.00 on Visa ending in 1443. You are charged when we ship. Thank you.");
  await look(page, "storefront-reserved");
  await assertOrder(order, "processing", "authorized", "unfulfilled");
  const { now } = await asked(`${stack}/_local`);
  const capture_at = new Date(Date.parse(now) + 1800_000).toISOString();
  await withKey(order, "PATCH", "", { capture_at });
  assert.equal((await run("scheduled-capture")).captured, 0);
  await tollgate.advance(1800);
  assert.equal((await run("scheduled-capture")).captured, 1);
  await run("reconcile");
  await assertOrder(order, "complete", "paid", "unfulfilled");
  await ship(order);
  await assertOrder(order, "complete", "paid", "fulfilled");
  await page.reload();
  await comesTo(page, PAID);
  await page.context().close();
  step(`${theme}: an authorization is captured on schedule, and then paid and fulfilled in the store`);
}

// The keyboard alone, from the catalog to the next order.
const keys = await shopper({ width: 360 });
const press = async (...pressed) => {
  for (const key of pressed) {
    await keys.keyboard.press(key);
  }
};
await press("Tab", "Enter");
await keys.locator("#cart", { hasText: "In your cart: 1 × Example" }).waitFor();
await press("Enter");
await keys.locator("#cart", { hasText: "In your cart: 2 × Example" }).waitFor();
const order = await ordered(keys, () => press("Tab", "Enter"));
await keys.frameLocator("#card").locator("#ccnumfield").waitFor();
for (const text of [VISA, "10", "2031", "112"]) {
  await press("Tab");
  await keys.keyboard.insertText(text);
}
await press("Tab", "Enter");
await comesTo(keys, PAID);
await assertOrder(order, "complete", "paid", "unfulfilled");
await press("Tab", "Enter");
await keys.locator("#add").waitFor();
step("the keyboard alone buys, and begins the next order");

// The browser never gets the response, and the same key finds out.
await checkOut(keys);
await keys.route("**/payments", async (route) => void (await route.fetch(), await route.abort()), { times: 1 });
expectError(keys, /ERR_FAILED .*\/payments$/);
await typeCard(keys, VISA);
await pay(keys);
await comesTo(keys, "Press Pay again: you are charged only once.");
await pay(keys);
await comesTo(keys, PAID);
await keys.reload();
await comesTo(keys, PAID);
step("a payment that is repeated is made once, and is known after a reload");

// Anyone can mark an order as paid in the store: no card is charged, and the page thanks nobody.
const last = await shopper({ width: 360, at: later });
const marked = await checkOut(last);
await asked(`${store}/_elastic_path/orders/${marked}/payments-elsewhere`, {
  method: "POST",
  body: { amount: 2000, method: "manual_purchase" },
});
expectError(last, /status of 422 .*\/payments$/);
await typeCard(last, VISA);
await pay(last);
await comesTo(last, "This order is paid, or a payment is being checked. Please do not pay again.");
await look(last, "storefront-marked");
assert.ok(await last.locator("text=New order").isVisible());
await assertOrder(marked, "complete", "paid", "unfulfilled");
assert.deepEqual(await atGateway(marked), []);
step("an order that is marked as paid in the store has no thanks on the page, and charges no card");
await close();

const sent = requests.filter((request) => !request.url().startsWith(simulator));
assert.ok(sent.some((request) => request.url().endsWith("/payments")));
assertWithout(sent, [VISA, NO_FUNDS, '"112"']);
assert.ok(sent.some((request) => request.url().startsWith(`${store}/v2/carts`)));
assert.ok(!sent.some((request) => request.url().startsWith(store) && request.url().endsWith("/payments")));
step("no card number is in any request to the shop, the store or Tollgate, and no payment goes to the store");
