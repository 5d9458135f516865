"""The `purchase` function: POST /v2/orders/{orderId}/payments/purchase."""

from peer.purchase_handler import purchase
from peer.runtime import serve

if __name__ == "__main__":
    serve(purchase)
