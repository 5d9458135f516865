// Answers in the form of Elastic Path's payment API.
import { json } from './http.mjs';
import { display } from './money.mjs';
import { cardOfToken } from './purchase-request.mjs';

const TITLES = {
  invalid_access_token: 'Unable to validate access token',
  order_not_found: 'Order not found',
};
const STATUS_TITLES = {
  400: 'Bad Request',
  409: 'Conflict',
  413: 'Payload Too Large',
  422: 'Unprocessable Entity',
  503: 'Service Unavailable',
};

/** A transaction as the API shows it. */
export function transactionBody(order, transaction) {
  const { id, type, status, retref, amount, created_at, card = cardOfToken(transaction.token) } = transaction;
  const isComplete = status === 'complete';
  return {
    data: {
      id,
      type: 'transaction',
      reference: retref ?? null,
      gateway: 'card_connect',
      amount,
      refunded_amount: 0,
      currency: order.currency,
      'transaction-type': type,
      transaction_type: type,
      status,
      payment_details: {
        detailed_status: '',
        card: {
          brand: card?.brand ?? null,
          last_four: card?.last_four ?? null,
          expiry_month: card?.expiry_month ?? null,
          expiry_year: card?.expiry_year ?? null,
        },
        authorization_code: transaction.authcode ?? null,
        avs_result: transaction.avs ?? null,
        cvv_result: transaction.cvv ?? null,
      },
      next_actions: isComplete ? ['refund', 'cancel'] : [],
      relationships: { order: { data: { type: 'order', id: order.id } } },
      meta: { display_price: display(amount, order.currency), created_at },
    },
  };
}

/** A payment that the gateway or the issuer refused. */
export function declined(order, { id, respproc, respcode }) {
  const meta = { transaction_id: id, order_id: order.id, processor: respproc, processor_code: respcode, code: 'declined' };
  return errors(400, 'Payment gateway processing failed', 'The card was declined.', meta);
}

/** A request that was not carried out. */
export function failed({ status, code, message }) {
  return errors(status, TITLES[code] ?? STATUS_TITLES[status], message, { code });
}

const errors = (status, title, detail, meta) => json(status, { errors: [{ status, title, detail, meta }] });
