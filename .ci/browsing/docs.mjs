// The page that describes the API: its first clicks succeed, and it fits a phone.
//
// Usage: docs.mjs CHROMIUM STACK_ORIGIN
import assert from "node:assert/strict";

import { assertFits, close, launch, step, visitor } from "./browse.mjs";

const [program, stack] = process.argv.slice(2);
const TOKEN = "/oauth/access_token";
const PAY = "/v2/orders/order-1001/payments";
const LIST = "/v2/transactions";

await launch(program);
const page = await visitor({ width: 1440, allowed: [stack] });

// What begins with a text. The page has each of its menus twice, so only those that can be seen.
async function press(text) {
  const begins = new RegExp(`^\\s*${text.replace(/[(){}/]/g, "\\$&")}`);
  await page.locator("a:visible, button:visible", { hasText: begins }).first().click();
}

/** The response to a click that requests something. */
async function responseTo(path, text) {
  const response = page.waitForResponse((response) => new URL(response.url()).pathname === path);
  await press(text);
  return await response;
}

/** Its status. */
async function statusOf(path, text) {
  return (await responseTo(path, text)).status();
}

/** From another page, so that the part behind the # is opened. */
async function open(page, part, shown = "h1") {
  await page.goto("about:blank");
  await page.goto(`${stack}/${part}`);
  await page.locator(shown).first().waitFor({ state: "attached" });
}

await open(page, "");
const head = await page.evaluate(() => {
  const icon = document.querySelector("link[rel~=icon]").getAttribute("href");
  return [document.title, document.documentElement.lang, icon];
});
assert.deepEqual(head, ["Tollgate API", "en", "/docs/icon.svg"]);
const [introduction] = (await page.textContent("body")).split("First get an access token");
assert.ok(introduction.includes(stack), "the introduction has the base URL");
step("the root leads to the page, which says what it is about and where");

await open(page, `docs#tag/access-tokens/POST${TOKEN}`);
await press(`Test Request(post ${TOKEN})`);
assert.equal(await statusOf(TOKEN, "Send"), 200);
step("get an access token, send");

await open(page, "docs");
assert.equal(await statusOf(TOKEN, "Authorize"), 200);
await press("Open Group - Payments");
await press("Pay an order");
await press("Test Request(post /v2/orders/{orderId}/payments)");
assert.equal(await statusOf(PAY, "Send"), 200);
step("authorize, pay, send");

await open(page, "docs");
assert.equal(await statusOf(TOKEN, "Authorize"), 200);
await press("Open Group - Transactions");
await press("Search transactions");
await press(`Test Request(get ${LIST})`);
assert.equal((await responseTo(LIST, "Send")).headers()["content-type"], "application/json");
step("authorize, search, send: JSON, not CSV");

const phone = await visitor({ width: 360, allowed: [stack] });
for (const [section, shown] of [
  ["tag/access-tokens", ".property-const"],
  ["tag/errors", ".markdown table"],
]) {
  await open(phone, `docs#${section}`, shown);
  await assertFits(phone, section);
}
step("no horizontal scroll bar on a phone");

await close();
