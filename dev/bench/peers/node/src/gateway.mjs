// CardConnect's CardPointe gateway: its `auth` endpoint.
import http from 'node:http';
import https from 'node:https';
import { json } from 'node:stream/consumers';
import { send } from './http-client.mjs';
import { decimal } from './money.mjs';

/** Shorter than the function may take, so that there is time to write down that the answer is missing. */
const LIMIT_MS = 20_000;

// Connections are kept, but not for long: a sandbox that was frozen thaws with connections that are long dead, and what is sent
// into one has an unknown outcome.
const keep = { keepAlive: true, timeout: 5_000 };
const agents = { http: new http.Agent(keep), https: new https.Agent(keep) };

// Nothing was sent: there was no connection.
const NOT_SENT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];

/**
 * Asks for a payment, once. Answers what is kept of it, with `result`: approved, declined, unknown, or not_sent, which is
 * certain to have moved nothing.
 */
export async function auth(merchant, transaction, { currency, capture, orderId, reference, description, source }) {
  const body = {
    merchid: merchant.gateway.merchids[currency],
    orderid: transaction.gateway_order_id,
    amount: decimal(transaction.amount),
    currency,
    capture: capture ? 'Y' : 'N',
    ecomind: 'E',
    ...source,
    userfields: [
      { order_id: orderId },
      ...(reference ? [{ reference }] : []),
      ...(description ? [{ description: ascii(description, 255) }] : []),
    ],
  };
  let answer;
  try {
    answer = await put(merchant, body);
  } catch (error) {
    return { result: NOT_SENT.includes(error.code) ? 'not_sent' : 'unknown' };
  }
  return answer ? { result: resultOf(answer), ...keptOf(answer) } : { result: 'unknown' };
}

/** The gateway's answer; undefined if it is not one. */
async function put({ gateway }, body) {
  const { baseUrl, authorization } = gateway;
  const options = {
    method: 'PUT',
    headers: { authorization, 'content-type': 'application/json' },
    agent: baseUrl.startsWith('https:') ? agents.https : agents.http,
    signal: AbortSignal.timeout(LIMIT_MS),
  };
  const response = await send(`${baseUrl}/auth`, options, JSON.stringify(body));
  if (response.statusCode === 200) return json(response);
  response.resume();
  return undefined;
}

function resultOf({ respstat, respproc, respcode }) {
  if (respstat === 'A') return 'approved';
  // The gateway's own time-out: the processor may have done it.
  const isDoubtful = respproc === 'PPS' && respcode === '62';
  return ['B', 'C'].includes(respstat) && !isDoubtful ? 'declined' : 'unknown';
}

function keptOf({ retref, authcode, respproc, respcode, avsresp, cvvresp, amount, token, profileid, acctid }) {
  return {
    retref,
    authcode,
    respproc,
    respcode,
    avs: avsresp?.trim() || undefined,
    cvv: cvvresp?.trim() || undefined,
    approved: amount,
    // A CardSecure token starts with 9, which no card number does. Anything else in its place is not kept.
    token: /^9\d{15}$/.test(token) ? token : undefined,
    profile: profileid,
    account: acctid,
  };
}

/** The gateway takes US-ASCII and short texts. */
export function ascii(text, max) {
  const plain = (text ?? '').trim().replace(/[^ -~]/gu, '?');
  return plain.slice(0, max) || undefined;
}
