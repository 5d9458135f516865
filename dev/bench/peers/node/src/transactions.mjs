// Transactions of an order: what is on record before the gateway is called, and after.
import { randomBytes, randomUUID } from 'node:crypto';
import { Conflict, createOrder, replaceOrder } from './orders.mjs';

/** How often a write is tried again when somebody else was faster. */
const ATTEMPTS_MAX = 5;

/** A transaction that the gateway was not asked for yet. */
export function newTransaction(type, card) {
  // 19 letters: all processors take as many, and letters are not taken for a card number.
  const letters = randomBytes(19).map((byte) => 0x41 + (byte & 15));
  return {
    id: randomUUID(),
    type,
    status: 'pending',
    gateway_order_id: letters.toString('latin1'),
    created_at: new Date().toISOString(),
    // Brand, last four digits and expiry date may be kept; the number and the security code may not (PCI DSS 3.3.1).
    card,
  };
}

/** What is left to pay: pending transactions may have been paid. */
export function owing(order) {
  const committed = order.transactions.filter(({ status }) => status !== 'failed');
  return committed.reduce((left, { amount }) => left - amount, order.total);
}

/** Puts a transaction on record in an order that is there. `amount` tells from the order how much it is, or throws. */
export async function recordIntent(order, transaction, amount) {
  let current = order;
  for (let attempt = 1; ; attempt++) {
    const intent = { ...transaction, amount: amount(current) };
    try {
      return [await replaceOrder(withTransaction(current, intent)), intent];
    } catch (error) {
      if (!(error instanceof Conflict) || !error.current || attempt === ATTEMPTS_MAX) throw error;
      current = error.current;
      // The write had been done, and its answer was lost.
      const written = find(current, transaction.id);
      if (written) return [current, written];
    }
  }
}

/** Puts a new order on record with its only transaction; undefined if another order is there. */
export async function recordOrder(order, transaction) {
  try {
    return await createOrder(withTransaction(order, transaction));
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    // It is this one if the write had been done and its answer was lost.
    return find(error.current, transaction.id) && error.current;
  }
}

/** Writes down how a transaction ended. */
export async function recordOutcome(order, transaction) {
  let current = order;
  for (let attempt = 1; ; attempt++) {
    try {
      return await replaceOrder(withTransaction(current, transaction));
    } catch (error) {
      if (!(error instanceof Conflict) || !error.current || attempt === ATTEMPTS_MAX) throw error;
      current = error.current;
      if (find(current, transaction.id)?.status === transaction.status) return current;
    }
  }
}

const find = (order, id) => order?.transactions.find((transaction) => transaction.id === id);

/** The order with the transaction added, or in place of its earlier state. */
function withTransaction(order, transaction) {
  const others = order.transactions.filter(({ id }) => id !== transaction.id);
  return { ...order, transactions: [...others, transaction] };
}
