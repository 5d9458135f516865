// Cards: brands by leading digits (ISO/IEC 7812, as the gateway groups them), and the checks that need no issuer.

// Leading digits: how many, from, to. The first row that fits decides.
const PREFIXES = [
  [1, 4, 4, 'Visa'],
  [2, 51, 55, 'Mastercard'],
  [4, 2221, 2720, 'Mastercard'],
  [2, 34, 34, 'American Express'],
  [2, 37, 37, 'American Express'],
  [4, 6011, 6011, 'Discover'],
  [3, 622, 622, 'Discover'],
  [3, 644, 649, 'Discover'],
  [2, 65, 65, 'Discover'],
  [3, 300, 305, 'Diners Club'],
  [4, 3095, 3095, 'Diners Club'],
  [2, 36, 36, 'Diners Club'],
  [2, 38, 39, 'Diners Club'],
  [2, 35, 35, 'JCB'],
  [2, 62, 62, 'UnionPay'],
  [2, 81, 81, 'UnionPay'],
];

const LENGTHS = {
  Visa: [13, 16, 19],
  Mastercard: [16],
  'American Express': [15],
  'Diners Club': [14, 15, 16, 17, 18, 19],
  Discover: [16, 17, 18, 19],
  JCB: [16, 17, 18, 19],
  UnionPay: [16, 17, 18, 19],
};

/** The brand of a card number or of its leading digits. */
export function brandOf(digits) {
  return PREFIXES.find(([length, from, to]) => {
    const prefix = Number(digits.slice(0, length));
    return from <= prefix && prefix <= to;
  })?.[3];
}

/** A card number's digits and brand; undefined if it cannot be one. */
export function parseCardNumber(text) {
  const number = text.replace(/[ -]/g, '');
  if (!/^\d+$/.test(number)) return undefined;
  const brand = brandOf(number);
  return brand && LENGTHS[brand].includes(number.length) && passesLuhn(number) ? { number, brand } : undefined;
}

/** The check digit of ISO/IEC 7812-1, Annex B. */
function passesLuhn(digits) {
  let sum = 0;
  for (let place = 0; place < digits.length; place++) {
    const digit = Number(digits[digits.length - 1 - place]);
    const doubled = digit > 4 ? 2 * digit - 9 : 2 * digit;
    sum += place % 2 === 1 ? doubled : digit;
  }
  return sum % 10 === 0;
}

/** Whether a card is still good: it is so to the end of its month, in UTC. */
export function isCurrent({ month, year }, now = new Date()) {
  return year * 12 + month >= now.getUTCFullYear() * 12 + now.getUTCMonth() + 1;
}

/** Whether a security code has its brand's length. */
export function isSecurityCode(text, brand) {
  return (brand === 'American Express' ? /^\d{4}$/ : /^\d{3}$/).test(text);
}
