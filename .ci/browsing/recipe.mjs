// The checkout of docs/samples/checkout, started by the command that docs/cards.md prints. Every
// line that the page quotes is in the checkout's files.
//
// Usage: recipe.mjs CHROMIUM STACK_ORIGIN PAGE DIRECTORY
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

import { close, expectError, launch, look, step, visitor } from "./browse.mjs";
import { AMEX, NO_FUNDS, VISA, WRONG_DIGIT, stackAt } from "./stack.mjs";

const [program, stack, source, directory] = process.argv.slice(2);
const IN_DOUBT = "Your bank has not said yes yet. Do not pay again; this page keeps looking.";
const CHECK = "Please check the card number, the expiry date and the security code.";

const printed = readFileSync(source, "utf8");
const files = readdirSync(directory).sort();
assert.deepEqual(files, ["page.html", "page.js", "shop.mjs"]);
const trimmed = (text) => text.split("\n").map((line) => line.trim());
const lines = new Set(files.flatMap((file) => trimmed(readFileSync(join(directory, file), "utf8"))));
const [, section] = /^## A checkout to copy\n(.*?)^##/ms.exec(printed);
const quoted = [...section.matchAll(/^```js\n(.*?)^```$/gms)].flatMap(([, block]) => trimmed(block));
assert.ok(quoted.length > 5);
assert.deepEqual(quoted.filter((line) => line !== "// …" && !lines.has(line)), [], "lines that the page quotes");

const { simulator, advance, approved, loseTheResponse, stop } = await stackAt(stack);
const [, command] = /^```sh\n(.*?node shop\.mjs)\n```$/ms.exec(printed);
const port = await new Promise((resolve) => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});
const ports = { "http://127.0.0.1:3000": stack, "http://127.0.0.1:3001": simulator, "PORT=8080": `PORT=${port}` };
const started = Object.entries(ports).reduce((text, [from, to]) => {
  assert.ok(text.includes(from), `the command has ${from}`);
  return text.replace(from, to);
}, command);
// In a process group of its own, however the shell runs the last command.
const server = spawn("bash", ["-c", started], { cwd: directory, detached: true, stdio: ["ignore", "pipe", "inherit"] });
process.on("SIGTERM", () => process.exit(1));
process.on("exit", () => process.kill(-server.pid));
await new Promise((resolve) => server.stdout.once("data", resolve));
server.unref();
server.stdout.unref();
const shop = `http://127.0.0.1:${port}`;

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
/** The last field is not left: that is up to the click on Pay. */
async function type(page, number, code = "112") {
  await field(page, "ccnumfield").fill(number);
  await field(page, "ccexpiryfieldmonth").fill("10");
  await field(page, "ccexpiryfieldyear").fill("2031");
  await field(page, "cccvvfield").fill(code);
}
const pay = (page) => page.click("#pay");
const comesTo = (page, text) => page.locator("#result", { hasText: text }).waitFor();

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
await field(phone, "ccnumfield").fill(VISA);
await field(phone, "ccnumfield").blur();
await phone.waitForFunction(() => attempt);
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
for (const request of sent) {
  const text = `${request.url()} ${request.postData()}`;
  assert.ok(![VISA, AMEX, NO_FUNDS, '"7391"', '"112"'].some((secret) => text.includes(secret)), text);
}
step("no card number and no security code is in any request to the shop or to Tollgate");
