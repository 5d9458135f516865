// The body of an authorization in the credit-card API, checked once and turned into what the gateway is sent.
import { ApiError } from './api-error.mjs';
import { isCurrent, isSecurityCode, parseCardNumber } from './card.mjs';
import { ascii } from './gateway.mjs';
import { isObject } from './http.mjs';
import { parseDecimal } from './money.mjs';

const REFERENCE = /^[ -~]{1,100}$/;
const EXPIRY = /^(0[1-9]|1[0-2])\/(\d{2})$/;
const ZIP = /^[A-Za-z0-9 -]{1,12}$/;
// The countries of the gateway's own currencies, and two letters for any other.
// prettier-ignore
const COUNTRIES = {
  USA: 'US', 840: 'US', 'United States': 'US',
  CAN: 'CA', 124: 'CA', Canada: 'CA',
  GBR: 'GB', 826: 'GB', 'United Kingdom': 'GB',
};

const required = (member) => new ApiError(400, 'required', `Request.${member}: is required`);
const wrong = (member) => new ApiError(400, 'invalid_value', `Request.${member}: is not valid`);

/** What is to be authorized: `source` is for the gateway and nobody else, `card` is what may be kept of it. */
export function parseAuthorization(request, merchant) {
  const text = reader(request, '');
  if (text('TransactionType', 1) !== '0') throw new ApiError(400, 'wrong_route', 'Request.TransactionType: has to be 0');
  if (text('CaptureMethod', 1) !== '2') throw wrong('CaptureMethod');
  const reference = text('TransactionReference', 100);
  if (!REFERENCE.test(reference)) throw wrong('TransactionReference');
  const amount = parseDecimal(text('Amount', 12));
  if (!amount) throw wrong('Amount');
  const currency = text('CurrencyCode', 3);
  if (!merchant.gateway.merchids[currency]) {
    throw new ApiError(400, 'currency_not_supported', 'Request.CurrencyCode: the merchant does not take this currency');
  }
  const authorizer = text('Authorizer', 100, '');
  if (authorizer && !merchant.authorizers.includes(authorizer)) {
    throw new ApiError(400, 'unknown_authorizer', 'Request.Authorizer: is not known to the merchant');
  }
  const save = parseFlag(text('SaveToFile', 5, 'false'));
  const email = text('Email', 128, '');
  const { source, card } = parseCard(request.Card);

  return {
    reference,
    amount,
    currency,
    discount: parseDiscount(request.Discount, merchant, amount, currency),
    description: text('Description', 255, ''),
    memo: { email, name: text('Name', 100, ''), authorizer, save },
    card,
    source: {
      ...source,
      name: ascii(text('Name', 100, ''), 30),
      email: ascii(email, 100),
      ...parseAddress(request.BillingAddress),
      // Y: the holder agrees that the card is stored.
      ...(save ? { profile: 'Y', cofpermission: 'Y' } : {}),
    },
  };
}

/** Reads texts of an object; null, an empty text and a missing member are the same. */
function reader(object, path) {
  return (member, max, otherwise) => {
    const value = object[member] ?? '';
    if (isObject(value) || Array.isArray(value)) throw wrong(path + member);
    const text = String(value).trim();
    if (text.length > max) throw wrong(path + member);
    if (text === '' && otherwise === undefined) throw required(path + member);
    return text || otherwise;
  };
}

function parseFlag(text) {
  if (!['true', 'false', '1', '0'].includes(text.toLowerCase())) throw wrong('SaveToFile');
  return ['true', '1'].includes(text.toLowerCase());
}

function parseCard(member) {
  if (!isObject(member)) throw required('Card');
  const text = reader(member, 'Card.');
  const parsed = parseCardNumber(text('CardNumber', 40));
  if (!parsed) throw wrong('Card.CardNumber');
  const { number, brand } = parsed;
  const [, month, year] = EXPIRY.exec(text('ExpiryDate', 5)) ?? [];
  if (!month || !isCurrent({ month: Number(month), year: 2000 + Number(year) })) throw wrong('Card.ExpiryDate');
  const cvv2 = text('CVV', 4);
  if (!isSecurityCode(cvv2, brand)) throw wrong('Card.CVV');
  return {
    source: { account: number, expiry: month + year, cvv2 },
    card: { brand, last_four: number.slice(-4), expiry_month: Number(month), expiry_year: 2000 + Number(year) },
  };
}

function parseAddress(member) {
  if (!isObject(member)) throw required('BillingAddress');
  const text = reader(member, 'BillingAddress.');
  const zip = text('Zip', 12);
  if (!ZIP.test(zip)) throw wrong('BillingAddress.Zip');
  const named = text('Country2AlphaCode', 2, '') || text('Country3AlphaCode', 3, '') || text('Country', 100);
  const country = /^[A-Z]{2}$/.test(named) ? named : COUNTRIES[named];
  if (!country) throw wrong('BillingAddress.Country');
  const line = (...members) => {
    const words = members.map((name) => text(name, 100, '')).filter(Boolean);
    return ascii(words.join(' '), 30);
  };
  return {
    address: line('HouseNumber', 'Street'),
    address2: line('ApartmentNumber', 'Street2'),
    city: line('City'),
    region: ascii(text('State', 100, '') || text('County', 100, ''), 20),
    country,
    postal: zip.replace(/[^A-Za-z0-9]/g, '').slice(0, 9) || undefined,
  };
}

/** What the merchant takes off for a discount code, in minor units. */
function parseDiscount(member, merchant, amount, currency) {
  if (member === undefined || member === null) return 0;
  if (!isObject(member)) throw wrong('Discount');
  const text = reader(member, 'Discount.');
  const code = text('DiscountCode', 100);
  const product = text('Product', 100, '');
  const row = merchant.discounts.find(
    (row) => row.code === code && (!row.product || row.product === product) && (row.percent || row.amount?.[currency]),
  );
  if (!row) throw new ApiError(400, 'unknown_discount', 'Request.Discount: the merchant grants no such discount');
  const off = row.percent ? percentOf(amount, row.percent) : row.amount[currency];
  if (off >= amount) {
    throw new ApiError(400, 'discount_exceeds_amount', 'Request.Discount: leaves nothing to pay');
  }
  return off;
}

/** "12.5" percent, halves rounded up, in integers. */
function percentOf(amount, percent) {
  const [whole, fraction = ''] = percent.split('.');
  const hundredths = BigInt(whole + fraction.padEnd(2, '0'));
  return Number((BigInt(amount) * hundredths + 5_000n) / 10_000n);
}
