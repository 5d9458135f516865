// A sample shop, started by the very command that a page of the documentation prints.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

/** The form's words while a payment's outcome is not known. */
export const IN_DOUBT = "Your bank has not said yes yet. Do not pay again; this page keeps looking.";

const trimmed = (text) => text.split("\n").map((line) => line.trim());

/** Starts the shop of a directory as the section of a page says, and fails unless each line that
 * the section quotes is in the shop's files. `places` are what the command is started with, by
 * what it prints. */
export async function startPrinted({ source, title, directory, files, places, port }) {
  const page = readFileSync(source, "utf8");
  const [, section] = page.split(`\n## ${title}\n`);
  const [text] = section.split(/^##/m);
  const paths = readdirSync(directory).sort();
  assert.deepEqual(paths, files);
  const lines = new Set(paths.flatMap((path) => trimmed(readFileSync(join(directory, path), "utf8"))));
  const quoted = [...text.matchAll(/^```js\n(.*?)^```$/gms)].flatMap(([, block]) => trimmed(block));
  assert.ok(quoted.length > 3, "the page quotes the shop");
  assert.deepEqual(quoted.filter((line) => line !== "// …" && !lines.has(line)), [], "lines that the page quotes");

  const [, command] = /^```sh\n([^`]*?node shop\.mjs)\n```$/m.exec(text);
  const free = await freePort();
  const replaced = Object.entries({ ...places, [`PORT=${port}`]: `PORT=${free}` });
  const started = replaced.reduce((text, [from, to]) => {
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
  return `http://127.0.0.1:${free}`;
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

const field = (page, id) => page.frameLocator("#card").locator(`#${id}`);

/** The last field is not left: that is up to the click on Pay. */
export async function typeCard(page, number, code = "112") {
  await field(page, "ccnumfield").fill(number);
  await field(page, "ccexpiryfieldmonth").fill("10");
  await field(page, "ccexpiryfieldyear").fill("2031");
  await field(page, "cccvvfield").fill(code);
}

/** Waits for the words below the form. */
export const comesTo = (page, text) => page.locator("#result", { hasText: text }).waitFor();

/** No request has one of these texts. */
export function assertWithout(requests, secrets) {
  for (const request of requests) {
    const text = `${request.url()} ${request.postData()}`;
    assert.ok(!secrets.some((secret) => text.includes(secret)), text);
  }
}
