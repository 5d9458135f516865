// Pays an order, or a part of it, at once.
import { authenticate } from './access-token.mjs';
import { ApiError, toApiError } from './api-error.mjs';
import { declined, failed, transactionBody } from './elastic-path.mjs';
import { json } from './http.mjs';
import { once } from './idempotency.mjs';
import { readOrder } from './orders.mjs';
import { pay } from './payment.mjs';
import { parsePurchase } from './purchase-request.mjs';
import { newTransaction, owing, recordIntent } from './transactions.mjs';

const ORDER_ID = /^[A-Za-z0-9_.:~-]{1,64}$/;
const IDEMPOTENCY_KEY = /^[!-~]{1,255}$/;

export async function purchase(event, context) {
  try {
    const merchant = await authenticate(event.headers?.authorization);
    const orderId = event.pathParameters?.orderId ?? '';
    if (!ORDER_ID.test(orderId)) throw new ApiError(400, 'invalid_value', 'the order id is not valid');
    const key = event.headers['idempotency-key'] ?? '';
    if (!IDEMPOTENCY_KEY.test(key)) throw new ApiError(400, 'required', 'the header Idempotency-Key is required');
    const payment = parsePurchase(event);

    const { amount, currency, card, source } = payment;
    const request = { amount, currency, card, profile: source.profile };
    return await payOnce(context, { key: [merchant.id, orderId, key], request }, merchant, orderId, payment);
  } catch (error) {
    return failed(toApiError(error));
  }
}

const payOnce = once(async (_identity, merchant, orderId, { amount, currency, card, source }) => {
  const order = await readOrder(`${merchant.id}#${orderId}`);
  if (!order) throw new ApiError(404, 'order_not_found', 'there is no such order');
  if (currency && currency !== order.currency) {
    throw new ApiError(422, 'currency_differs', 'the order is in another currency');
  }
  if (!merchant.gateway.merchids[order.currency]) {
    throw new ApiError(422, 'currency_not_supported', 'the merchant does not take this currency');
  }
  const howMuch = (current) => {
    const left = owing(current);
    if (left <= 0) throw new ApiError(422, 'already_paid', 'nothing is owing');
    if (amount > left) throw new ApiError(422, 'exceeds_owing', 'the amount is more than what is owing');
    return amount ?? left;
  };

  const [recorded, intent] = await recordIntent(order, newTransaction('purchase', card), howMuch);
  const details = { currency: order.currency, capture: true, orderId, source };
  const transaction = await pay(merchant, recorded, intent, details);
  if (transaction.status === 'failed') return declined(order, transaction);
  return json(transaction.status === 'pending' ? 202 : 200, transactionBody(order, transaction));
});
