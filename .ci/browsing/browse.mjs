// Drives Debian's Chromium. A page that reports an error, breaks its own policy, or requests
// something from an origin that it was not allowed fails the run at the next step.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import axe from "axe-core";
import { chromium } from "playwright-core";

export const WIDTHS = [360, 768, 1440];
/** Heights of windows of these widths. */
const HEIGHTS = { 360: 740, 768: 1024, 1440: 900 };
/** Most rows of the bar above a page. */
const BAR_ROWS_MAX = 2;
export const THEMES = ["light", "dark"];

let browser;
const complaints = [];
const expected = new WeakMap();

export async function launch(program) {
  browser = await chromium.launch({ executablePath: program });
}

export async function close() {
  await browser.close();
  assertNoComplaints();
}

// A page in a browser context of its own. `allowed` are the origins that it may request something
// from.
export async function visitor({ width = 768, theme = "light", javaScriptEnabled = true, allowed }) {
  const context = await browser.newContext({
    viewport: { width, height: HEIGHTS[width] ?? 900 },
    colorScheme: theme,
    javaScriptEnabled,
  });
  const page = await context.newPage();
  expected.set(page, []);
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (/^(https?|wss?):$/.test(protocol) && !allowed.includes(origin)) {
      complaints.push(`request to ${request.url()}`);
    }
  });
  page.on("websocket", (socket) => complaints.push(`socket to ${socket.url()}`));
  page.on("pageerror", (error) => complaints.push(error.stack));
  // Chromium reports violations of a content security policy here, too, and those of frames.
  page.on("console", (message) => {
    const text = `${message.text()} ${message.location().url}`;
    if (message.type() === "error" && !expected.get(page).some((pattern) => pattern.test(text))) {
      complaints.push(text);
    }
  });
  return page;
}

// From here on, the page may report errors like this one, such as `/status of 400 .*\/payments$/`.
export function expectError(page, pattern) {
  expected.get(page).push(pattern);
}

/** Prints what was shown to work, unless a page has complained since. */
export function step(text) {
  assertNoComplaints();
  console.log(`ok ${text}`);
}

function assertNoComplaints() {
  assert.equal(complaints.length, 0, `the browser complains:\n${complaints.join("\n")}`);
}

/** No violation of a rule of axe-core, in the page and all its frames. */
export async function assertAccessible(page, name) {
  const parts = await partsOf(page.mainFrame());
  const { violations } = await page.evaluate((parts) => axe.finishRun(parts, {}), parts);
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" → ")}\n${failureSummary}`),
  );
  assert.equal(found.length, 0, `${name} is not accessible:\n${found.join("\n\n")}`);
}

// Each frame is checked from outside and the parts are put together after that: in a page, axe-core
// would reach frames only by messages, which the page would take for the frame's.
async function partsOf(frame, context) {
  // Evaluated, not added as a script, which the page's policy would refuse.
  await frame.evaluate(axe.source);
  const children = await frame.evaluate((of) => axe.utils.getFrameContexts(of ?? document), context);
  const parts = [await frame.evaluate((of) => axe.runPartial(of ?? document, {}), context)];
  for (const { frameSelector, frameContext } of children) {
    const element = await frame.evaluateHandle((at) => axe.utils.shadowSelect(at), frameSelector);
    parts.push(...(await partsOf(await element.contentFrame(), frameContext)));
  }
  return parts;
}

/** The page must not be wider than the window. */
export async function assertFits(page, name) {
  const [needed, width] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return [scrollWidth, clientWidth];
  });
  assert.ok(needed <= width, `${name} needs ${needed} px and has ${width}`);
}

/** The bar takes few rows, and a page's list begins on the first screen. */
async function assertBegins(page, name) {
  const [bar, list, height] = await page.evaluate(() => {
    const parts = [...document.querySelectorAll(".bar > *, .bar nav > *")];
    const tops = parts.map((part) => Math.round(part.getBoundingClientRect().top));
    const row = document.querySelector("tbody tr");
    return [new Set(tops).size, row?.getBoundingClientRect().top ?? 0, innerHeight];
  });
  assert.ok(bar <= BAR_ROWS_MAX, `the bar of ${name} has ${bar} rows`);
  assert.ok(list < height, `the first row of ${name} begins at ${list} px of ${height}`);
}

/** On paper, nothing is left that leads elsewhere or sends something. */
export async function assertPrints(page, name) {
  await page.emulateMedia({ media: "print" });
  const controls = await page.locator("button, input, textarea, nav, .button").filter({ visible: true }).count();
  await page.emulateMedia({ media: null });
  assert.equal(controls, 0, `${name} prints ${controls} controls`);
}

// Keeps the whole page and its first screen as images, in the directory `PICTURES` if that is set.
export async function picture(page, name) {
  const { PICTURES } = process.env;
  if (PICTURES) {
    mkdirSync(PICTURES, { recursive: true });
    await page.screenshot({ path: join(PICTURES, `${name}-first.png`) });
    await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
  }
}

// A page that fits, is accessible, begins with its content, and is kept as images, named by width
// and theme.
export async function look(page, name) {
  const { width } = page.viewportSize();
  const isDark = await page.evaluate(() => matchMedia("(prefers-color-scheme: dark)").matches);
  const shown = `${name}-${width}-${isDark ? "dark" : "light"}`;
  await assertFits(page, shown);
  await assertBegins(page, shown);
  await assertAccessible(page, shown);
  await picture(page, shown);
}
