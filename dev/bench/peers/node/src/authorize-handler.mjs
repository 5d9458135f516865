// Holds an amount on a card: a payment of the credit-card API, which is an order of its own.
import { createHash, timingSafeEqual } from 'node:crypto';
import { ApiError, toApiError } from './api-error.mjs';
import { parseAuthorization } from './authorize-request.mjs';
import { answered, failed } from './credit-card.mjs';
import { isObject, jsonBody } from './http.mjs';
import { once } from './idempotency.mjs';
import { findMerchant } from './merchants.mjs';
import { pay } from './payment.mjs';
import { newTransaction, recordOrder } from './transactions.mjs';

const MEDIA_TYPE = /^(application|text)\/json\s*(;|$)/i;

export async function authorize(event, context) {
  let reference;
  try {
    if (!MEDIA_TYPE.test(event.headers?.['content-type'] ?? '')) {
      throw new ApiError(415, 'unsupported_media_type', 'Content-Type: has to be application/json');
    }
    const { Authentication, Request } = jsonBody(event);
    const merchant = await authenticate(Authentication);
    if (!isObject(Request)) throw new ApiError(400, 'required', 'Request: is required');
    if (typeof Request.TransactionReference === 'string') reference = Request.TransactionReference;
    const payment = parseAuthorization(Request, merchant);

    const { amount, currency, discount, card } = payment;
    const identity = { key: [merchant.id, payment.reference], request: { amount, currency, discount, card } };
    return await authorizeOnce(context, identity, merchant, payment);
  } catch (error) {
    return failed(toApiError(error), reference);
  }
}

const authorizeOnce = once(async (_identity, merchant, payment) => {
  const { reference, amount, currency, discount, description, memo, card, source } = payment;
  const transaction = { ...newTransaction('authorize', card), amount: amount - discount };
  const order = {
    // No order id holds a number sign, so no order of the order API has this key.
    order_key: `${merchant.id}#card#${reference}`,
    merchant: merchant.id,
    id: transaction.id,
    reference,
    currency,
    total: transaction.amount,
    discount,
    description,
    memo,
    transactions: [],
  };
  const recorded = await recordOrder(order, transaction);
  if (!recorded) throw new ApiError(422, 'idempotency_key_reused', 'Request.TransactionReference: was used before');

  const details = { currency, capture: false, orderId: order.id, reference, description, source };
  return answered(order, await pay(merchant, recorded, transaction, details));
});

/** The merchant whose id and key these are. Which of the two is wrong is not told. */
async function authenticate(credentials) {
  const { Id, Key } = isObject(credentials) ? credentials : {};
  const merchant = await findMerchant(Id);
  if (!merchant || typeof Key !== 'string' || !isOneOf(merchant.keys, Key)) {
    throw new ApiError(401, 'invalid_client', 'Authentication: the id or the key is wrong');
  }
  return merchant;
}

/** Compares in constant time, and with every key; hashes have the same length whatever the keys' is. */
function isOneOf(keys, presented) {
  const sha256 = (text) => createHash('sha256').update(text).digest();
  const hash = sha256(presented);
  return keys.reduce((found, key) => timingSafeEqual(sha256(key), hash) || found, false);
}
