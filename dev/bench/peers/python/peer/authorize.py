"""The `authorize` function: POST /api/v1/payments/creditcard/authorize."""

from peer.authorize_handler import authorize
from peer.runtime import serve

if __name__ == "__main__":
    serve(authorize)
