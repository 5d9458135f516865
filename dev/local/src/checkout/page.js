// The sample shop's page. It never sees a card number: the shopper types it into the gateway's frame.
"use strict";

const CONFIRM_EVERY_MS = 2000;

const element = (id) => document.getElementById(id);

// What is known so far: of the shop, of the shopper's access token, of the order, of the card that
// was typed, and of the attempt to pay: its way, its key, and whether it ended without an outcome.
let shop;
let shopper;
let order;
let card;
let attempt;
let busy = false;

function show(state, text) {
  element("result").dataset.state = state;
  element("result").textContent = text;
}

async function open() {
  shop = await json(fetch("/checkout/settings"));
  askForCard();
  await showSavedCard();
}

// The shop's server knows whose card it is: by the session, never by what the page says.
async function showSavedCard() {
  const { card: saved } = await json(fetch("/checkout/card"));
  element("saved").hidden = !saved;
  element("saved-card").textContent = saved ? `${saved.brand} ending in ${saved.last_four}` : "";
}

// An empty frame, as at the start: a token pays once with the security code that was typed.
function askForCard() {
  card = undefined;
  attempt = undefined;
  enable();
  element("card").src = `${shop.tokenizer}/itoke/ajax-tokenizer.html?useexpiry=true&useexpiryfield=true&usecvv=true`;
}

// The frame sends the token once all fields are filled in. Any page can send a message, so look at
// where it comes from.
addEventListener("message", (event) => {
  if (event.origin !== shop?.tokenizer || event.source !== element("card").contentWindow) {
    return;
  }
  const { message: token, expiry } = JSON.parse(event.data);
  card = token ? { payment: token, year: expiry.slice(0, 4), month: expiry.slice(4) } : undefined;
  attempt = attempt?.way === "saved" ? attempt : undefined;
  enable();
});

// What ended without an outcome can only be sent again as it was.
function enable() {
  const mustBe = attempt?.isUnclear ? attempt.way : undefined;
  element("pay").disabled = busy || !card || mustBe === "saved";
  element("save").disabled = busy || !!mustBe;
  element("pay-saved").disabled = busy || (!!mustBe && mustBe !== "saved");
}

// The order comes from the shop's server, the access token from Tollgate. Both are kept for the
// next attempt.
async function prepare(way) {
  order ??= await json(fetch("/checkout/orders", { method: "POST" }));
  const grant = new URLSearchParams({ grant_type: "implicit", client_id: shop.merchant });
  shopper ??= await json(fetch(`${shop.api}/oauth/access_token`, { method: "POST", body: grant }));
  // A request that is sent again has the same key, and is the same payment.
  attempt = attempt?.way === way ? attempt : { way, key: crypto.randomUUID() };
}

async function json(request) {
  const response = await request;
  if (!response.ok) {
    throw new Error(`status ${response.status}`);
  }
  return response.json();
}

function call(path, more) {
  const headers = { Authorization: `Bearer ${shopper.access_token}`, ...more.headers };
  return fetch(`${shop.api}/v2/orders/${order.order}${path}`, { method: "POST", ...more, headers });
}

// To the shop's own server, which has the merchant's key.
function ask(path, body) {
  const headers = { "Content-Type": "application/json" };
  return fetch(`/checkout/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
}

// A browser may pay with the card that was typed. Saving a card, and paying with a saved one, is up
// to the shop's server.
const ways = {
  typed: () => {
    const data = { gateway: "card_connect", method: "purchase", ...card };
    const headers = { "Content-Type": "application/json", "Idempotency-Key": attempt.key };
    return call("/payments", { headers, body: JSON.stringify({ data }) });
  },
  typedAndSaved: () => ask("payments", { order: order.order, key: attempt.key, card }),
  saved: () => ask("payments", { order: order.order, key: attempt.key }),
};

async function pay(way) {
  busy = true;
  enable();
  show("busy", "One moment …");
  try {
    await prepare(way);
    await shown(await ways[way](), way);
  } catch {
    busy = false;
    attempt = attempt && { ...attempt, isUnclear: true };
    enable();
    show("error", "Something went wrong. Press Pay again: you are charged only once.");
  }
}

// What says nothing about the payment: whether it was made is found out by the same key.
const SAYS_NOTHING = [401, 409, 429, 500, 502, 503, 504];

// 200: paid. 202: not known yet, and by no means a decline. Everything else says why not.
async function shown(response, way) {
  if (SAYS_NOTHING.includes(response.status)) {
    shopper = response.status === 401 ? undefined : shopper;
    throw new Error(`status ${response.status}`);
  }
  const { data, errors } = await response.json();
  if (response.status === 202) {
    show("pending", "Your bank has not said yes yet. Do not pay again; this page keeps looking.");
    setTimeout(() => confirm(data, way), CONFIRM_EVERY_MS);
  } else if (data?.status === "complete") {
    order = undefined;
    ended("paid", `Paid: ${data.meta.display_price.formatted}. Thank you.`);
  } else {
    ended("declined", errors?.[0]?.detail ?? "The payment failed.");
  }
}

// The next payment begins with an empty frame, or with the card that was saved by this one.
async function ended(state, text) {
  busy = false;
  askForCard();
  await showSavedCard().catch(() => {});
  show(state, text);
}

async function confirm(pending, way) {
  try {
    const headers = { "X-Client-Secret": pending.client_parameters?.secret };
    const response = await (way === "typed"
      ? call(`/transactions/${pending.id}/confirm`, { headers })
      : ask("confirm", { order: order.order, transaction: pending.id }));
    if (response.status === 202) {
      setTimeout(() => confirm(pending, way), CONFIRM_EVERY_MS);
      return;
    }
    await shown(response, way);
  } catch {
    setTimeout(() => confirm(pending, way), CONFIRM_EVERY_MS);
  }
}

element("pay").addEventListener("click", () =>
  pay(element("save").checked ? "typedAndSaved" : "typed"),
);
element("pay-saved").addEventListener("click", () => pay("saved"));
open();
