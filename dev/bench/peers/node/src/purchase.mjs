// The `purchase` function: POST /v2/orders/{orderId}/payments/purchase.
import { purchase } from './purchase-handler.mjs';
import { serve } from './runtime.mjs';

await serve(purchase);
