// Two tasks of finance in the console of the local stack, by nothing but the words that are to be
// seen: whether Tuesday's deposit is complete, and a month that ties out.
//
// Usage: finance.mjs CHROMIUM STACK_ORIGIN
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { close, launch } from "./browse.mjs";
import { consoleAt } from "./people.mjs";

const [program, origin] = process.argv.slice(2);
const { counted } = await consoleAt(origin);

const ZONE = "America/New_York";

/** `Tue, Nov 24`: the last Tuesday that is over. */
function lastTuesday() {
  const shown = (options) => (day) => new Intl.DateTimeFormat("en-US", { timeZone: ZONE, ...options }).format(day);
  const weekday = shown({ weekday: "short" });
  const days = [1, 2, 3, 4, 5, 6, 7].map((ago) => new Date(Date.now() - ago * 86_400_000));
  return shown({ weekday: "short", month: "short", day: "numeric" })(days.find((day) => weekday(day) === "Tue"));
}

async function checkDeposit(width) {
  const { page, click, done } = await counted(/Rob Reyes/, width);
  await click(/^Deposits/);
  await click(lastTuesday());
  const text = await page.innerText("main");
  const [, matched, lines] = /(\d+) of (\d+) lines match/.exec(text);
  assert.match(text, /batch \S+ of \w{3}, \w{3} \d+/);
  assert.ok(matched === lines || /Does not fit/.test(text), text);
  await done("Tuesday's deposit says whether it is complete");
}

/** The cells of a file's rows by the names of its columns. No cell of these has a comma. */
function table(text) {
  const [heading, ...lines] = text.replace(/^\uFEFF/, "").trim().split(/\r?\n/);
  const names = heading.split(",");
  return lines.map((line) => Object.fromEntries(line.split(",").map((cell, place) => [names[place], cell.replace(/^"?'?|"$/g, "")])));
}

/** The sum of a column in cents. */
const cents = (rows, figure) => rows.reduce((sum, row) => sum + Math.round(Number(row[figure] || 0) * 100), 0);

/** An amount on the page, in cents. */
const shownCents = (text) => Math.round(Number(text.replace("−", "-").replace(/[^\d.-]/g, "")) * 100);

// The file of the month that is shown adds up to the cent, as its page says; its difference in
// cents.
async function checkFile(page, click) {
  const download = page.waitForEvent("download");
  await click(/^Download movements$/);
  const rows = table(await readFile(await (await download).path(), "utf8"));
  const text = await page.innerText("main");
  // The payments of the last 30 days can all be in one month.
  if (/There are no movements and no deposits/.test(text)) {
    assert.deepEqual(rows, []);
    return 0;
  }
  const sum = (...figures) => figures.reduce((all, figure) => all + cents(rows, figure), 0);
  const moved = sum("moved");
  assert.equal(sum("taken", "given_back", "recorded_only", "duplicates", "undone", "customer_fees"), moved);
  assert.equal(sum("in_deposit", "settled", "on_the_way", "exception", "refused", "voided"), moved);
  assert.equal(sum("in_deposit", "difference"), sum("lines", "arrived_before", "arrived_after"));
  const lines = sum("lines", "lines_before", "lines_after", "lines_not_ours");
  assert.equal(lines + sum("fees", "chargebacks", "adjustments", "deposits_differ"), sum("net"));
  for (const [name, figure] of [["At the gateway", "at_gateway"], ["Net that arrived", "net"]]) {
    const row = page.locator("tr", { hasText: name }).first();
    assert.equal(shownCents(await row.locator("td").last().innerText()), sum(figure), name);
  }
  assert.equal(/ties out/.test(text), sum("difference") === 0, text);
  assert.equal(/UM-2012/.test(text), sum("difference") === -1, "a cent of UM-2012 is missing");
  return sum("difference");
}

async function checkMonth(width) {
  const { page, click, done } = await counted(/Rob Reyes/, width);
  await click(/^Month$/);
  const differences = [await checkFile(page, click)];
  const [year, month] = new Intl.DateTimeFormat("en-CA", { timeZone: ZONE }).format(new Date()).split("-");
  const before = new Date(Date.UTC(year, month - 2, 1));
  await click(new Intl.DateTimeFormat("en-US", { timeZone: "UTC", month: "long", year: "numeric" }).format(before));
  await page.waitForURL(/month=/);
  differences.push(await checkFile(page, click));
  assert.deepEqual(differences.sort(), [-1, 0]);
  await done("last month's file and this month's add up to the cent, as their pages say");
}

await launch(program);
for (const width of [1440, 360]) {
  await checkDeposit(width);
  await checkMonth(width);
}
await close();
