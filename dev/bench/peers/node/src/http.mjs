// Bodies of API Gateway's HTTP API events, format 2.0, and its answers.
import { ApiError } from './api-error.mjs';

const BODY_MAX_BYTES = 64 * 1024;

/** The JSON object that an event carries. */
export function jsonBody({ body = '', isBase64Encoded }) {
  const text = isBase64Encoded ? Buffer.from(body, 'base64').toString() : body;
  if (Buffer.byteLength(text) > BODY_MAX_BYTES) throw new ApiError(413, 'body_too_large', 'the body is larger than 64 KiB');
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the body, which may hold a card number.
    throw new ApiError(400, 'invalid_json', 'the body is not JSON');
  }
  if (!isObject(value)) throw new ApiError(400, 'invalid_json', 'the body is not a JSON object');
  return value;
}

export const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** An answer in JSON. */
export function json(statusCode, body, headers) {
  return {
    statusCode,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(body),
  };
}
