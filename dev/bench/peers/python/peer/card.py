"""Cards: brands by leading digits (ISO/IEC 7812, as the gateway groups them), and the checks that need no issuer."""

from datetime import UTC, datetime

# Leading digits: how many, from, to. The first row that fits decides.
PREFIXES = (
    (1, 4, 4, "Visa"),
    (2, 51, 55, "Mastercard"),
    (4, 2221, 2720, "Mastercard"),
    (2, 34, 34, "American Express"),
    (2, 37, 37, "American Express"),
    (4, 6011, 6011, "Discover"),
    (3, 622, 622, "Discover"),
    (3, 644, 649, "Discover"),
    (2, 65, 65, "Discover"),
    (3, 300, 305, "Diners Club"),
    (4, 3095, 3095, "Diners Club"),
    (2, 36, 36, "Diners Club"),
    (2, 38, 39, "Diners Club"),
    (2, 35, 35, "JCB"),
    (2, 62, 62, "UnionPay"),
    (2, 81, 81, "UnionPay"),
)

LENGTHS = {
    "Visa": (13, 16, 19),
    "Mastercard": (16,),
    "American Express": (15,),
    "Diners Club": range(14, 20),
    "Discover": range(16, 20),
    "JCB": range(16, 20),
    "UnionPay": range(16, 20),
}


def brand_of(digits: str) -> str | None:
    """The brand of a card number or of its leading digits."""
    return next((brand for length, low, high, brand in PREFIXES if low <= int(digits[:length]) <= high), None)


def parse_card_number(text: str) -> tuple[str, str] | None:
    """A card number's digits and brand; None if it cannot be one."""
    number = text.replace(" ", "").replace("-", "")
    if not (number.isascii() and number.isdigit()):
        return None
    brand = brand_of(number)
    if brand is None or len(number) not in LENGTHS[brand] or not _passes_luhn(number):
        return None
    return number, brand


def _passes_luhn(digits: str) -> bool:
    """The check digit of ISO/IEC 7812-1, Annex B."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(doubled) + sum(map(int, digits[-1::-2]))) % 10 == 0


def is_current(month: int, year: int) -> bool:
    """Whether a card is still good: it is so to the end of its month, in UTC."""
    now = datetime.now(UTC)
    return (year, month) >= (now.year, now.month)


def is_security_code(text: str, brand: str) -> bool:
    """Whether a security code has its brand's length."""
    return text.isascii() and text.isdigit() and len(text) == (4 if brand == "American Express" else 3)
