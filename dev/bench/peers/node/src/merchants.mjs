// Merchants: one secret each, kept for five minutes.
import { GetSecretValueCommand, ResourceNotFoundException } from '@aws-sdk/client-secrets-manager';
import { secretsManager } from './aws.mjs';

const KEPT_FOR_MS = 5 * 60 * 1_000;
const MERCHANT_ID = /^[A-Za-z0-9_-]{1,64}$/;

const kept = new Map();

/** The merchant of that id; undefined if there is none. */
export async function findMerchant(id) {
  if (typeof id !== 'string' || !MERCHANT_ID.test(id)) return undefined;
  const known = kept.get(id);
  if (known && Date.now() < known.until) return known.merchant;

  const merchant = await readMerchant(id);
  if (merchant) kept.set(id, { merchant, until: Date.now() + KEPT_FOR_MS });
  return merchant;
}

async function readMerchant(id) {
  try {
    const command = new GetSecretValueCommand({ SecretId: process.env.MERCHANTS_PREFIX + id });
    const { SecretString } = await secretsManager.send(command);
    return await toMerchant(id, JSON.parse(SecretString));
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

/** What is needed of the document, with everything prepared that can be. */
async function toMerchant(id, { keys, token_signing_key, gateway, authorizers = [], discounts = [] }) {
  const signingKey = await crypto.subtle.importKey(
    'raw',
    Buffer.from(token_signing_key),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['verify'],
  );
  const credentials = Buffer.from(`${gateway.username}:${gateway.password}`).toString('base64');
  return {
    id,
    keys,
    signingKey,
    gateway: {
      baseUrl: gateway.base_url ?? `https://${gateway.site}.cardconnect.com/cardconnect/rest`,
      authorization: `Basic ${credentials}`,
      merchids: gateway.merchids,
    },
    authorizers,
    discounts,
  };
}
