// Amounts are integers in minor units. All currencies here have two decimals, as the gateway's do.

const SYMBOLS = { USD: '$', CAD: 'CA$', EUR: '€', GBP: '£' };

/** 2599 is "25.99". */
export function decimal(amount) {
  const digits = String(amount).padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** "25.99" is 2599; undefined for anything that is not written like it. */
export function parseDecimal(text) {
  const [, whole, cents] = /^(0|[1-9]\d{0,8})\.(\d{2})$/.exec(text) ?? [];
  return whole === undefined ? undefined : Number(whole) * 100 + Number(cents);
}

/** An amount as the order API shows it. */
export function display(amount, currency) {
  return { amount, currency, formatted: `${SYMBOLS[currency] ?? `${currency} `}${decimal(amount)}` };
}
