// Answers of the credit-card API, in JSON.
import { json } from './http.mjs';
import { decimal } from './money.mjs';

const RESPONSES = {
  approved: ['1', 'Approved'],
  declined: ['2', 'Declined'],
  error: ['3', 'Error'],
  referred: ['4', 'Referred'],
};

/** `Message.Code` of the errors that can occur here. */
const NUMBERS = {
  invalid_json: '10',
  unsupported_media_type: '12',
  body_too_large: '13',
  required: '14',
  invalid_value: '16',
  wrong_route: '18',
  invalid_client: '20',
  unknown_authorizer: '36',
  unknown_discount: '37',
  currency_not_supported: '46',
  discount_exceeds_amount: '49',
  idempotency_key_reused: '63',
  gateway_unreachable: '90',
  service_unavailable: '92',
};

/** What was decided is 200; 400 and its kin are for requests that are wrong, and 503 for a service that is. */
const DECIDED = ['idempotency_key_reused', 'gateway_unreachable'];

/** The gateway's letters where they differ from this API's. */
// prettier-ignore
const AVS = {
  B: 'A', C: 'G', D: 'Y', F: 'Y', I: 'G', M: 'Y', P: 'Z', Q: 'E',
  I1: 'Y', I2: 'Y', I3: 'Y', I4: 'Y', I5: 'N', I6: 'N', I7: 'N', I8: 'N',
};
const AVS_AS_THEY_ARE = [...'AEGNRSUWXYZ'];
const CVV_AS_THEY_ARE = [...'MNPSU'];

/** How a payment ended. */
export function answered(order, transaction) {
  const { status, amount, authcode, avs, cvv, card, profile, account } = transaction;
  const common = {
    TransactionReference: order.reference,
    TransactionID: transaction.id,
    CardType: card.brand,
    DiscountedAmount: decimal(order.discount),
  };
  if (status === 'pending') {
    return response(200, 'referred', '01', 'the outcome is not known yet; send the same request again', common);
  }
  if (status === 'failed') return response(200, 'declined', '02', 'The card was declined.', common);
  return response(200, 'approved', '00', `authorized ${decimal(amount)} ${order.currency}`, {
    ...common,
    AuthCode: authcode ?? null,
    AvsResultCode: avsLetter(avs),
    CvvResultCode: CVV_AS_THEY_ARE.includes(cvv) ? cvv : 'P',
    CustomerId: profile ?? null,
    ProfileId: account ?? null,
  });
}

/** A request that was not carried out. */
export function failed({ status, code, message }, reference = null) {
  const fields = { TransactionReference: reference };
  if (code === 'operation_in_progress') return response(200, 'referred', '01', message, fields, { 'retry-after': '2' });
  return response(DECIDED.includes(code) ? 200 : status, 'error', NUMBERS[code], message, fields);
}

function avsLetter(letter) {
  if (!letter) return 'P';
  return AVS_AS_THEY_ARE.includes(letter) ? letter : (AVS[letter] ?? 'E');
}

function response(status, kind, number, description, fields, headers) {
  const [ResponseCode, ResponseCodeText] = RESPONSES[kind];
  const body = {
    Message: { Code: number, Description: description },
    Response: {
      ResponseCode,
      ResponseCodeText,
      AuthCode: null,
      AvsResultCode: null,
      CvvResultCode: null,
      TransactionReference: null,
      TransactionID: null,
      CardType: null,
      DiscountedAmount: null,
      CustomerId: null,
      ProfileId: null,
      ...fields,
    },
  };
  return json(status, body, headers);
}
