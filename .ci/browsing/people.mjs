// People of the console of a local stack: how they sign in and find a payment of the sample month.
import assert from "node:assert/strict";

import { THEMES, WIDTHS, assertPrints, expectError, look, step, visitor } from "./browse.mjs";
import { stackAt } from "./stack.mjs";

export const MERCHANT = "170200126";

/** Most clicks and entries of a task, signing in included. */
const ACTS_MAX = 12;

/** The console of the stack at an origin. */
export async function consoleAt(origin) {
  const stack = await stackAt(origin);
  const { console: url, issuer } = stack.about;
  const allowed = [url, new URL(issuer).origin];

  /** Somebody who signs in, by a name of the issuer's page. */
  async function person(name, { merchant = MERCHANT, ...options } = {}) {
    const page = await visitor({ allowed, ...options });
    // A person who is not let in, a refused request, a missing page, and a page after signing out.
    expectError(page, /status of 4(0[134]|22)/);
    await page.goto(url);
    await page.fill("#merchant", merchant);
    await page.click("text=Sign in >> nth=-1");
    await page.click(`a:has-text("${name}")`);
    return page;
  }

  // Somebody at the sign-in page, whose clicks and entries are counted, by nothing but words that
  // are to be seen.
  async function counted(name, width) {
    const page = await visitor({ width, allowed });
    await page.goto(url);
    let acts = 0;
    const click = async (words, within = page) => {
      acts += 1;
      await within.locator("a, button, label").filter({ hasText: words, visible: true }).first().click();
    };
    const enter = async (label, value) => {
      acts += 1;
      await page.getByLabel(label).first().fill(value);
    };
    await enter("Merchant", MERCHANT);
    await click(/^Sign in$/);
    await click(name);
    const done = async (what) => {
      assert.ok(acts <= ACTS_MAX, `it took ${acts} clicks and entries`);
      step(`${what}, at ${width} px, with ${acts} clicks and entries`);
      await page.context().close();
    };
    return { page, click, enter, done };
  }

  /** Opens a payment by its order. */
  async function opened(page, order) {
    await page.goto(`${url}/${MERCHANT}/payments?q=${order}`);
    await page.click(`.rows a:text-is("${order}")`);
    await page.waitForSelector("h1");
  }

  // Looks at screens as Ann, each by its name and the way to it, at each width and in both themes.
  async function looks(part, screens, then = () => {}) {
    for (const width of WIDTHS) {
      for (const theme of THEMES) {
        const page = await person("Ann Archer", { width, theme });
        for (const [name, go] of Object.entries(screens)) {
          await go(page);
          await page.waitForSelector("h1");
          await look(page, `${part}-${name}`);
          await assertPrints(page, `${name} at ${width} px`);
        }
        await then(page);
        await page.context().close();
      }
    }
  }

  return { stack, url, allowed, person, counted, opened, looks };
}
