// The body of a purchase, checked once and turned into what the gateway is sent.
import { ApiError } from './api-error.mjs';
import { brandOf, isCurrent, isSecurityCode, parseCardNumber } from './card.mjs';
import { ascii } from './gateway.mjs';
import { isObject, jsonBody } from './http.mjs';

const AMOUNT_MAX = 99_999_999_999;
const CARD_MEMBERS = ['first_name', 'last_name', 'number', 'month', 'year', 'verification_value'];

const required = (member) => new ApiError(400, 'required', `data.${member} is required`);
const wrong = (member) => new ApiError(400, 'invalid_value', `data.${member} is not valid`);

/** `{ amount, currency, source, card }`: `source` for the gateway and nobody else, `card` what may be kept of it. */
export function parsePurchase(event) {
  const { data } = jsonBody(event);
  if (!isObject(data)) throw new ApiError(400, 'required', 'data is required');
  const { gateway, method = 'purchase', amount, currency } = data;
  if (gateway !== 'card_connect') throw new ApiError(422, 'unsupported_gateway', 'data.gateway has to be card_connect');
  if (method !== 'purchase') throw new ApiError(422, 'unsupported_method', 'data.method has to be purchase');
  if (amount !== undefined && !(Number.isInteger(amount) && 0 < amount && amount <= AMOUNT_MAX)) throw wrong('amount');
  if (currency !== undefined && typeof currency !== 'string') throw wrong('currency');
  return { amount, currency, ...(data.payment === undefined ? parseCard(data) : parseStoredCard(data)) };
}

function parseStoredCard(data) {
  if (CARD_MEMBERS.some((member) => data[member] !== undefined)) throw wrong('payment');
  const [, account, profile] = /^(\d{1,3})\|(\d{1,20})$/.exec(data.payment) ?? [];
  if (!account) throw wrong('payment');
  // The gateway wants it the other way round. C: the cardholder is there and pays with a stored card.
  return { source: { profile: `${profile}/${account}`, cof: 'C' }, card: undefined };
}

function parseCard(data) {
  for (const member of CARD_MEMBERS) {
    if (data[member] === undefined || data[member] === '') throw required(member);
    if (typeof data[member] !== 'string') throw wrong(member);
  }
  const parsed = parseCardNumber(data.number);
  if (!parsed) throw wrong('number');
  const { number, brand } = parsed;
  if (!/^(0?[1-9]|1[0-2])$/.test(data.month)) throw wrong('month');
  if (!/^(20)?\d{2}$/.test(data.year)) throw wrong('year');
  const expiry = { month: Number(data.month), year: 2000 + Number(data.year.slice(-2)) };
  if (!isCurrent(expiry)) throw wrong('year');
  if (!isSecurityCode(data.verification_value, brand)) throw wrong('verification_value');

  return {
    source: {
      account: number,
      expiry: data.month.padStart(2, '0') + data.year.slice(-2),
      cvv2: data.verification_value,
      name: ascii(`${data.first_name} ${data.last_name}`, 30),
      ...parseAddress(data.billing_address),
    },
    card: { brand, last_four: number.slice(-4), expiry_month: expiry.month, expiry_year: expiry.year },
  };
}

function parseAddress(address = {}) {
  const members = ['line_1', 'line_2', 'city', 'region', 'postcode', 'country'];
  if (!isObject(address) || members.some((member) => !['string', 'undefined'].includes(typeof address[member]))) {
    throw wrong('billing_address');
  }
  return {
    address: ascii(address.line_1, 30),
    address2: ascii(address.line_2, 30),
    city: ascii(address.city, 30),
    region: ascii(address.region, 20),
    country: ascii(address.country, 2),
    postal: address.postcode?.replace(/[^A-Za-z0-9]/g, '').slice(0, 9) || undefined,
  };
}

/** What the gateway's token tells of a stored card: it is 9, the number's first two digits, others, its last four. */
export function cardOfToken(token) {
  return token && { brand: brandOf(token.slice(1, 3)), last_four: token.slice(-4) };
}
