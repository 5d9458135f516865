// A local stack and its simulator, as tests read them without the browser.
import assert from "node:assert/strict";

export const VISA = "4788250000121443";
export const WRONG_DIGIT = "4788250000121444";
export const AMEX = "371449635398431";
export const NO_FUNDS = "4387751111111053";

const get = async (url) => (await fetch(url)).json();

async function send(url, body, { method = "POST", headers = {} } = {}) {
  const sent = { method, headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) };
  const response = await fetch(url, sent);
  assert.ok(response.ok, `${url}: ${response.status}`);
}

/** The stack at an origin. */
export async function stackAt(origin) {
  const about = await get(`${origin}/_local`);
  const control = about.cardpointe_control;

  const advance = (seconds) => send(`${origin}/_local/clock`, { advance_s: seconds });

  /** How many payments the gateway has approved. */
  async function approved() {
    const records = await get(`${control}/transactions`);
    return records.filter(({ respstat }) => respstat === "A").length;
  }

  /** The gateway does it, and neither its response nor that of the first inquiry arrives. */
  async function loseTheResponse(endpoint = "auth") {
    await send(`${control}/faults`, { endpoint, fault: "drop_after", times: 1 });
    await send(`${control}/faults`, { endpoint: "inquireByOrderid", fault: "status", status: 503, times: 1 });
  }

  /** The headers of a merchant's own system. */
  async function headersOf({ client_id, client_secret }) {
    const form = new URLSearchParams({ grant_type: "client_credentials", client_id, client_secret });
    const answer = await fetch(`${origin}/oauth/access_token`, { method: "POST", body: form });
    return { Authorization: `Bearer ${(await answer.json()).access_token}` };
  }

  /** Stops payments or starts them again, as the merchant, and once it is in force. */
  async function stop(stopped) {
    const headers = await headersOf(about.merchants[0]);
    const data = { stopped, actor: "Ann Lee", reason: "tried in a browser" };
    await send(`${origin}/v2/stop`, { data }, { method: "PUT", headers });
    await advance(16);
  }

  /** Holds an amount for an order of a merchant whose orders live elsewhere. */
  async function authorize(merchant, order, amount) {
    const headers = await headersOf(about.merchants.find(({ client_id }) => client_id === merchant));
    const card = { number: VISA, month: "10", year: "2039", verification_value: "123", first_name: "Mary", last_name: "Major" };
    const data = { gateway: "card_connect", method: "authorize", amount, currency: "USD", ...card };
    await send(`${origin}/v2/orders/${order}/payments`, { data }, { headers });
  }

  return { about, simulator: new URL(control).origin, advance, approved, headersOf, loseTheResponse, stop, authorize };
}
