// Once per key, by Powertools, or not at all: without it, the order alone keeps a payment from being made twice.
const plain = (perform) => (_context, ...args) => perform(...args);

/** What the functions are made with. Powertools is loaded only where it is used. */
export const { once } =
  process.env.POWERTOOLS === 'off' ? { once: plain } : await import('./powertools.mjs');
