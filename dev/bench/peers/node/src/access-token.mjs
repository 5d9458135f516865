// Access tokens: JWTs signed with HMAC-SHA-256 under the merchant's key; `kid` names the merchant,
// before the MAC by which Tollgate saves itself the look-up of a made-up one.
import { errors, jwtVerify } from 'jose';
import { ApiError } from './api-error.mjs';
import { findMerchant } from './merchants.mjs';

const GRANTS = ['client_credentials', 'implicit'];
const OPTIONS = { algorithms: ['HS256'], issuer: 'tollgate', requiredClaims: ['exp', 'sub'] };

const invalid = () => new ApiError(401, 'invalid_access_token', 'the access token is missing, wrong or expired');

/** The merchant whose token the `Authorization` header holds. */
export async function authenticate(authorization) {
  const token = /^Bearer ([^ ]+)$/i.exec(authorization ?? '')?.[1];
  if (!token) throw invalid();

  let merchant;
  const signingKey = async ({ kid }) => {
    merchant = await findMerchant(kid?.split('.', 1)[0]);
    if (!merchant) throw invalid();
    return merchant.signingKey;
  };
  try {
    const { payload } = await jwtVerify(token, signingKey, OPTIONS);
    if (payload.sub !== merchant.id || !GRANTS.includes(payload.grant)) throw invalid();
    return merchant;
  } catch (error) {
    throw error instanceof errors.JOSEError ? invalid() : error;
  }
}
