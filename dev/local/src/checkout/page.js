// The sample shop's page. It never sees a card number: the shopper types it into the gateway's
// frame.
"use strict";

const CONFIRM_EVERY_MS = 2000;

// A field of the frame is checked when it is left, also by a click on Pay: the frame has so long to
// say that its card is another one, or none. The token of a new one may take longer.
const SETTLE_MS = 1000;
const TOKEN_MS = 5000;

// The frame takes expiry date and security code along, and tells when the card is being changed and
// when a field is wrong.
const FIELDS = {
  useexpiry: true,
  useexpiryfield: true,
  usecvv: true,
  formatinput: true,
  sendcardtypingevent: true,
  invalidcreditcardevent: true,
  invalidexpiryevent: true,
  invalidcvvevent: true,
  cardlabel: "Card number",
  expirylabel: "Expires, month and year",
  cvvlabel: "Security code",
  placeholdermonth: "MM",
  placeholderyear: "YYYY",
};

// A shopper reads only words of this page. Tollgate's and the gateway's are for developers, and why
// a card was declined may be for the cardholder alone.
const CHECK_FIELDS = "Please check the card number, the expiry date and the security code.";
const DECLINED = "Please use another card, or ask your bank.";
const DECLINES = {
  insufficient_funds: "The card's account does not hold the amount. Please use another card.",
  limit_exceeded: "The card's limit is reached. Please use another card.",
  expired_card: "The card has expired. Please use another card.",
  incorrect_expiry: "The expiry date is not the card's. Please type it again.",
  incorrect_cvc: "The security code is wrong. Please type it again.",
  incorrect_number: "There is no card with this number. Please type it again.",
  issuer_unavailable: "Your bank cannot be reached. Please try again in a few minutes.",
};
const NOT_PAID = "Nothing was charged. Please try again later.";
const TOO_MANY_TRIES = "No more cards can be tried now. Please come back in an hour.";
const UNCLEAR = "Press Pay again: you are charged only once.";
const PENDING = "Your bank has not said yes yet. Do not pay again; this page keeps looking.";
const STOPPED = "Nothing was charged. Please come back later.";
const PAID = "Thank you. Your umbrella is on its way.";
const NOT_LOADED = "Nothing was charged. Please load the page again.";

// Where a page that was loaded again finds its order, which can be paid only once.
const ORDER = "order";

const element = (id) => document.getElementById(id);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const PAY = element("pay").textContent;

// What is known so far: of the shop, of the shopper's access token, of the order, of the card that
// was typed (null without one), and of the attempt to pay: its way, its key, and whether it ended
// without an outcome.
let shop;
let shopper;
let order = sessionStorage.getItem(ORDER);
let card;
let attempt;
let busy = false;
let leftFrameAt = -Infinity;

// What happened, in one of the style sheet's tones, and what to do now. Without a title: nothing
// yet.
function show(state, tone, title = "", text = "") {
  const result = element("result");
  const isNew = result.dataset.state !== state;
  result.dataset.state = state;
  result.className = `message ${tone}`;
  result.hidden = !title;
  element("result-title").textContent = title;
  element("result-text").textContent = text;
  element("form").hidden = ["pending", "stopped", "paid"].includes(state);
  if (title && isNew) {
    result.focus();
  }
}

async function open() {
  shop = await json(fetch("/checkout/settings"));
  element("test").hidden = element("test-cards").hidden = shop.livemode;
  if (order) {
    confirm();
  } else {
    await askForCard();
  }
}

// The shop's server knows whose card it is: by the session, never by what the page says.
async function showSavedCard() {
  const { card: saved } = await json(fetch("/checkout/card"));
  const isNew = element("cards").hidden;
  element("cards").hidden = !saved;
  element("cards").dataset.isKnown = true;
  element("saved-card").textContent = saved ? `${saved.brand} ending in ${saved.last_four}` : "";
  // Who chose another card chose it also for the next attempt.
  if (isNew || !saved) {
    document.querySelector(`[name=card][value=${saved ? "saved" : "typed"}]`).checked = true;
  }
}

const usesSaved = () => document.querySelector("[name=card]:checked").value === "saved";

// An empty frame, as at the start: a token pays once with the security code that was typed. It is a
// new one, so that messages which the previous one still sends do not count.
async function askForCard() {
  card = undefined;
  attempt = undefined;
  busy = false;
  const frame = element("card").cloneNode();
  // Not URLSearchParams, which makes a plus sign of a space.
  const field = ([name, value]) => `${name}=${encodeURIComponent(value)}`;
  const fields = Object.entries({ ...FIELDS, css: frameStyle() }).map(field).join("&");
  frame.src = `${shop.tokenizer}/itoke/ajax-tokenizer.html?${fields}`;
  element("card").replaceWith(frame);
  element("card-error").textContent = "";
  enable();
  // Without it, a card can still be typed.
  await showSavedCard().catch(() => {});
  enable();
}

// The gateway's page has no style but this one, and knows none of this page's colors.
function frameStyle() {
  const styles = getComputedStyle(document.documentElement);
  const size = (name) => styles.getPropertyValue(`--${name}`);
  const color = (name) => {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = `var(--${name})`;
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const text = `font:${size("size-3")}/${size("line-3")} ${size("sans")};color:${color("text")}`;
  const ground = `background:${color("surface")}`;
  // Without `box-sizing`, which one client found to be ignored.
  const inside = (all) => `calc(${all} - 2 * (${size("space-3")} + ${size("hair")}))`;
  const edge = `border:${size("hair")} solid ${color("muted")};border-radius:${size("corner")}`;
  const lead = `calc((${size("touch")} - ${size("line-3")}) / 2 - ${size("hair")})`;
  const half = inside(`(100% - ${size("space-3")}) / 2`);
  return [
    `body{margin:${size("space-1")};${ground}}`,
    `br{display:none}`,
    `label{display:block;margin:0 0 ${size("space-1")};${text};color:${color("muted")};`,
    `font-size:${size("size-2")};line-height:${size("line-2")}}`,
    `input{width:${inside("100%")};height:${size("line-3")};margin:0 0 ${size("space-4")};`,
    `padding:${lead} ${size("space-3")};${edge};${text};${ground}}`,
    `input::placeholder{color:${color("muted")}}`,
    `input:focus{outline:${size("ring")} solid ${color("focus")}}`,
    `input.error{border-color:${color("bad")}}`,
    `#ccexpiryfieldmonth{width:${half};margin-right:${size("space-3")}}`,
    `#ccexpiryfieldyear{width:${half}}`,
    `#cccvvfield{margin-bottom:0}`,
  ].join("");
}

// The frame sends a token once all fields are right. Any page can send a message, so look at where
// it comes from. A message without a token means that the form holds no card to pay with.
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
  const none = cardTyping ? undefined : null;
  card = token && month ? { payment: token, year, month } : none;
  element("card-error").textContent = card === null ? fieldToCheck(validationError) : "";
  attempt = attempt?.way === "saved" ? attempt : undefined;
  enable();
});

// The window has the focus again.
addEventListener("focus", () => {
  leftFrameAt = performance.now();
});

async function settled() {
  await pause(leftFrameAt + SETTLE_MS - performance.now());
  while (card === undefined && performance.now() < leftFrameAt + TOKEN_MS) {
    await pause(50);
  }
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
    [/cvv|security/i, "Please check the security code: three digits on the back, or four on the front."],
    [/expir/i, "Please check the expiry date: the month, and the year with four digits."],
    [/card/i, "Please check the card number."],
  ];
  return subjects.find(([subject]) => subject.test(description ?? ""))?.[1] ?? CHECK_FIELDS;
}

// What ended without an outcome can only be sent again as it was.
function enable() {
  const isFixed = busy || !!attempt?.isUnclear;
  element("typed").hidden = usesSaved();
  element("card").inert = isFixed;
  element("save").disabled = element("cards").disabled = isFixed;
  element("pay").disabled = busy;
  element("pay").setAttribute("aria-busy", busy);
  element("pay").textContent = busy ? "Paying …" : PAY;
}

// The order comes from the shop's server, the access token from Tollgate. Both are kept for the
// next attempt.
async function prepare(way) {
  if (!order) {
    ({ order } = await json(fetch("/checkout/orders", { method: "POST" })));
    sessionStorage.setItem(ORDER, order);
  }
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
  return fetch(`${shop.api}/v2/orders/${order}${path}`, { method: "POST", ...more, headers });
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
  typedAndSaved: () => ask("payments", { order, key: attempt.key, card }),
  saved: () => ask("payments", { order, key: attempt.key }),
};

async function pay() {
  const typed = element("save").checked ? "typedAndSaved" : "typed";
  const way = usesSaved() ? "saved" : typed;
  busy = true;
  enable();
  show("busy", "");
  try {
    if (way !== "saved") {
      await settled();
    }
    if (way !== "saved" && !card) {
      element("card-error").textContent ||= CHECK_FIELDS;
      busy = false;
      enable();
      return;
    }
    await prepare(way);
    await shown(await ways[way]());
  } catch {
    busy = false;
    attempt = attempt && { ...attempt, isUnclear: true };
    enable();
    show("error", "waiting", "Something went wrong", UNCLEAR);
  }
}

// What says nothing about the payment: whether it was made is found out by the same key.
const SAYS_NOTHING = [401, 409, 429, 500, 502, 503, 504];

// 200: paid. 202: not known yet, and by no means a decline. Everything else says why not.
async function shown(response) {
  const { data, errors } = await response.json().catch(() => ({}));
  const { code, decline_code } = errors?.[0]?.meta ?? {};
  if (code === "payments_stopped") {
    // Nothing can be paid until someone starts payments again, so there is no button, either.
    show("stopped", "bad", "This shop takes no payments at the moment", STOPPED);
  } else if (SAYS_NOTHING.includes(response.status)) {
    shopper = response.status === 401 ? undefined : shopper;
    throw new Error(`status ${response.status}`);
  } else if (response.status === 202) {
    lookAgain();
  } else if (["not_payable", "already_paid"].includes(code)) {
    // By an attempt whose response was lost.
    confirm();
  } else if (data?.status === "complete") {
    paid(data);
  } else if (code === "declined" || data?.status === "failed") {
    const reason = decline_code ?? data?.failure_details?.code;
    declined("The card was declined", DECLINES[reason] ?? DECLINED);
  } else if (code === "too_many_declines" || code === "too_many_attempts") {
    declined("The card was declined", TOO_MANY_TRIES);
  } else {
    declined("The payment was not made", NOT_PAID);
  }
}

function declined(title, text) {
  show("declined", "bad", title, text);
  askForCard();
}

function paid(payment) {
  order = undefined;
  sessionStorage.removeItem(ORDER);
  document.title = document.title.replace("Checkout", "Receipt");
  show("paid", "good", `Paid: ${payment.meta.display_price.formatted}`, PAID);
  const { brand, last_four } = payment.payment_details.card;
  const format = { dateStyle: "medium", timeStyle: "short" };
  const date = new Date(payment.meta.created_at);
  element("receipt-card").textContent = `${brand} ending in ${last_four}`;
  element("receipt-date").textContent = new Intl.DateTimeFormat("en-US", format).format(date);
  element("receipt-reference").textContent = payment.reference;
  element("receipt").hidden = false;
}

// The shop's server finds out whether the order was paid, and may be asked again and again.
async function confirm() {
  try {
    const response = await ask("confirm", { order });
    const { data } = await response.clone().json();
    await (response.ok && !data ? askForCard() : shown(response));
  } catch {
    // No response says nothing about the payment either.
    lookAgain();
  }
}

function lookAgain() {
  show("pending", "waiting", "Waiting for your bank", PENDING);
  setTimeout(confirm, CONFIRM_EVERY_MS);
}

element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  pay();
});
element("cards").addEventListener("change", enable);
element("print").addEventListener("click", () => print());
open().catch(() => show("stopped", "bad", "The checkout could not be loaded", NOT_LOADED));
