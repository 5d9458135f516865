// The sample shop's page. It never sees a card number: the shopper types it into the gateway's frame.
"use strict";

const CONFIRM_EVERY_MS = 2000;

const element = (id) => document.getElementById(id);

// What is known so far: of the shop, of the shopper's access token, of the order, of the card, and
// of the attempt to pay.
let shop;
let shopper;
let order;
let card;
let attempt;

function show(state, text) {
  element("result").dataset.state = state;
  element("result").textContent = text;
}

async function open() {
  shop = await json(fetch("/checkout/settings"));
  askForCard();
}

// An empty frame, as at the start: a token pays once with the security code that was typed.
function askForCard() {
  card = undefined;
  attempt = undefined;
  element("pay").disabled = true;
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
  attempt = undefined;
  element("pay").disabled = !card;
});

// The order comes from the shop's server, the access token from Tollgate. Both are kept for the
// next attempt.
async function prepare() {
  order ??= await json(fetch("/checkout/orders", { method: "POST" }));
  const grant = new URLSearchParams({ grant_type: "implicit", client_id: shop.merchant });
  shopper ??= await json(fetch(`${shop.api}/oauth/access_token`, { method: "POST", body: grant }));
  // A request that is sent again has the same key, and is the same payment.
  attempt ??= crypto.randomUUID();
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

async function pay() {
  element("pay").disabled = true;
  show("busy", "One moment …");
  try {
    await prepare();
    const data = { gateway: "card_connect", method: "purchase", ...card };
    const headers = { "Content-Type": "application/json", "Idempotency-Key": attempt };
    await shown(await call("/payments", { headers, body: JSON.stringify({ data }) }));
  } catch {
    show("error", "Something went wrong. Press Pay again: you are charged only once.");
    element("pay").disabled = false;
  }
}

// What says nothing about the payment: whether it was made is found out by the same key.
const SAYS_NOTHING = [401, 409, 429, 500, 502, 503, 504];

// 200: paid. 202: not known yet, and by no means a decline. Everything else says why not.
async function shown(response) {
  if (SAYS_NOTHING.includes(response.status)) {
    shopper = response.status === 401 ? undefined : shopper;
    throw new Error(`status ${response.status}`);
  }
  const { data, errors } = await response.json();
  if (response.status === 202) {
    show("pending", "Your bank has not said yes yet. Do not pay again; this page keeps looking.");
    setTimeout(() => confirm(data), CONFIRM_EVERY_MS);
  } else if (data?.status === "complete") {
    show("paid", `Paid: ${data.meta.display_price.formatted}. Thank you.`);
  } else {
    show("declined", errors?.[0]?.detail ?? "The payment failed.");
    askForCard();
  }
}

async function confirm(pending) {
  try {
    const headers = { "X-Client-Secret": pending.client_parameters.secret };
    const response = await call(`/transactions/${pending.id}/confirm`, { headers });
    if (response.status === 202) {
      setTimeout(() => confirm(pending), CONFIRM_EVERY_MS);
      return;
    }
    await shown(response);
  } catch {
    setTimeout(() => confirm(pending), CONFIRM_EVERY_MS);
  }
}

element("pay").addEventListener("click", pay);
open();
