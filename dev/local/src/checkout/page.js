// The sample shop's page. It never sees a card number: the shopper types it into the gateway's frame.
"use strict";

const CONFIRM_EVERY_MS = 2000;

// A field of the frame is checked when it is left, also by a click on Pay: the frame has so long to
// say that its card is another one, or none.
const SETTLE_MS = 1000;

// The frame takes expiry date and security code along, and tells when the card is being changed and
// when a field is wrong.
const FIELDS = new URLSearchParams({
  useexpiry: true,
  useexpiryfield: true,
  usecvv: true,
  sendcardtypingevent: true,
  invalidcreditcardevent: true,
  invalidexpiryevent: true,
  invalidcvvevent: true,
});

// A shopper reads only words of this page. Tollgate's and the gateway's are for developers, and why
// a card was declined may be for the cardholder alone.
const CHECK_FIELDS = "Please check the card number, the expiry date and the security code.";
const DECLINED = "The card was declined. Please use another card.";
const DECLINES = {
  insufficient_funds: "The card's account does not hold the amount. Please use another card.",
  limit_exceeded: "The card's limit is reached. Please use another card.",
  expired_card: "The card has expired. Please use another card.",
  incorrect_expiry: "The expiry date is not the card's. Please check it.",
  incorrect_cvc: "The security code is wrong. Please check it.",
  incorrect_number: "There is no card with this number. Please check it.",
  issuer_unavailable: "Your bank cannot be reached. Please try again in a few minutes.",
};
const NOT_PAID = "The payment was not made. Please try again later.";
const PAID_BEFORE = "This order is paid already. Thank you.";
const STOPPED = "This shop takes no payments at the moment. Please come back later.";
const TOO_MANY_TRIES = "No more cards can be tried now. Please come back in an hour.";

const element = (id) => document.getElementById(id);

// What is known so far: of the shop, of the shopper's access token, of the order, of the card that
// was typed, and of the attempt to pay: its way, its key, and whether it ended without an outcome.
let shop;
let shopper;
let order;
let card;
let attempt;
let busy = false;
let leftFrameAt = -Infinity;

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

// An empty frame, as at the start: a token pays once with the security code that was typed. It is a
// new one, so that messages which the previous one still sends do not count.
function askForCard() {
  card = undefined;
  attempt = undefined;
  const frame = element("card").cloneNode();
  frame.src = `${shop.tokenizer}/itoke/ajax-tokenizer.html?${FIELDS}`;
  element("card").replaceWith(frame);
  element("card-error").textContent = "";
  enable();
}

// The frame sends a token once all fields are right. Any page can send a message, so look at where it
// comes from. A message without a token means that the form holds no card to pay with.
addEventListener("message", (event) => {
  if (event.origin !== shop?.tokenizer || event.source !== element("card").contentWindow) {
    return;
  }
  const { message: token, expiry, validationError, cardTyping } = parsed(event.data);
  // The end of typing says nothing about the card: its token or its error comes on its own.
  if (cardTyping === false) {
    return;
  }
  const [, year, month] = /^(\d{4})(\d{2})$/.exec(expiry) ?? [];
  card = token && month ? { payment: token, year, month } : undefined;
  element("card-error").textContent = card || cardTyping ? "" : fieldToCheck(validationError);
  attempt = attempt?.way === "saved" ? attempt : undefined;
  enable();
});

// The window has the focus again.
addEventListener("focus", () => {
  leftFrameAt = performance.now();
});

function settled() {
  const rest = leftFrameAt + SETTLE_MS - performance.now();
  return new Promise((resolve) => setTimeout(resolve, rest));
}

// A message that is not JSON has no token.
function parsed(message) {
  try {
    return JSON.parse(message) ?? {};
  } catch {
    return {};
  }
}

// The gateway does not document its descriptions, so only their subject is looked for.
function fieldToCheck(description) {
  const subjects = [
    [/cvv|security/i, "Please check the security code."],
    [/expir/i, "Please check the expiry date."],
    [/card/i, "Please check the card number."],
  ];
  return subjects.find(([subject]) => subject.test(description ?? ""))?.[1] ?? CHECK_FIELDS;
}

// What ended without an outcome can only be sent again as it was.
function enable() {
  const mustBe = attempt?.isUnclear ? attempt.way : undefined;
  element("card").inert = busy;
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
    if (way !== "saved") {
      await settled();
    }
    await prepare(way);
    if (way !== "saved" && !card) {
      busy = false;
      enable();
      show("", "");
      return;
    }
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
  const { data, errors } = await response.json().catch(() => ({}));
  const { code, decline_code } = errors?.[0]?.meta ?? {};
  if (code === "payments_stopped") {
    stopped();
  } else if (SAYS_NOTHING.includes(response.status)) {
    shopper = response.status === 401 ? undefined : shopper;
    throw new Error(`status ${response.status}`);
  } else if (response.status === 202) {
    show("pending", "Your bank has not said yes yet. Do not pay again; this page keeps looking.");
    setTimeout(() => confirm(data, way), CONFIRM_EVERY_MS);
  } else if (data?.status === "complete") {
    order = undefined;
    ended("paid", `Paid: ${data.meta.display_price.formatted}. Thank you.`);
  } else if (code === "already_paid") {
    order = undefined;
    ended("paid", PAID_BEFORE);
  } else if (code === "declined") {
    ended("declined", DECLINES[decline_code] ?? DECLINED);
  } else if (code === "too_many_declines" || code === "too_many_attempts") {
    ended("declined", TOO_MANY_TRIES);
  } else {
    ended("declined", NOT_PAID);
  }
}

// Nothing can be paid until someone starts payments again, so there is no button, either.
function stopped() {
  element("form").hidden = true;
  show("error", STOPPED);
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
