// What every payment goes through once it is on record: the gateway, and the record of what it said.
import { ApiError } from './api-error.mjs';
import { auth } from './gateway.mjs';
import { parseDecimal } from './money.mjs';
import { recordOutcome } from './transactions.mjs';

const STATUSES = { approved: 'complete', declined: 'failed', not_sent: 'failed', unknown: 'pending' };

/** Carries out a transaction that is on record; answers it as it is afterwards. */
export async function pay(merchant, order, transaction, details) {
  const { result, approved, ...kept } = await auth(merchant, transaction, details);
  const finished = { ...transaction, ...kept, status: STATUSES[result] };
  // Prepaid cards may approve a part.
  if (result === 'approved') finished.amount = parseDecimal(approved) ?? transaction.amount;

  if (result !== 'unknown') {
    try {
      await recordOutcome(order, finished);
    } catch (error) {
      // Money may have moved, so this is no error: the transaction is still pending on record, and that is what is told.
      console.error(JSON.stringify({ level: 'error', message: 'the outcome was not recorded', error: error.name }));
      return transaction;
    }
  }
  if (result === 'not_sent') {
    throw new ApiError(503, 'gateway_unreachable', 'the gateway could not be reached; nothing was paid');
  }
  return finished;
}
