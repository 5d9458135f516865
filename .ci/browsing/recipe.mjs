// The checkout of docs/samples/checkout, started by the command that docs/cards.md prints. Every
// line that the page quotes is in the checkout's files.
//
// Usage: recipe.mjs CHROMIUM STACK_ORIGIN PAGE DIRECTORY
import assert from "node:assert/strict";

import { close, expectError, launch, look, step, visitor } from "./browse.mjs";
import { IN_DOUBT, assertWithout, comesTo, startPrinted, typeCard as type } from "./printed.mjs";
import { AMEX, NO_FUNDS, VISA, WRONG_DIGIT, stackAt } from "./stack.mjs";

const [program, stack, source, directory] = process.argv.slice(2);
const CHECK = "Please check the card number, the expiry date and the security code.";

const { simulator, advance, approved, loseTheResponse, stop } = await stackAt(stack);
const shop = await startPrinted({
  source,
  title: "A checkout to copy",
  directory,
  files: ["form.js", "page.css", "page.html", "page.js", "shop.mjs"],
  places: { "http://127.0.0.1:3000": stack, "http://127.0.0.1:3001": simulator },
  port: 8080,
});

const before = await approved();
async function assertPaid(times) {
  assert.equal((await approved()) - before, times, "payments");
}

const requests = [];
async function shopper(width, theme) {
  const page = await visitor({ width, theme, allowed: [shop, stack, simulator] });
  page.on("request", (request) => requests.push(request));
  await page.goto(shop);
  return page;
}

const field = (page, id) => page.frameLocator("#card").locator(`#${id}`);
const pay = (page) => page.click("#pay");

// Declines of earlier runs on this stack count for an hour.
await advance(3600);
await launch(program);
const phone = await shopper(360, "light");
expectError(phone, /status of 400 .*\/payments$/);
await type(phone, NO_FUNDS);
await look(phone, "recipe-filled-in");
await pay(phone);
await comesTo(phone, "The card's account does not hold the amount. Please use another card.");
await look(phone, "recipe-declined");
step("the shop of the samples shows a decline, and asks for another card");

await type(phone, VISA);
await pay(phone);
await comesTo(phone, "Paid $25.99 with Visa ending in 1443. Thank you.");
await look(phone, "recipe-paid");
await phone.reload();
await comesTo(phone, "This order is paid already. Thank you.");
await assertPaid(1);
step("another card pays the same order, which is paid after a reload, too");

await phone.click("text=Buy another umbrella");
await type(phone, WRONG_DIGIT);
await pay(phone);
await comesTo(phone, CHECK);
await look(phone, "recipe-wrong");
const tokenized = phone.evaluate(
  () => new Promise((done) => addEventListener("message", ({ data }) => JSON.parse(data).message && done())),
);
await field(phone, "ccnumfield").fill(VISA);
await field(phone, "ccnumfield").blur();
await tokenized;
await field(phone, "cccvvfield").fill("7");
await pay(phone);
await comesTo(phone, CHECK);
const token = JSON.stringify({ message: "9477709629051443", expiry: "203110" });
await phone.evaluate((token) => postMessage(token, "*"), token);
await pay(phone);
await comesTo(phone, CHECK);
await assertPaid(1);
step("no card is charged that is wrong, was changed, or comes from another page");

await type(phone, VISA);
await phone.route("**/payments", async (route) => void (await route.fetch(), await route.abort()), { times: 1 });
expectError(phone, /ERR_FAILED .*\/payments$/);
await pay(phone);
await comesTo(phone, "Press Pay again: you are charged only once.");
await look(phone, "recipe-unclear");
await phone.evaluate(() => ["pay", "pay"].forEach((id) => document.getElementById(id).click()));
await comesTo(phone, "Paid $25.99 with Visa ending in 1443.");
await assertPaid(2);
step("a payment that is repeated, with two clicks at once, is made once");

const desk = await shopper(1440, "dark");
await loseTheResponse();
await type(desk, AMEX, "7391");
await pay(desk);
await comesTo(desk, IN_DOUBT);
await look(desk, "recipe-in-doubt");
const other = await desk.context().newPage();
await other.goto(shop);
await type(other, VISA);
await pay(other);
await comesTo(other, "This order is paid, or a payment is being checked. Please do not pay again.");
await other.close();
// No inquiry is sent earlier.
await advance(31);
await comesTo(desk, "Paid $25.99 with American Express ending in 8431.");
await assertPaid(3);
step("a payment in doubt is paid once, also if another window pays meanwhile");

const last = await shopper(360, "dark");
expectError(last, /status of 503 .*\/payments$/);
await type(last, VISA);
await stop(true);
await pay(last);
await comesTo(last, "This shop takes no payments at the moment.");
assert.equal(await last.locator("button:visible").count(), 0);
await look(last, "recipe-stopped");
await assertPaid(3);
step("stopped payments have words of their own, and no button");

await close();
const sent = requests.filter((request) => !request.url().startsWith(simulator));
assert.ok(sent.some((request) => request.url().endsWith("/payments")));
assertWithout(sent, [VISA, AMEX, NO_FUNDS, '"7391"', '"112"']);
step("no card number and no security code is in any request to the shop or to Tollgate");
