// The sample shop of the local stack, as shoppers use it; and how it, the sign-in page and the
// simulator's page look.
//
// Usage: checkout.mjs CHROMIUM STACK_ORIGIN
import assert from "node:assert/strict";

import { THEMES, WIDTHS, close, expectError, launch, look, picture, step, visitor } from "./browse.mjs";
import { AMEX, NO_FUNDS, VISA, WRONG_DIGIT, stackAt } from "./stack.mjs";

const [program, stack] = process.argv.slice(2);

const CODE = "7391";
// A code of four digits is in a UUID now and then, so it counts only where it is a value, or a
// word, of its own.
const SECRET = new RegExp(`${VISA}|${NO_FUNDS}|${AMEX}|(?<![\\w+/.-])${CODE}(?![\\w+/.-])`);

// Messages as the frame sends them.
const TOKEN = JSON.stringify({ message: "9477709629051443", expiry: "203110" });
const TYPING_ENDS = JSON.stringify({ cardTyping: false });
const NO_CARD = [
  "",
  "no JSON",
  "null",
  JSON.stringify({ message: "" }),
  JSON.stringify({ message: "", validationError: "0x17" }),
  JSON.stringify({ message: "9477709629051443" }),
  JSON.stringify({ message: "9477709629051443", expiry: "2031" }),
  JSON.stringify({ cardTyping: true }),
  { message: "9477709629051443", expiry: "203110" },
];

const { about, simulator: tokenizer, advance, approved, loseTheResponse, stop } = await stackAt(stack);
const other = stack.replace("127.0.0.1", "localhost");

async function assertApproved(count) {
  assert.equal(await approved(), count);
}

const sent = [];

async function shopper(options = {}) {
  const page = await visitor({ allowed: [stack, other, tokenizer], ...options });
  page.on("request", (request) => {
    if (!request.url().startsWith(tokenizer)) {
      sent.push(`${request.method()} ${request.url()} ${request.postData()}`);
    }
  });
  // A decline is 400, an unknown outcome 503 and a stop 422, which the browser reports as errors.
  expectError(page, /status of (400|403|422|503) .*\/payments$/);
  return page;
}

const field = (page, id) => page.frameLocator("#card").locator(`#${id}`);
const FIELDS = ["ccnumfield", "ccexpiryfieldmonth", "ccexpiryfieldyear", "cccvvfield"];

async function arrive(page, origin = stack) {
  await page.goto(`${origin}/checkout`);
  await page.waitForFunction(() => document.querySelector("#cards").dataset.isKnown);
}

async function typeCard(page, number, code = "112") {
  await field(page, "ccnumfield").focus();
  for (const text of [number, "10", "2031", code]) {
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.insertText(text);
    await page.keyboard.press("Tab");
  }
}

// Replaces what is in a field, without leaving it. With the first key, the frame empties all fields
// that had a token.
async function retype(page, id, text) {
  await field(page, id).click();
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.press("Backspace");
  await page.keyboard.insertText(text);
}

const pay = (page) => page.click("#pay");

async function comesTo(page, state) {
  await page.waitForSelector(`#result[data-state="${state}"]`);
  return page.innerText("#result");
}

const savedCard = (page) => page.locator("#cards").isVisible();

/** The words beside the fields, once they are these. */
async function says(page, words) {
  await page.waitForFunction((words) => document.querySelector("#card-error").textContent === words, words);
}

async function checkOutcomes() {
  const page = await shopper();
  await arrive(page);
  await typeCard(page, NO_FUNDS);
  await pay(page);
  assert.match(await comesTo(page, "declined"), /does not hold the amount/);
  assert.equal(await page.evaluate("document.activeElement.id"), "result");
  step("a decline says what to do, and a screen reader reads it");

  await typeCard(page, VISA);
  await pay(page);
  assert.match(await comesTo(page, "paid"), /Paid: \$25\.99/);
  assert.equal(await page.innerText("#receipt-card"), "Visa ending in 1443");
  assert.match(await page.innerText("#receipt-reference"), /^\d{12}$/);
  assert.match(await page.innerText("#receipt-date"), /^\w+ \d+, 20\d\d, \d+:\d\d\s[AP]M$/);
  assert.ok(!(await page.locator("#form").isVisible()));
  await assertApproved(1);
  step("another card pays the same order, and there is a receipt");

  await arrive(page, other);
  await typeCard(page, VISA);
  await pay(page);
  await comesTo(page, "paid");
  step("a page of another origin pays");
}

async function checkLostResponses() {
  const page = await shopper();
  await arrive(page, other);
  await loseTheResponse();
  await typeCard(page, AMEX, CODE);
  await pay(page);
  assert.match(await comesTo(page, "pending"), /Do not pay again; this page keeps looking/);
  assert.ok(!(await page.locator("#pay").isVisible()));
  await page.reload();
  await comesTo(page, "pending");
  assert.ok(!(await page.locator("#pay").isVisible()));
  step("a lost response is shown as pending, also after the page was loaded again");
  // No inquiry is sent earlier.
  await advance(31);
  await comesTo(page, "paid");
  assert.equal(await page.innerText("#receipt-card"), "American Express ending in 8431");
  await assertApproved(3);
  step("the page finds out that it was paid, once");

  // The payment is made, and the browser never gets the response.
  const payments = /\/payments$/;
  const lose = async (route) => {
    await route.fetch();
    await route.abort();
  };
  expectError(page, /ERR_FAILED/);
  for (const again of [() => pay(page), () => page.reload()]) {
    await arrive(page);
    await typeCard(page, VISA);
    await page.route(payments, lose, { times: 1 });
    await pay(page);
    assert.match(await comesTo(page, "error"), /you are charged only once/);
    await again();
    assert.match(await comesTo(page, "paid"), /Paid: \$25\.99/);
  }
  await assertApproved(5);
  step("who pays again without knowing is charged once, also after loading the page again");
}

// A card is saved, pays again, also after the page was left, and once although the response was
// lost.
async function checkSaved(origin) {
  const before = await approved();
  const page = await shopper();
  await arrive(page, origin);
  assert.ok(!(await savedCard(page)), "another session's card");
  await typeCard(page, NO_FUNDS);
  await page.check("#save");
  await pay(page);
  await comesTo(page, "declined");
  assert.ok(!(await savedCard(page)), "a card that was declined");
  await typeCard(page, VISA);
  await pay(page);
  await comesTo(page, "paid");
  await assertApproved(before + 1);
  step(`${origin}: a card is saved along with its payment, and one that is declined is not`);

  await page.click("text=Order another");
  await page.waitForSelector("#cards:not([hidden])");
  assert.equal(await page.innerText("#saved-card"), "Visa ending in 1443");
  await pay(page);
  await comesTo(page, "paid");
  assert.equal(await page.innerText("#receipt-card"), "Visa ending in 1443");
  await arrive(page, origin);
  await page.check("text=Another card");
  await typeCard(page, NO_FUNDS);
  await pay(page);
  await comesTo(page, "declined");
  // A shopper who chose another card does not pay with the saved one by pressing Pay again.
  assert.ok(await page.isChecked("[value=typed]"));
  await typeCard(page, AMEX, CODE);
  await pay(page);
  await comesTo(page, "paid");
  await assertApproved(before + 3);
  step(`${origin}: the saved card pays again, and so does another one`);

  await arrive(page, origin);
  await loseTheResponse();
  await pay(page);
  await comesTo(page, "pending");
  await advance(31);
  await comesTo(page, "paid");
  await assertApproved(before + 4);
  step(`${origin}: a lost response of the saved card is pending, then paid once`);
}

/** A card that is no longer in the form is not charged. */
async function checkFields() {
  const before = await approved();
  const page = await shopper();
  await arrive(page);
  await typeCard(page, VISA);
  for (const [id, wrong, words] of [
    ["ccnumfield", WRONG_DIGIT, "Please check the card number."],
    ["ccexpiryfieldmonth", "13", "Please check the expiry date: the month, and the year with four digits."],
    ["cccvvfield", "", "Please check the security code: three digits on the back, or four on the front."],
  ]) {
    await retype(page, id, wrong);
    await pay(page);
    await says(page, words);
    await page.waitForSelector("#pay:enabled");
    await typeCard(page, VISA);
    await says(page, "");
  }
  // The new number has no token until its field is left, and the old one's does not count.
  await retype(page, "ccnumfield", NO_FUNDS);
  await pay(page);
  await says(page, "Please check the card number, the expiry date and the security code.");
  await assertApproved(before);
  step("a card that was mistyped, emptied or replaced is not charged");

  await typeCard(page, VISA);
  await page.evaluate("document.getElementById('pay').click(); document.getElementById('pay').click()");
  await comesTo(page, "paid");
  await assertApproved(before + 1);
  step("two clicks pay once");
}

/** Pay, without a card. */
async function isRefused(page) {
  await pay(page);
  await page.waitForFunction(() => document.querySelector("#card-error").textContent.startsWith("Please check"));
  await page.waitForSelector("#pay:enabled");
}

/** Only the frame's latest message counts, and without a token there is no card. */
async function checkMessages() {
  const before = await approved();
  const page = await shopper();
  await arrive(page);
  const frame = page.frames().find((frame) => frame.url().startsWith(tokenizer));
  const tell = async (from, message) => {
    const handled = page.evaluate(() => new Promise((done) => addEventListener("message", () => done(), { once: true })));
    await from.evaluate((message) => parent.postMessage(message, "*"), message);
    await handled;
  };
  await tell(page.mainFrame(), TOKEN);
  await isRefused(page);
  for (const message of NO_CARD) {
    await tell(frame, TOKEN);
    await says(page, "");
    await tell(frame, message);
    await isRefused(page);
  }
  await assertApproved(before);
  await tell(frame, TOKEN);
  await tell(frame, TYPING_ENDS);
  await pay(page);
  await comesTo(page, "paid");
  step("a message without a token is no card, whatever its form and whoever sends it");
}

async function checkKeyboard() {
  const page = await shopper();
  await arrive(page);
  // Tab passes over a frame that has no fields yet.
  await field(page, "ccnumfield").waitFor();
  await page.keyboard.press("Tab");
  for (const text of [VISA, "10", "2031", "112"]) {
    await page.keyboard.insertText(text);
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Space");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await comesTo(page, "paid");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#cards:not([hidden])");
  for (const key of ["Tab", "ArrowDown", "ArrowUp", "Tab", "Enter"]) {
    await page.keyboard.press(key);
  }
  await comesTo(page, "paid");
  step("the keyboard alone pays, saves a card, and pays with it");
}

async function checkStopped() {
  const before = await approved();
  const page = await shopper();
  await arrive(page);
  await typeCard(page, VISA);
  await stop(true);
  await pay(page);
  assert.match(await comesTo(page, "stopped"), /takes no payments at the moment/);
  assert.equal(await page.locator("button:visible").count(), 0);
  await look(page, "shop-stopped");
  await stop(false);
  await assertApproved(before);
  step("stopped payments have words of their own, and no button");
}

const SIGN_IN = new URLSearchParams({
  response_type: "code",
  client_id: "tollgate-cli",
  redirect_uri: "http://127.0.0.1:49152/back",
  code_challenge: "none",
  code_challenge_method: "S256",
});

async function checkLooks(options) {
  const page = await shopper(options);
  await arrive(page);
  await field(page, "cccvvfield").waitFor();
  await look(page, "shop-empty");
  await field(page, "ccnumfield").focus();
  await page.keyboard.insertText(WRONG_DIGIT);
  await page.keyboard.press("Tab");
  await says(page, "Please check the card number.");
  await look(page, "shop-mistyped");
  await typeCard(page, NO_FUNDS);
  await look(page, "shop-ready");
  const waits = deferred();
  await page.route(/\/payments$/, async (route) => {
    await waits.promise;
    await route.continue();
  }, { times: 1 });
  await pay(page);
  await page.waitForSelector('#pay[aria-busy="true"]');
  await look(page, "shop-busy");
  waits.resolve();
  await comesTo(page, "declined");
  await field(page, "cccvvfield").waitFor();
  await look(page, "shop-declined");
  await typeCard(page, VISA);
  await page.check("#save");
  await loseTheResponse();
  await pay(page);
  await comesTo(page, "pending");
  await look(page, "shop-pending");
  await advance(31);
  await comesTo(page, "paid");
  await look(page, "shop-paid");
  await arrive(page);
  await look(page, "shop-saved");
  await page.goto(`${about.issuer}/authorize?${SIGN_IN}`);
  await look(page, "sign-in");
  await page.goto(tokenizer);
  await look(page, "simulator");
  await page.context().close();
}

/** The README's picture. */
async function pictureOfShop() {
  const page = await shopper({ width: 480 });
  await arrive(page);
  await typeCard(page, VISA);
  await page.waitForFunction(() => card);
  await picture(page, "shop");
}

function deferred() {
  let resolve;
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
}

await launch(program);
await checkOutcomes();
await checkLostResponses();
await checkSaved(stack);
await checkSaved(other);
await checkFields();
await checkMessages();
await checkKeyboard();
await checkStopped();
for (const width of WIDTHS) {
  for (const theme of THEMES) {
    await checkLooks({ width, theme });
  }
}
await pictureOfShop();
step("shop, frame, sign-in page and simulator's page: no violation of axe-core, and nothing is cut off");
await close();

assert.ok(sent.some((request) => request.includes("card_connect")), "payments were seen");
assert.deepEqual(sent.filter((request) => SECRET.test(request)), []);
console.log("ok no card number and no security code is in any request to the shop or to Tollgate");
