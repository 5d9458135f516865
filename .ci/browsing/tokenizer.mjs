// The simulator's hosted tokenizer, framed by a page of another origin: types, and compares
// messages.
//
// Usage: tokenizer.mjs CHROMIUM SIMULATOR_ORIGIN
import assert from "node:assert/strict";
import { createServer } from "node:http";

import { THEMES, assertAccessible, close, launch, picture, step, visitor } from "./browse.mjs";

const [program, simulator] = process.argv.slice(2);

// The shop around the frame: keeps every message that the frame sends, with its origin.
const PAGE = (query) => `<!doctype html><html lang="en"><title>Shop</title>
<style>:root { color-scheme: light dark }</style><main><h1>Shop</h1>
<iframe id="card" title="Card" width="600" height="300"
  src="${simulator}/itoke/ajax-tokenizer.html?${new URLSearchParams(query)}"></iframe></main>
<script>const got = []; addEventListener("message", ({ origin, data }) => got.push({ origin, ...JSON.parse(data) }));</script>`;

let query;
const server = createServer((_, response) => response.setHeader("Content-Type", "text/html").end(PAGE(query)));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const shop = `http://127.0.0.1:${server.address().port}`;

await launch(program);
const page = await visitor({ allowed: [shop, simulator] });
const field = (id) => page.frameLocator("#card").locator(`#${id}`);

/** Opens the frame and types; a tab leads to the next field. */
async function typed(parameters, ...keys) {
  query = parameters;
  await page.goto(shop);
  await field("ccnumfield").click();
  for (const key of keys) {
    await page.keyboard.insertText(key);
    await page.keyboard.press("Tab");
  }
}

/** The frame's messages, once there are so many. */
async function messages(count = 1) {
  await page.waitForFunction((count) => got.length >= count, count);
  const got = await page.evaluate("got");
  assert.ok(got.every(({ origin }) => origin === simulator));
  return got.map(({ origin, ...message }) => message);
}

await typed({}, "4111111111111111");
assert.deepEqual(await messages(), [{ message: "9418594164541111" }]);
step("a typed card becomes a token");

await typed({ tokenpropname: "mytoken", enhancedresponse: true, invalidinputevent: true }, "4111111111111112");
const [wrong] = await messages();
assert.equal(wrong.mytoken, "");
assert.ok(wrong.validationError);
step("a wrong number is told, without a token");

await typed({ enhancedresponse: true }, "053000196/15378535");
const token = "9051769384108535";
assert.deepEqual(await messages(), [{ message: token, token, errorCode: "0", errorMessage: "" }]);
step("a checking account becomes a token");

const year = new Date().getUTCFullYear() + 2;
const EXPIRY = { useexpiry: true, useexpiryfield: true };
const css = "input{color:red;position:fixed;background:url(/x);color-scheme:dark}";
const request = page.waitForRequest(/\/tokenize$/);
await typed({ ...EXPIRY, usecvv: true, css }, "4788250000121443", "09", String(year), "112");
// Sent once all fields are filled in, and not earlier.
const sent = { account: "4788250000121443", expiry: `${year}09`, cvv: "112" };
assert.deepEqual((await request).postDataJSON(), sent);
assert.deepEqual(await messages(), [{ message: "9477709629051443", expiry: `${year}09` }]);
step("expiry and CVV go along, and the shop sees only the expiry");

await field("cccvvfield").press("1");
const all = await page.frameLocator("#card").locator("input").evaluateAll((all) => all.map(({ value }) => value));
assert.deepEqual(all, ["", "", "", ""]);
step("after its token, a form that is changed is empty");

const shown = await field("ccnumfield").evaluate((element) => {
  const { color, position, backgroundImage, colorScheme } = getComputedStyle(element);
  return [color, position, backgroundImage, colorScheme];
});
assert.deepEqual(shown, ["rgb(255, 0, 0)", "static", "none", "normal"]);
step("styles, but only the listed ones");

const fault = { endpoint: "tokenize", fault: "delay", delay_ms: 2000 };
await fetch(`${simulator}/_simulator/faults`, { method: "POST", body: JSON.stringify(fault) });
const delayed = page.waitForResponse(/\/tokenize$/);
await typed(EXPIRY, "4788250000121443", "09", String(year));
// Back into the year, which is replaced while its token is on the way, first by a half of one.
await page.keyboard.press("Shift+Tab");
await page.keyboard.insertText("20");
await page.keyboard.press("Tab");
await (await delayed).finished();
await page.keyboard.press("Shift+Tab");
await page.keyboard.insertText(String(year + 1));
await page.keyboard.press("Tab");
await page.waitForFunction((expiry) => got.at(-1)?.expiry === expiry, `${year + 1}09`);
const expiries = (await messages()).map(({ expiry }) => expiry);
assert.ok(expiries.every((expiry) => [`${year}09`, `${year + 1}09`].includes(expiry)), `${expiries}`);
step("a token comes with the expiry date that was tokenized");

query = { tokenizewheninactive: true, inactivityto: 50, sendcardtypingevent: true };
await page.goto(shop);
await field("ccnumfield").click();
await page.keyboard.insertText("4242424242424242");
assert.deepEqual(await messages(3), [
  { cardTyping: true },
  { cardTyping: false },
  { message: "9422925921134242" },
]);
step("without leaving the field, after a pause");

// The settings of shops, and the look of a shop with a dark mode. The vendor's ids differ between
// fields and selects.
const STYLE = `#ccnumfield,#cccvvfield{display:block;box-sizing:border-box;width:100%;padding:8px}
  label{display:block} br{display:none} .error{border-color:#d00} input:focus{box-shadow:0 0 0 2px blue}
  @media(prefers-color-scheme:dark){body{background:#222;color:#eee} input,select{background:#333;color:#eee}}`;
const BOTH = { useexpiry: true, usecvv: true };
const LOOKS = {
  number: [{}, "ccnumfield"],
  selects: [BOTH, "cccardlabel ccnumfield ccexpirylabel ccexpirymonth ccexpiryyear cccvvlabel cccvvfield"],
  fields: [
    { ...BOTH, useexpiryfield: true },
    "cccardlabel ccnumfield ccexpirylabel ccexpiryfieldmonth ccexpiryfieldyear cccvvlabel cccvvfield",
  ],
};
for (const theme of THEMES) {
  const viewer = await visitor({ theme, allowed: [shop, simulator] });
  const inside = viewer.frameLocator("#card");
  for (const [name, [parameters, ids]] of Object.entries(LOOKS)) {
    for (const css of ["", STYLE]) {
      query = { ...parameters, css };
      await viewer.goto(shop);
      await inside.locator("#ccnumfield").fill("4111111111111112");
      await inside.locator("#ccnumfield").blur();
      const found = await inside.locator("#tokenform > [id]").evaluateAll((all) => all.map(({ id }) => id));
      assert.equal(found.join(" "), ids);
      await picture(viewer, `tokenizer-${name}-${css ? "styled" : "bare"}-${theme}`);
      await assertAccessible(viewer, `${name} ${theme} ${css}`);
    }
  }
  const colors = await inside.locator("#ccnumfield.error").evaluate((element) => {
    const { backgroundColor, borderTopColor, display } = getComputedStyle(element);
    return [backgroundColor, borderTopColor, display];
  });
  const ground = theme === "dark" ? "rgb(51, 51, 51)" : "rgb(255, 255, 255)";
  assert.deepEqual(colors, [ground, "rgb(221, 0, 0)", "block"]);
}
step("bare or styled, light or dark, each field has its id and its name, and axe-core finds nothing");

await close();
server.close();
