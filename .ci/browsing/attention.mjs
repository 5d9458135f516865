// Three tasks of support, by nothing but the words that are to be seen: a dispute that was
// answered, a payment whose outcome the gateway does not state, and a decline.
//
// Settling changes the sample month for good, so another width needs another stack.
//
// Usage: attention.mjs CHROMIUM STACK_ORIGIN WIDTH
import assert from "node:assert/strict";

import { close, launch, look, step } from "./browse.mjs";
import { consoleAt } from "./people.mjs";

const [program, origin, stated] = process.argv.slice(2);
const width = Number(stated);
const { counted, person } = await consoleAt(origin);

const text = (page) => page.innerText("main");

/** The row of an order below a cause. */
const row = (page, cause, order) =>
  page.locator("table").filter({ hasText: cause }).locator("tr").filter({ hasText: order });

async function settleDispute() {
  const { page, click, enter, done } = await counted(/Ann Archer/, width);
  await click(/^Needs attention/);
  await click(/^Mark as seen$/, row(page, "took the money back", "UM-2011"));
  await page.waitForSelector("text=Mark as seen UM-2011");
  await enter("Reason", "Answered, the case is lost");
  await click(/^Mark as seen$/);
  await page.waitForSelector("text=Ann Archer marked as seen");
  assert.match(await text(page), /marked as seen: The cardholder's bank took the money back\. Answered, the case is lost/);
  await click(/^Needs attention/);
  await page.waitForSelector("h1:text-is('Needs attention')");
  assert.equal(await row(page, "took the money back", "UM-2011").count(), 0);
  await done("a dispute that was answered leaves the list");
}

async function decideDoubt() {
  const { page, click, enter, done } = await counted(/Eve Evans/, width);
  await click(/^Needs attention/);
  await click(/^Decide$/, row(page, "not known yet", "UM-2014"));
  await page.waitForSelector("text=Decide UM-2014");
  await click(/The gateway did not do it/);
  await enter("Reason", "Not in the portal");
  await click(/^Go on$/);
  await click(/^Decide: not done$/);
  await page.waitForSelector("text=Eve Evans decided");
  assert.match(await text(page), /decided that the \w+ of \$135\.00 was not done: Not in the portal/);
  await done("a payment in doubt is decided");
}

/** A reason of *Days* leads to its payments, and a payment to what the customer is told. */
async function answerCustomer() {
  const { page, click, done } = await counted(/Ann Archer/, width);
  await click(/^Days$/);
  await click(/^Year$/);
  await click(/^Insufficient funds$/);
  await page.waitForSelector("text=Declined: insufficient funds");
  await click(/^UM-/);
  await page.waitForSelector("text=What to tell the customer");
  assert.match(await text(page), /Please use another card, or try again another day\./);
  assert.match(await text(page), /What you may do/);
  await done("a decline says what to tell the customer");
}

/** What somebody is told who may not settle it. */
async function checkRoles() {
  const page = await person("Rob Reyes");
  await page.click("nav >> text=Needs attention");
  assert.match(await text(page), /Somebody with the role operate can mark it as seen/);
  await page.click("text=Somebody with the role all can decide it");
  assert.match(await page.inputValue("#link"), /^tollgate payment resolve .* -- \d+ 'UM-2014' [0-9a-f-]+$/);
  assert.equal(await page.locator("main form").count(), 0);
  await look(page, "attention-decide-others");
  step("finance is told who can settle it");
  await page.context().close();
}

await launch(program);
await checkRoles();
await answerCustomer();
await settleDispute();
await decideDoubt();
await close();
