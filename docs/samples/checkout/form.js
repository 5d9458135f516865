// The form that pays an order, for any page that has the elements `card`, `form`, `pay`, `result`
// and `again`. It never sees a card number: the shopper types it into the gateway's frame.

const CONFIRM_EVERY_MS = 2000;

// A field of the frame is checked when it is left, also by a click on Pay: the frame has so long to
// say that its card is another one, or none. The token of a new one may take longer.
const SETTLE_MS = 1000;
const TOKEN_MS = 5000;

// The vendor's ids, and only properties that the vendor lists.
const STYLE = `body{margin:0;font:16px system-ui,sans-serif;color:#1a1a1a} br{display:none}
label{display:block;margin:12px 0 4px}
input{box-sizing:border-box;width:100%;height:44px;padding:0 12px;font-size:16px}
input{border:1px solid #767676;border-radius:4px;background:#fff;color:#1a1a1a}
#ccexpiryfieldmonth,#ccexpiryfieldyear,#cccvvfield{width:80px;margin-right:8px}
.error{border-color:#b00020}
@media(prefers-color-scheme:dark){body{background:#121212;color:#eee}
input{background:#1e1e1e;color:#eee}.error{border-color:#f88}}`;

// The frame takes the expiry date and the security code, too, and tells when the card is being
// changed and when a field is wrong.
const FIELDS = {
  useexpiry: true,
  useexpiryfield: true,
  usecvv: true,
  sendcardtypingevent: true,
  invalidcreditcardevent: true,
  invalidexpiryevent: true,
  invalidcvvevent: true,
  css: STYLE,
};

// A shopper reads only words of this page. Tollgate's and the gateway's are for developers.
const CHECK_CARD = "Please check the card number, the expiry date and the security code.";
const NOT_PAID = "The payment was not made. Please use another card.";
const DECLINES = {
  insufficient_funds: "The card's account does not hold the amount. Please use another card.",
  expired_card: "The card has expired. Please use another card.",
  incorrect_expiry: "The expiry date is not the card's. Please type the card again.",
  incorrect_cvc: "The security code is wrong. Please type the card again.",
  issuer_unavailable: "Your bank cannot be reached. Please try again in a few minutes.",
};
const IN_DOUBT = "Your bank has not said yes yet. Do not pay again; this page keeps looking.";
const UNCLEAR = "Something went wrong. Press Pay again: you are charged only once.";
export const ALREADY_PAID = "This order is paid already. Thank you.";
// Why this order is not paid here, and now.
const ENDS = {
  payments_stopped: "This shop takes no payments at the moment. Please come back later.",
  already_paid: ALREADY_PAID,
  not_payable: "This order is paid, or a payment is being checked. Please do not pay again.",
  too_many_declines: "No more cards can be tried now. Please come back in an hour.",
  too_many_attempts: "No more cards can be tried for this order. Please contact us.",
};
// Why no card pays this order any more.
const CLOSED = {
  order_refused: "An item is sold out. You are not charged, and your card is released.",
  order_closed: "This order was canceled. You are not charged, and your card is released.",
  overpaid: "Less is owing by now. You are not charged, and your card is released.",
};
const STATES = {
  paid: (price, card) => `Paid ${price} with ${card}. Thank you.`,
  held: (price, card) => `Reserved ${price} on ${card}. You are charged when we ship. Thank you.`,
  refunded: (price, card) => `Refunded ${price} to ${card}.`,
};
const CHANGED = () => "Something about this payment has changed. Please contact us.";
// These say nothing about the payment: the same request, with the same key, finds out.
const SAYS_NOTHING = [401, 409, 429, 500, 502, 503, 504];

export const element = (id) => document.getElementById(id);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let shop; // the order, and where things are
let pay; // makes the payment with the frame's card and its key
let shopper; // the shopper's access token
let attempt; // the frame's card, and its payment's key; null without one, undefined if unknown
let leftFrameAt = -Infinity;

export function show(text, isBusy = false) {
  element("result").textContent = text;
  element("pay").disabled = isBusy;
  element("card").inert = isBusy;
}

export function end(text, hasAgain = false) {
  show(text, true);
  element("form").hidden = true;
  element("again").hidden = !hasAgain;
}

// A new frame: a token pays once with the security code that was typed. Messages that the previous
// frame still sends do not count.
function askForCard() {
  attempt = undefined;
  element("form").hidden = false;
  const frame = element("card").cloneNode();
  // Not URLSearchParams, which makes a plus sign of a space.
  const field = ([name, value]) => `${name}=${encodeURIComponent(value)}`;
  frame.src = `${shop.TOKENIZER}?${Object.entries(FIELDS).map(field).join("&")}`;
  element("card").replaceWith(frame);
}

// Any page can send a message, so look at where it comes from. The latest message decides: without
// a token, the frame holds no card to pay with. Another card is another payment, with its own key.
addEventListener("message", ({ origin, source, data }) => {
  const isFrame = source === element("card").contentWindow;
  if (!shop || !isFrame || origin !== new URL(shop.TOKENIZER).origin) {
    return;
  }
  const { message: token, expiry, validationError, cardTyping } = JSON.parse(data);
  // The end of typing says nothing about the card: its token or its error comes on its own.
  if (cardTyping === false) {
    return;
  }
  const [, year, month] = /^(\d{4})(\d{2})$/.exec(expiry) ?? [];
  const card = token && month && { payment: token, year, month };
  attempt = card ? { card, key: crypto.randomUUID() } : cardTyping ? undefined : null;
  if (!element("pay").disabled) {
    show(validationError ? CHECK_CARD : "");
  }
});

// The page has the focus again.
addEventListener("focus", () => (leftFrameAt = performance.now()));

// With the shopper's own access token, which pays what the order owes and nothing else.
export async function tollgate(path, body, headers) {
  if (!shopper) {
    const grant = new URLSearchParams({ grant_type: "implicit", client_id: shop.MERCHANT });
    const url = `${shop.TOLLGATE}/oauth/access_token`;
    const granted = await fetch(url, { method: "POST", body: grant });
    shopper = (await granted.json()).access_token;
  }
  const response = await fetch(`${shop.TOLLGATE}/v2/orders/${shop.id}${path}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${shopper}`, "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  shopper = response.status === 401 ? undefined : shopper;
  return response;
}

async function submit() {
  show("One moment …", true);
  await pause(leftFrameAt + SETTLE_MS - performance.now());
  while (attempt === undefined && performance.now() < leftFrameAt + TOKEN_MS) {
    await pause(100);
  }
  if (!attempt) {
    show(CHECK_CARD);
    return;
  }
  try {
    const response = await pay(attempt);
    const isInDoubt = response.status === 202;
    await showOutcome(isInDoubt ? await confirmed((await response.json()).data) : response);
  } catch {
    show(UNCLEAR);
  }
}

// 202 is by no means a decline. Only 200 has the outcome, which may be that it failed. The secret
// opens the transaction to a renewed access token.
async function confirmed({ id, client_parameters }) {
  const secret = { "X-Client-Secret": client_parameters.secret };
  for (;;) {
    const response = await tollgate(`/transactions/${id}/confirm`, {}, secret).catch(() => {});
    if (response?.status === 200) {
      return response;
    }
    show(IN_DOUBT, true);
    await pause(CONFIRM_EVERY_MS);
  }
}

async function showOutcome(response) {
  const { data, errors } = await response.json();
  const { code, decline_code = data?.failure_details?.code } = errors?.[0].meta ?? {};
  if (data?.status === "complete") {
    const { brand, last_four } = data.payment_details.card;
    const words = STATES[data.meta.state] ?? CHANGED;
    end(words(data.meta.display_price.formatted, `${brand} ending in ${last_four}`), true);
  } else if (CLOSED[decline_code]) {
    end(CLOSED[decline_code], true);
  } else if (ENDS[code]) {
    end(ENDS[code], code !== "payments_stopped");
  } else if (SAYS_NOTHING.includes(response.status)) {
    throw new Error(`status ${response.status}`);
  } else {
    askForCard();
    show(DECLINES[decline_code] ?? NOT_PAID);
  }
}

/** Shows the form for an order; or, of an order with a payment, what became of that. */
export async function open(order, makePayment, payment) {
  shop = order;
  pay = makePayment;
  element("pay").textContent = `Pay ${shop.price}`;
  element("pay").onclick = submit;
  if (payment) {
    element("form").hidden = true;
    show("One moment …", true);
    await showOutcome(await confirmed(payment));
  } else {
    askForCard();
    show("");
  }
}
