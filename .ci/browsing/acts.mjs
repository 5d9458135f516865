// Refunds, captures and voids in the console of the local stack, as people do them; and how each of
// their pages looks.
//
// Usage: acts.mjs CHROMIUM STACK_ORIGIN
import assert from "node:assert/strict";

import { close, launch, look, step } from "./browse.mjs";
import { MERCHANT, consoleAt } from "./people.mjs";

const [program, origin] = process.argv.slice(2);
const { stack, url, person, counted, opened, looks } = await consoleAt(origin);

const text = (page) => page.innerText("main");
const press = (page, name) => page.click(`main button:text-is("${name}")`);

/** Opens a form by its button. */
async function form(page, order, act) {
  await opened(page, order);
  await page.click(`main a:text-is("${act}")`);
}

/** Fills it in and goes on to the page with the button. */
async function fill(page, { amount, reason = "Damaged" }) {
  if (amount) {
    await page.fill("#amount", amount);
  }
  await page.fill("#reason", reason);
  await press(page, "Go on");
}

/** The page says what came of a refund, or that an equal request is under way. */
const told = (page, amount) => page.waitForSelector(`text=/refunded \\$${amount}|still being carried out/`);

/** How many refunds a payment's page tells of. */
async function refunds(page, order, sentence) {
  await opened(page, order);
  return (await page.locator(".events").innerText()).split(sentence).length - 1;
}

/** With nothing but the words that are to be seen. */
async function checkTasks(width) {
  const refund = await counted("Ann Archer", width);
  await refund.enter("Find", "1443 26");
  await refund.click(/^Show$/);
  const row = refund.page.locator("tr").filter({ hasText: /\b26\.\d\d\b/ });
  await refund.click(/./, row.first());
  await refund.click(/^Refund$/);
  await refund.enter("Amount", "5");
  await refund.enter("Reason", "Damaged");
  await refund.click(/^Go on$/);
  await refund.click(/^Refund \$5\.00$/);
  await refund.page.waitForSelector("text=Ann Archer refunded $5.00: Damaged.");
  await refund.click(/^Receipt$/);
  await refund.page.waitForSelector("text=After refunds");
  const left = width === 1440 ? "21\\.20" : "16\\.20";
  assert.match(await refund.page.innerText("body"), new RegExp(`After refunds\\s+\\$${left}`));
  assert.ok((await refund.page.pdf()).length > 1_000);
  await refund.done("card 1443, about $26: $5 refunded as damaged and the receipt printed");

  await stack.authorize(MERCHANT, `morning-${width}`, 3_100);
  const hold = await counted("Ann Archer", width);
  await hold.click(/^Held$/);
  await hold.click(`morning-${width}`);
  await hold.click(/^Void$/);
  await hold.enter("Reason", "Ordered twice");
  await hold.click(/^Go on$/);
  await hold.click(/^Void \$31\.00$/);
  await hold.page.waitForSelector("text=Ann Archer voided $31.00: Ordered twice.");
  await hold.done("this morning's authorization is voided");
}

async function checkOnce() {
  const page = await person("Ann Archer");
  await form(page, "UM-2019", "Refund");
  await fill(page, { amount: "1.01" });
  // The same form in another tab, and its button pressed in both; then Back, and once more.
  const other = await page.context().newPage();
  await other.goto(page.url());
  await Promise.all([press(page, "Refund $1.01"), press(other, "Refund $1.01")]);
  await Promise.all([told(page, "1.01"), told(other, "1.01")]);
  await page.goBack();
  assert.match(await text(page), /changed since you looked, and nothing was sent\..*refunded \$1\.01/);
  assert.equal(await refunds(page, "UM-2019", "refunded $1.01"), 1);
  step("two tabs with one form are one refund");

  await form(page, "UM-2019", "Refund");
  await fill(page, { amount: "1.02" });
  await page.locator('main button:text-is("Refund $1.02")').dblclick();
  await told(page, "1.02");
  assert.equal(await refunds(page, "UM-2019", "refunded $1.02"), 1);
  step("a double click is one refund");

  await form(page, "UM-2019", "Refund");
  await form(other, "UM-2019", "Refund");
  await fill(page, { amount: "1.03" });
  await press(page, "Refund $1.03");
  await fill(other, { amount: "1.03" });
  assert.match(await text(other), /changed since you looked, and nothing was sent\..*refunded \$1\.03/);
  assert.equal(await refunds(page, "UM-2019", "refunded $1.03"), 1);
  step("a form from before a refund says what has changed");
  await page.context().close();
}

async function checkDoubt() {
  const page = await person("Ann Archer");
  await form(page, "UM-1255", "Refund");
  await fill(page, { amount: "2.00" });
  await stack.loseTheResponse("refund");
  await press(page, "Refund $2.00");
  assert.match(await text(page), /We do not know yet whether \$2\.00 was refunded\. Do not repeat it/);
  assert.equal(await page.locator('main a:text-is("Refund")').count(), 0);
  await look(page, "acts-in-doubt");
  await stack.advance(31);
  await press(page, "Ask the gateway");
  assert.match(await text(page), /Ann Archer refunded \$2\.00: Damaged\./);
  step("a refund in doubt is not offered again, and the gateway tells what came of it");
  await page.context().close();
}

async function checkLimit() {
  const ann = await person("Ann Archer");
  await form(ann, "UM-2020", "Refund");
  await fill(ann, { amount: "60.00" });
  await press(ann, "Refund $60.00");
  assert.match(await text(ann), /more than you may give back/);
  const link = await ann.inputValue("#link");
  const eve = await person("Eve Evans");
  await eve.goto(link);
  assert.match(await text(eve), /Proposed by\s+Ann Archer/);
  await look(eve, "acts-proposal");
  await press(eve, "Refund $60.00");
  assert.match(await text(eve), /Eve Evans refunded \$60\.00: Damaged\./);
  assert.match(await text(eve), /proposed by Ann Archer/);
  step("what exceeds a limit is carried out by another person, from a link");
  await Promise.all([ann, eve].map((page) => page.context().close()));
}

async function checkCaptureAndVoid() {
  const page = await person("Ann Archer");
  await form(page, "UM-2009", "Capture");
  await fill(page, { amount: "500", reason: "Shipped" });
  assert.match(await text(page), /The rest is released to the customer\./);
  await press(page, "Capture $500.00");
  assert.match(await text(page), /Ann Archer captured \$500\.00: Shipped\./);
  await form(page, "UM-2006", "Void");
  await fill(page, { reason: "Ordered twice" });
  await press(page, "Void $45.00");
  assert.match(await text(page), /Ann Archer voided \$45\.00: Ordered twice\./);
  step("a part of a hold is captured, and another one is voided");
  await page.context().close();
}

async function checkDisputed() {
  const page = await person("Ann Archer");
  await form(page, "UM-2011", "Refund");
  await page.evaluate("document.querySelector('[name=disputed]').required = false");
  await fill(page, { amount: "3" });
  assert.match(await text(page), /Please tick the box if it is meant\./);
  await page.check("[name=disputed]");
  await press(page, "Go on");
  assert.match(await text(page), /The bank has taken the money back: it would be lost twice\./);
  step("a disputed payment is refunded only with a tick of its own");
  await page.context().close();
}

async function checkEnding() {
  const page = await person("Ann Archer");
  await form(page, "UM-1261", "Refund");
  const warning = page.locator(".ending");
  const at = (seconds) =>
    page.evaluate((ms) => document.getAnimations().forEach((one) => (one.currentTime = ms)), seconds * 1_000);
  const height = () => warning.locator("..").evaluate((region) => region.getBoundingClientRect().height);
  assert.equal(await warning.isVisible(), false);
  assert.equal(await height(), 0);
  await at(800);
  assert.equal(await warning.isVisible(), true);
  assert.ok((await height()) > 0);
  await page.fill("#amount", "4.00");
  await page.fill("#reason", "Wrong size");
  await stack.advance(16 * 60);
  await press(page, "Go on");
  await page.click('a:has-text("Ann Archer")');
  await page.waitForSelector("#amount");
  assert.match(await text(page), /You had to sign in again\. What you typed is here, and was not sent\./);
  assert.deepEqual([await page.inputValue("#amount"), await page.inputValue("#reason")], ["4.00", "Wrong size"]);
  await press(page, "Go on");
  await press(page, "Refund $4.00");
  assert.equal(await refunds(page, "UM-1261", "refunded $4.00"), 1);
  step("a session that ends during a form warns before, and gives the form back");
  await page.context().close();
}

async function checkKeyboard() {
  const page = await person("Ann Archer", { javaScriptEnabled: false });
  await opened(page, "UM-1264");
  await page.focus('main a:text-is("Refund")');
  for (const key of ["Enter", "Tab", "Tab"]) {
    await page.keyboard.press(key);
    await page.waitForLoadState();
  }
  await page.focus("#amount");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("1.50");
  await page.keyboard.press("Tab");
  await page.keyboard.type("Goodwill");
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=Refund $1.50 to");
  await page.focus('main button:text-is("Refund $1.50")');
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=Ann Archer refunded $1.50: Goodwill.");
  step("the keyboard alone refunds, without JavaScript");
  await page.context().close();
}

/** Pages that send nothing. */
const SCREENS = {
  refund: async (page) => form(page, "UM-2019", "Refund"),
  "refund-wrong": async (page) => {
    await form(page, "UM-2019", "Refund");
    await fill(page, { amount: "99" });
  },
  "refund-confirm": async (page) => {
    await form(page, "UM-2019", "Refund");
    await fill(page, { amount: "5" });
  },
  "refund-disputed": async (page) => form(page, "UM-2011", "Refund"),
  "refund-over-the-limit": async (page) => {
    await form(page, "UM-1238", "Refund");
    await fill(page, {});
    await page.click("main button.primary");
  },
  "refund-impossible": async (page) => page.goto(`${page.url().split("?")[0].replace(/refund$/, "void")}`),
  capture: async (page) => form(page, "UM-2007", "Capture"),
  done: async (page) => {
    await opened(page, "UM-2019");
    await page.goto(`${page.url()}?done=yes`);
  },
};

await launch(program);
for (const width of [1440, 360]) {
  await checkTasks(width);
}
await checkOnce();
await checkDoubt();
await checkLimit();
await checkCaptureAndVoid();
await checkDisputed();
await checkKeyboard();
await looks("acts", SCREENS);
step("every form: no violation of axe-core, and nothing is cut off");
await checkEnding();
await close();
