// The hosted tokenizer: what is typed goes to CardSecure, and the token to the page around this
// one.
"use strict";

const parameters = new URLSearchParams(location.search);
const isOn = (name) => parameters.get(name) === "true";
const text = (name, otherwise) => parameters.get(name) ?? otherwise;
const number = (name, otherwise) => {
  const value = Number.parseInt(parameters.get(name), 10);
  return Number.isNaN(value) ? otherwise : value;
};
const element = (id) => document.getElementById(id);

const MAX_PLACEHOLDER = 60;
const YEARS = 20;
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

// The properties that the vendor lists. Others are taken out.
const LISTED = `appearance azimuth background background-attachment background-color background-image
background-position background-repeat border border-bottom border-bottom-color border-bottom-left-radius
border-bottom-right-radius border-bottom-style border-bottom-width border-box border-collapse border-color
border-left border-left-color border-left-style border-left-width border-radius border-right
border-right-color border-right-style border-right-width border-spacing border-style border-top
border-top-color border-top-left-radius border-top-right-radius border-top-style border-top-width
border-width box-shadow box-sizing caption-side color cue cue-after cue-before direction display elevation
empty-cells font font-family font-size font-stretch font-style font-variant font-weight height
letter-spacing line-height list-style list-style-image list-style-position list-style-type margin
margin-bottom margin-left margin-right margin-top max-height max-width min-height min-width outline
outline-color outline-style outline-width padding padding-bottom padding-left padding-right padding-top
pause pause-after pause-before pitch pitch-range quotes richness speak speak-header speak-numeral
speak-punctuation speech-rate stress table-layout text-align text-decoration text-indent text-overflow
text-shadow text-transform text-wrap transition-duration unicode-bidi vertical-align voice-family volume
white-space width word-spacing word-wrap -webkit-appearance -webkit-border-radius
-webkit-border-bottom-left-radius -webkit-border-bottom-right-radius -webkit-border-top-left-radius
-webkit-border-top-right-radius -webkit-box-shadow -webkit-font-smoothing`.split(/\s+/);

// A listed shorthand allows its parts, and nothing else that begins like it: `color` does not allow
// `color-scheme`.
const ALLOWED = new Set(
  LISTED.flatMap((name) => {
    const { style } = document.createElement("i");
    style.setProperty(name, "inherit");
    return [...style];
  }),
);

const state = { digits: "", isTyping: false, timer: 0, sent: "", ignoreUntil: 0, hasToken: false };

function style(css) {
  const sheet = element("custom");
  sheet.textContent = css;
  const clean = (rules) => {
    for (const rule of rules) {
      if (rule.cssRules) {
        clean(rule.cssRules);
      }
      if (rule.style) {
        for (const name of [...rule.style]) {
          if (!ALLOWED.has(name) || /url\(/i.test(rule.style.getPropertyValue(name))) {
            rule.style.removeProperty(name);
          }
        }
      }
    }
  };
  clean(sheet.sheet.cssRules);
}

// One below the other, unless the fields are to be in a row or where `css` puts them.
const hasBreaks = !["horizontal", "custom"].includes(parameters.get("orientation"));

function add(tag, properties = {}) {
  const made = document.createElement(tag);
  element("tokenform").append(Object.assign(made, properties));
  return made;
}

function breakLine() {
  if (hasBreaks) {
    add("br");
  }
}

function label(id, field, name, otherwise) {
  add("label", { id, htmlFor: field, textContent: text(name, otherwise) });
  breakLine();
}

function control(tag, id, title, otherwise, properties) {
  const made = add(tag, { id, name: id, title: text(title, otherwise), ...properties });
  made.setAttribute("aria-label", made.title);
  return made;
}

function cardField() {
  if (hasExpiry || hasCvv) {
    label("cccardlabel", "ccnumfield", "cardlabel", "Card Number");
  }
  const made = control("input", "ccnumfield", "cardtitle", "Credit Card Number", {
    type: isOn("fullmobilekeyboard") ? "text" : "tel",
    size: 19,
    maxLength: number("cardinputmaxlength", 2000),
    autocomplete: "off",
    placeholder: text("placeholder", "").slice(0, MAX_PLACEHOLDER),
  });
  breakLine();
  return made;
}

function choices(field, placeholder, options) {
  field.add(new Option(placeholder ?? "--", ""));
  options.forEach(([value, shown]) => field.add(new Option(shown, value)));
}

function expiryFields() {
  const isTyped = isOn("useexpiryfield");
  const [tag, id] = isTyped ? ["input", "ccexpiryfield"] : ["select", "ccexpiry"];
  const typed = (maxLength, placeholder) =>
    isTyped ? { type: "tel", maxLength, placeholder: placeholder ?? "" } : {};
  const [shownMonth, shownYear] = [parameters.get("placeholdermonth"), parameters.get("placeholderyear")];
  label("ccexpirylabel", `${id}month`, "expirylabel", "Expiration Date");
  const month = control(tag, `${id}month`, "expirymonthtitle", "Expiration Month", typed(2, shownMonth));
  const year = control(tag, `${id}year`, "expiryyeartitle", "Expiration Year", typed(4, shownYear));
  breakLine();
  if (!isTyped) {
    const names = isOn("usemonthnames") ? text("monthnames", MONTHS.join("-")).split("-") : [];
    const months = MONTHS.map((_, index) => {
      const value = String(index + 1).padStart(2, "0");
      return [value, names[index] ?? value];
    });
    choices(month, shownMonth, months);
    const first = new Date().getFullYear();
    choices(year, shownYear, Array.from({ length: YEARS }, (_, index) => [first + index, first + index]));
  }
  return { month, year };
}

function cvvField() {
  label("cccvvlabel", "cccvvfield", "cvvlabel", "CVV");
  const placeholder = text("placeholdercvv", "");
  return control("input", "cccvvfield", "cvvtitle", "Card Verification Value", {
    type: "tel",
    maxLength: 4,
    autocomplete: "off",
    placeholder: /^\d{3,4}$/.test(placeholder) ? placeholder : "",
  });
}

const hasExpiry = isOn("useexpiry");
const hasCvv = isOn("usecvv");
const card = cardField();
const expiry = hasExpiry ? expiryFields() : null;
const cvv = hasCvv ? cvvField() : null;

function passesCheck(digits) {
  const sum = [...digits].reverse().reduce((sum, digit, place) => {
    const value = Number(digit) * (place % 2 ? 2 : 1);
    return sum + (value > 9 ? value - 9 : value);
  }, 0);
  return digits.length >= 12 && sum % 10 === 0;
}

// Why the fields cannot be sent, field by field; empty when they can.
function errors() {
  const found = {};
  const account = state.digits;
  if (account === "") {
    found.card = "Card number is empty";
  } else if (!/^\d+\/\d+$/.test(account) && !(/^\d+$/.test(account) && passesCheck(account))) {
    found.card = "Card number is invalid";
  }
  if (hasExpiry) {
    const month = Number(expiry.month.value);
    const year = Number(expiry.year.value);
    const now = new Date();
    const isPast = year === now.getFullYear() && month < now.getMonth() + 1;
    const isInRange = year >= now.getFullYear() && year <= now.getFullYear() + YEARS;
    if (expiry.month.value === "" || expiry.year.value === "") {
      found.expiry = "Expiration date is empty";
    } else if (!(month >= 1 && month <= 12) || !isInRange || isPast) {
      found.expiry = "Expiration date is invalid";
    }
  }
  if (hasCvv && cvv.value === "") {
    found.cvv = "CVV is empty";
  } else if (hasCvv && !/^\d{3,4}$/.test(cvv.value)) {
    found.cvv = "CVV is invalid";
  }
  return found;
}

// As a text, and to any page: it is the page that has to know where its frame comes from.
function tell(message) {
  parent.postMessage(JSON.stringify(message), "*");
}

function result(token, code, message, more) {
  const property = /^[a-z0-9]+$/i.test(text("tokenpropname", ""))
    ? text("tokenpropname")
    : "message";
  const enhanced = isOn("enhancedresponse")
    ? { token, errorCode: String(code), errorMessage: message }
    : {};
  tell({ [property]: token, ...enhanced, ...more });
}

function expiryText() {
  return `${expiry.year.value}${expiry.month.value.padStart(2, "0")}`;
}

async function submit(field, isHalfway = false) {
  stopTyping();
  const found = errors();
  card.classList.toggle(
    "error",
    field === "card" ? "card" in found : "card" in found && state.digits !== "",
  );
  const events = {
    card: isOn("invalidcreditcardevent") || isOn("invalidinputevent"),
    expiry: isOn("invalidexpiryevent"),
    cvv: isOn("invalidcvvevent"),
  };
  if (field in found && events[field] && !isHalfway) {
    result("", 0, "", { validationError: found[field] });
  }
  if (Object.keys(found).length > 0) {
    state.sent = "";
    return;
  }
  const body = { account: state.digits };
  if (hasExpiry) {
    body.expiry = expiryText();
  }
  if (hasCvv) {
    body.cvv = cvv.value;
  }
  if (isOn("unique")) {
    body.unique = true;
  }
  const sent = JSON.stringify(body);
  if (sent === state.sent) {
    return;
  }
  state.sent = sent;
  try {
    const response = await fetch("/cardsecure/api/v1/ccn/tokenize", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: sent,
    });
    const answer = await response.json();
    // The fields may have changed meanwhile: what they hold now is sent on its own.
    if (state.sent !== sent) {
      return;
    }
    state.hasToken = !!answer.token;
    const more = hasExpiry && answer.token ? { expiry: body.expiry } : {};
    result(
      answer.token ?? "",
      answer.errorcode,
      answer.errorcode === 0 ? "" : answer.message,
      more,
    );
  } catch {
    if (state.sent !== sent) {
      return;
    }
    state.sent = "";
    result("", 2, "Connection to the server failed", {});
  }
}

function stopTyping() {
  clearTimeout(state.timer);
  if (state.isTyping) {
    state.isTyping = false;
    if (isOn("sendcardtypingevent")) {
      tell({ cardTyping: false });
    }
  }
}

function typed() {
  if (isOn("cardnumbernumericonly")) {
    card.value = card.value.replace(/[^\d ]/g, "");
  }
  // Whatever is typed is submitted again, also the number from before.
  state.sent = "";
  // What is masked stays known.
  const shown = card.value.replace(/[ -]/g, "");
  state.digits = shown.replace(/^\*{1,2}/, (stars) => state.digits.slice(0, stars.length));
  if (isOn("formatinput") && /^[\d* ]*$/.test(card.value)) {
    card.value = shown.replace(/(.{4})(?=.)/g, "$1 ");
  }
  if (!state.isTyping) {
    state.isTyping = true;
    if (isOn("sendcardtypingevent")) {
      tell({ cardTyping: true });
    }
  }
  clearTimeout(state.timer);
  if (isOn("tokenizewheninactive")) {
    state.timer = setTimeout(left, Math.max(0, number("inactivityto", 500)));
  }
}

// The card field is left, or nothing was typed for a while.
function left() {
  if (isOn("maskfirsttwo") && state.digits.length > 2) {
    card.value = card.value.replace(/^[\d*]{2}/, "**");
  }
  submit("card");
}

function watch(field, name) {
  field.addEventListener("focus", () => {
    state.ignoreUntil = Date.now() + Math.min(1000, number("selectinputdelay", 0));
  });
  field.addEventListener("beforeinput", (event) => {
    if (Date.now() < state.ignoreUntil) {
      event.preventDefault();
    }
  });
  if (name === "card") {
    field.addEventListener("input", typed);
  }
  if (isOn("tokenizewheninactive") && name !== "card") {
    field.addEventListener("input", () => {
      clearTimeout(state.timer);
      state.timer = setTimeout(() => submit(name), Math.max(0, number("inactivityto", 500)));
    });
  } else if (!isOn("tokenizewheninactive")) {
    field.addEventListener("blur", (event) => {
      // From one half of the expiry date to the other, it may be incomplete.
      const isHalfway = name === "expiry" && Object.values(expiry).includes(event.relatedTarget);
      name === "card" ? left() : submit(name, isHalfway);
    });
    if (field.tagName === "SELECT") {
      field.addEventListener("change", () => submit(name));
    }
  }
}

style(text("css", ""));
if (isOn("autofocus")) {
  card.focus();
}
watch(card, "card");
if (hasExpiry) {
  watch(expiry.month, "expiry");
  watch(expiry.year, "expiry");
}
if (hasCvv) {
  watch(cvv, "cvv");
}
// Once a token was sent, a change of any field clears all of them, before the field itself hears of
// it.
element("tokenform").addEventListener(
  "input",
  () => {
    if (state.hasToken) {
      element("tokenform").reset();
      Object.assign(state, { digits: "", sent: "", hasToken: false });
    }
  },
  true,
);
element("tokenform").addEventListener("submit", (event) => event.preventDefault());
