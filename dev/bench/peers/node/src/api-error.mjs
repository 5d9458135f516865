/** A request that is not carried out, and what its caller is told. Neither part ever quotes what was sent. */
export class ApiError extends Error {
  name = 'ApiError';

  constructor(status, code, detail) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** What the caller is told of an error: its own words, or a constant for what is none of the caller's business. */
export function toApiError(error) {
  if (error instanceof ApiError) return error;
  // The name and nothing else: a message may quote the request.
  console.error(JSON.stringify({ level: 'error', message: 'request failed', error: error?.name, cause: error?.cause?.name }));
  return new ApiError(503, 'service_unavailable', 'the service is not available; send the same request again');
}
