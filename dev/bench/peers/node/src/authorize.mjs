// The `authorize` function: POST /api/v1/payments/creditcard/authorize.
import { authorize } from './authorize-handler.mjs';
import { serve } from './runtime.mjs';

await serve(authorize);
