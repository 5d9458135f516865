// The console of the local stack, as people in finance and support use it; and the look of each
// screen.
//
// Usage: console.mjs CHROMIUM STACK_ORIGIN
import assert from "node:assert/strict";

import { close, launch, look, step, visitor } from "./browse.mjs";
import { MERCHANT, consoleAt } from "./people.mjs";

const [program, stack] = process.argv.slice(2);
const { url, allowed, person, opened, looks } = await consoleAt(stack);

/** Limits of a page, in bytes as they are sent and in requests. */
const PAGE_MAX_BYTES = 25_000;
const STYLE_MAX_BYTES = 12_288;
const REQUESTS_MAX = 3;

const rows = (page) => page.locator(".rows tbody tr").count();

async function find(page, text) {
  await page.fill("#q", text);
  await page.click("button:text-is('Show')");
  await page.waitForURL((address) => address.searchParams.get("q") === text);
}

async function checkFinding() {
  const page = await person("Ann Archer");
  await page.waitForURL(`${url}/${MERCHANT}/payments`);
  assert.equal(await rows(page), 25);
  assert.match(await page.title(), /^\[Test\] Payments · Umbrella & Sons$/);
  step("Ann signs in and sees the newest payments");

  await find(page, "1443 25.99");
  assert.ok((await rows(page)) >= 1);
  assert.match(page.url(), /q=1443\+25\.99/);
  for (const row of await page.locator(".rows tbody tr").allInnerTexts()) {
    assert.match(row, /25\.99/);
    assert.match(row, /1443/);
  }
  await find(page, "invoice 2019");
  assert.equal(await rows(page), 1);
  await find(page, "UM-2019");
  assert.equal(await rows(page), 1);
  await page.click('.rows a:text-is("UM-2019")');
  assert.match(await page.innerText("main"), /Refunded in part/);
  assert.match(await page.innerText("main"), /Ann Archer refunded \$5\.00: arrived broken/);
  const retref = /\b\d{12}\b/.exec(await page.innerText("main"))[0];
  await page.goBack();
  await find(page, retref);
  assert.equal(await rows(page), 1);
  step("a payment is found by last four and amount, invoice, order and the gateway's reference");

  await page.fill("#q", "4788 2500 0012 1443");
  await page.click("button:text-is('Show')");
  await page.waitForURL((address) => address.searchParams.get("q") === "1443");
  assert.doesNotMatch(await page.content(), /4788\D*2500|2500\D*0012/);
  assert.ok((await rows(page)) >= 1);
  step("of a card number in the box only the last four digits are left");

  await find(page, "no such thing");
  assert.match(await page.innerText("main"), /No such payments/);
  assert.match(await page.innerText("main"), /reference no such thing/i);
  step("an empty list says what was looked for");
  await page.context().close();
}

const SCREENS = {
  payments: async (page) => page.goto(`${url}/${MERCHANT}/payments`),
  "payments-empty": async (page) => page.goto(`${url}/${MERCHANT}/payments?q=no+such+thing`),
  declined: async (page) => page.goto(`${url}/${MERCHANT}/payments?state=declined`),
  payment: async (page) => opened(page, "UM-2019"),
  "payment-in-doubt": async (page) => opened(page, "UM-2014"),
  "payment-late": async (page) => opened(page, "UM-2013"),
  "payment-held": async (page) => opened(page, "UM-2007"),
  "payment-disputed": async (page) => opened(page, "UM-2011"),
  receipt: async (page) => {
    await opened(page, "UM-2019");
    await page.click("text=Receipt");
  },
  attention: async (page) => page.goto(`${url}/${MERCHANT}/attention`),
  "attention-seen": async (page) => {
    await opened(page, "UM-2011");
    await page.click("text=Mark as seen");
  },
  "attention-decide": async (page) => {
    await opened(page, "UM-2014");
    await page.goto(`${page.url()}/decide`);
  },
  deposits: async (page) => page.goto(`${url}/${MERCHANT}/deposits`),
  deposit: async (page) => {
    await page.goto(`${url}/${MERCHANT}/deposits`);
    await page.click('main a[href*="/deposits/"] >> nth=0');
  },
  exception: async (page) => {
    await page.goto(`${url}/${MERCHANT}/deposits`);
    await page.click('main a[href*="/exceptions/"] >> nth=0');
  },
  days: async (page) => page.goto(`${url}/${MERCHANT}/days`),
  month: async (page) => page.goto(`${url}/${MERCHANT}/month`),
  "month-rows": async (page) => page.goto(`${url}/${MERCHANT}/month?rows=in_deposit`),
  "no-such-page": async (page) => page.goto(`${url}/${MERCHANT}/nothing`),
};

/** From the last screen on, to those of nobody who is signed in. */
async function leave(page) {
  await page.click("text=Go to payments");
  await page.click("text=Sign out");
  await page.waitForSelector("#merchant");
  await look(page, "console-sign-in");
  await page.goto(`${url}/${MERCHANT}/payments`);
  await look(page, "console-signed-out");
}

/** Every page, as it is sent. */
async function checkWeights() {
  const page = await person("Ann Archer");
  const bytes = async (address) => (await (await page.context().request.get(address)).body()).length;
  for (const [name, go] of Object.entries(SCREENS)) {
    await go(page);
    const sent = await bytes(page.url());
    assert.ok(sent <= PAGE_MAX_BYTES, `${name} has ${sent} bytes`);
    const loaded = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
    assert.ok(loaded.length + 1 <= REQUESTS_MAX, `${name} loads ${loaded}`);
  }
  const style = await bytes(await page.evaluate("document.querySelector('[rel=stylesheet]').href"));
  assert.ok(style <= STYLE_MAX_BYTES, `the style has ${style} bytes`);
  step(`no page has more than ${PAGE_MAX_BYTES} bytes, ${REQUESTS_MAX} requests, or ${STYLE_MAX_BYTES} bytes of style`);
  await page.context().close();
}

async function checkRoles() {
  const rob = await person("Rob Reyes");
  await rob.waitForURL(`${url}/${MERCHANT}/payments`);
  await SCREENS.exception(rob);
  assert.equal(await rob.locator("main form").count(), 0);
  const csrf = await rob.inputValue(".who [name=csrf]");
  const form = { csrf, act: "resolve", note: "a form made by hand" };
  const forged = await rob.request.post(rob.url(), { form, headers: { Origin: url } });
  assert.equal(forged.status(), 422);
  assert.match(await forged.text(), /Your role may not change this\. Nothing was changed\./);
  await rob.reload();
  assert.doesNotMatch(await rob.innerText("main"), /made by hand/);
  const max = await person("Max Moore");
  await max.waitForSelector("text=You cannot sign in here");
  step("finance reads, and somebody whom the merchant does not know is told so");
}

async function checkException() {
  const page = await person("Ann Archer");
  await SCREENS.exception(page);
  await page.fill("[name=note]", "asked the gateway");
  await page.click("button:has-text('note')");
  assert.match(await page.innerText("main"), /asked the gateway/);
  step("a note is on record");
  await page.context().close();
}

async function checkDays() {
  const page = await person("Ann Archer");
  await page.click("nav >> text=Days");
  const day = page.locator("main table a").first();
  await day.click();
  await page.waitForURL(/\/payments\?/);
  assert.ok((await rows(page)) >= 1);
  await page.click("nav >> text=Deposits");
  await page.click('main a[href*="/deposits/"] >> nth=0');
  assert.match(await page.innerText("main"), /lines match/);
  step("a day leads to its payments, and a deposit to its lines");
  await page.context().close();
}

async function checkWithoutScript() {
  const page = await person("Ann Archer", { javaScriptEnabled: false });
  await opened(page, "UM-2019");
  assert.match(await page.innerText("h1"), /\$25\.99/);
  await page.click("nav >> text=Deposits");
  await page.click("nav >> text=Days");
  await page.click("text=Sign out");
  await page.waitForSelector("#merchant");
  step("without JavaScript everything works");
}

async function checkKeyboard() {
  const page = await visitor({ allowed });
  await page.goto(url);
  await page.keyboard.press("Tab");
  await page.keyboard.type(MERCHANT);
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=Who are you?");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/payments$/);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate("document.activeElement.textContent"), "Skip to the content");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.type("UM-2019");
  await page.keyboard.press("Enter");
  await page.waitForURL(/q=UM-2019/);
  await page.focus('.rows a:text-is("UM-2019")');
  await page.keyboard.press("Enter");
  assert.match(await page.innerText("h1"), /\$25\.99/);
  step("the keyboard alone signs in, finds and opens a payment");
}

/** An order that somebody else marked as paid in the store has no payment to look at. */
async function checkStore() {
  for (const [width, theme] of [[360, "dark"], [768, "light"], [1440, "light"]]) {
    const page = await person("Ann Archer", { width, theme, merchant: "170200127" });
    await page.click("text=/^Needs attention/");
    const marked = page.locator("table").filter({ hasText: "a payment that is not Tollgate's" }).locator("tbody tr");
    assert.equal(await marked.count(), 1);
    assert.match(await marked.innerText(), /Nothing was charged/);
    assert.equal(await marked.locator("a, button").count(), 0);
    await look(page, "console-store");
    await page.context().close();
  }
  step("an order that a stranger marked as paid is listed, and nothing was charged");
}

async function checkPrint() {
  const page = await person("Ann Archer");
  await SCREENS.receipt(page);
  await page.emulateMedia({ media: "print" });
  assert.ok(!(await page.locator("nav").first().isVisible()));
  assert.match(await page.innerText("body"), /Test mode/);
  assert.match(await page.innerText("body"), /Umbrella & Sons/);
  step("a receipt prints without what leads elsewhere, and says that it is a test");
}

await launch(program);
await checkFinding();
await checkRoles();
await checkException();
await checkDays();
await checkWithoutScript();
await checkKeyboard();
await checkStore();
await checkPrint();
await checkWeights();
await looks("console", SCREENS, leave);
step("every screen: no violation of axe-core, and nothing is cut off");
await close();
