// Once per key, by Powertools: the first request's answer is kept and given again.
import {
  IdempotencyAlreadyInProgressError,
  IdempotencyConfig,
  IdempotencyValidationError,
  makeIdempotent,
} from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { ApiError } from './api-error.mjs';
import { dynamodb } from './aws.mjs';

const KEPT_FOR_S = 24 * 60 * 60;

const persistenceStore = new DynamoDBPersistenceLayer({
  tableName: process.env.IDEMPOTENCY_TABLE,
  // The same client as for the orders, and so the same connections.
  awsSdkV3Client: dynamodb,
});

/**
 * Makes a function idempotent. Its first argument is `{ key, request }`: what names the request, and what has to be the same
 * when it is repeated. Neither may hold a card number: Powertools stores hashes of them, and a card number's can be guessed.
 *
 * What the function throws is not kept, so it may throw only when no money can have moved.
 */
export function once(perform) {
  const config = new IdempotencyConfig({
    eventKeyJmesPath: 'key',
    payloadValidationJmesPath: 'request',
    throwOnNoIdempotencyKey: true,
    expiresAfterSeconds: KEPT_FOR_S,
    responseHook: (answer) => ({ ...answer, headers: { ...answer.headers, 'idempotent-replayed': 'true' } }),
  });
  const idempotent = makeIdempotent(perform, { persistenceStore, config, dataIndexArgument: 0 });

  return async (context, ...args) => {
    config.registerLambdaContext(context);
    try {
      return await idempotent(...args);
    } catch (error) {
      if (error instanceof IdempotencyAlreadyInProgressError) {
        throw new ApiError(409, 'operation_in_progress', 'an equal request is being carried out');
      }
      if (error instanceof IdempotencyValidationError) {
        throw new ApiError(422, 'idempotency_key_reused', 'the key was used for a different request');
      }
      throw error;
    }
  };
}
