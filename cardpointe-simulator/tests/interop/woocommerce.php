<?php
// Orders of a shop with Swingline0/woocommerce-cardconnect, a plug-in of WooCommerce: paid,
// declined and refunded as the shop's checkout and order page do. The plug-in is loaded as
// WordPress loads it; the functions and classes of WordPress and WooCommerce that it uses are
// below, reduced to their effects on an order, its customer and the cart.
//
//   php woocommerce.php DIRECTORY
//
// DIRECTORY is the plug-in's. The simulator is at 127.0.0.1:4001 and has the sandbox's name.

require __DIR__ . '/checks.php';

const TOKENIZE = 'http://127.0.0.1:4001/cardsecure/api/v1/ccn/tokenize';
const MERCHANT = '496160873888';
const VISA = '4242424242424242';
const NO_FUNDS = '4387751111111053';
const CUSTOMER = 7;
const GUEST = 0;

// WordPress.

define('ABSPATH', '/');

final class Shop
{
    public static array $hooks = [];
    public static array $options = [];
    public static array $orders = [];
    public static array $meta = [];
    public static array $notices = [];
}

function add_action(string $name, array|string $called, int $priority = 10): void
{
    Shop::$hooks[$name][] = $called;
}

function add_filter(string $name, array|string $called): void
{
    add_action($name, $called);
}

function apply_filters(string $name, mixed $value): mixed
{
    foreach (Shop::$hooks[$name] ?? [] as $called) {
        $value = $called($value);
    }
    return $value;
}

function __(string $text, string $domain): string
{
    return $text;
}

function untrailingslashit(string $path): string
{
    return rtrim($path, '/');
}

function plugin_basename(string $path): string
{
    return basename($path);
}

function plugin_dir_path(string $file): string
{
    return dirname($file) . '/';
}

function plugins_url(string $path, string $file): string
{
    return 'https://shop.example/wp-content/plugins/' . basename(dirname($file)) . $path;
}

function get_post_meta(int $post, string $key, bool $single): mixed
{
    return Shop::$meta['post'][$post][$key] ?? '';
}

function update_post_meta(int $post, string $key, mixed $value): void
{
    Shop::$meta['post'][$post][$key] = $value;
}

function get_user_meta(int $user, string $key, bool $single): mixed
{
    return Shop::$meta['user'][$user][$key] ?? '';
}

function update_user_meta(int $user, string $key, mixed $value): void
{
    Shop::$meta['user'][$user][$key] = $value;
}

// WooCommerce.

function wc_clean(string $text): string
{
    return trim(strip_tags($text));
}

function wc_add_notice(string $text, string $kind): void
{
    Shop::$notices[] = "$kind: $text";
}

function wc_get_order(WC_Order|int $order): WC_Order
{
    return is_int($order) ? Shop::$orders[$order] : $order;
}

function get_woocommerce_currency_symbol(): string
{
    return '$';
}

final class WC_Admin_Settings
{
    public static function get_option(string $name): string
    {
        return Shop::$options[$name] ?? '';
    }
}

class WC_Payment_Gateway
{
    public $id;
    public $enabled;
    public $title;
    public $description;
    public $icon;
    public $has_fields;
    public $method_title;
    public $method_description;
    public $supports;
    public $form_fields = [];

    public function init_settings(): void
    {
    }

    public function get_option(string $name, mixed $default = null): mixed
    {
        return Shop::$options["woocommerce_{$this->id}_settings"][$name] ?? $default ?? '';
    }

    public function get_return_url(WC_Order $order): string
    {
        return "https://shop.example/checkout/order-received/{$order->get_id()}/";
    }
}

final class Cart
{
    public int $items = 0;

    public function empty_cart(): void
    {
        $this->items = 0;
    }
}

final class WC_Order
{
    public string $status = 'pending';
    public array $notes = [];

    public function __construct(
        private int $id,
        private int $user,
        private string $total,
        private string $postcode,
    ) {
    }

    public function __call(string $name, array $arguments): string|int
    {
        return match ($name) {
            'get_id' => $this->id,
            'get_order_number' => (string) $this->id,
            'get_user_id' => $this->user,
            'get_total' => $this->total,
            'get_currency' => 'USD',
            'get_billing_first_name' => 'Test',
            'get_billing_last_name' => 'User',
            'get_billing_address_1' => '123 Fake Street',
            'get_billing_city' => 'Testville',
            'get_billing_state' => 'FL',
            'get_billing_country' => 'US',
            'get_billing_postcode' => $this->postcode,
        };
    }

    public function payment_complete(string $transaction): void
    {
        update_post_meta($this->id, '_transaction_id', $transaction);
        $this->status = 'processing';
    }

    public function update_status(string $status, string $note): void
    {
        $this->status = $status;
        $this->notes[] = $note;
    }

    public function add_order_note(string $note): void
    {
        $this->notes[] = $note;
    }
}

// The shop's settings: those that the plug-in's own tests install, with the simulator's account.

function shop(bool $saved_cards): CardConnectPaymentGateway
{
    Shop::$options = [
        'woocommerce_enable_signup_and_login_from_checkout' => $saved_cards ? 'yes' : 'no',
        'woocommerce_card_connect_settings' => [
            'enabled' => 'yes',
            'mode' => 'capture',
            'sandbox' => 'yes',
            'sandbox_mid' => MERCHANT,
            'sandbox_user' => 'testing',
            'sandbox_password' => 'testing123',
            'site' => 'fts-uat',
            'card_types' => ['visa', 'mastercard', 'discover', 'amex'],
            'enable_profiles' => $saved_cards ? 'yes' : 'no',
            'void_avs' => 'yes',
            'void_cvv' => 'yes',
        ],
    ];
    [$class] = apply_filters('woocommerce_payment_gateways', []);
    return new $class();
}

// The form that the checkout posts for a card: the frame's token, and fields beside it.
function form(string $card = VISA, array $change = []): array
{
    $token = http(TOKENIZE, ['account' => $card])['token'];
    return [
        'card_connect_token' => $token,
        'card_connect-card-name' => '',
        'card_connect-card-expiry' => '10 / 49',
        'card_connect-card-cvc' => '123',
        ...$change,
    ];
}

// Places an order and pays it.
function buy(CardConnectPaymentGateway $gateway, int $user, array $form, string $postcode = '12345'): array
{
    global $woocommerce;
    $woocommerce = (object) ['cart' => new Cart()];
    $woocommerce->cart->items = 3;
    $id = 100 + count(Shop::$orders);
    $order = Shop::$orders[$id] = new WC_Order($id, $user, '62.5', $postcode);
    Shop::$notices = [];
    $_POST = $form;
    return [$gateway->process_payment($id), $order];
}

// Pays an order as in `buy`, and sees it paid.
function paid(CardConnectPaymentGateway $gateway, int $user, array $form): WC_Order
{
    global $woocommerce;
    [$result, $order] = buy($gateway, $user, $form);
    $id = $order->get_id();
    same(['result' => 'success', 'redirect' => "https://shop.example/checkout/order-received/$id/"], $result);
    same('processing', $order->status);
    $retref = get_post_meta($id, '_transaction_id', true);
    matches('/^\d{12}$/', $retref);
    same(1, count($order->notes));
    matches(
        "/^CardConnect payment processed \\(ID: $retref, Authcode: [A-Z0-9]{6}, Amount: \\$ 62\\.50\\)$/",
        $order->notes[0],
    );
    matches('/^\d{20}$/', get_post_meta($id, '_wc_cardconnect_profileid', true));
    matches('/^\d+$/', get_post_meta($id, '_wc_cardconnect_acctid', true));
    same(substr(VISA, -4), get_post_meta($id, '_wc_cardconnect_last4', true));
    same([], Shop::$notices);
    same(0, $woocommerce->cart->items);
    same('Queued for Capture', record($retref)['setlstat']);
    return $order;
}

// Pays an order as in `buy`, and sees it failed.
function failed(
    CardConnectPaymentGateway $gateway,
    array $form,
    string $postcode,
    array $notes,
    string $notice,
): void {
    global $woocommerce;
    [$result, $order] = buy($gateway, GUEST, $form, $postcode);
    same(['result' => 'fail', 'redirect' => ''], $result);
    same('failed', $order->status);
    same($notes, $order->notes);
    same(["error: Payment error: $notice"], Shop::$notices);
    same(3, $woocommerce->cart->items);
}

function first_order(): void
{
    paid(shop(false), GUEST, form());
}

function refund(): void
{
    $gateway = shop(false);
    $order = paid($gateway, GUEST, form());
    $refused = null;
    try {
        $gateway->process_refund($order->get_id(), '62.50', 'not settled yet');
    } catch (Exception $exception) {
        $refused = $exception->getMessage();
    }
    same('Refund was declined.', $refused);
    http(CONTROL . '/settle', []);
    foreach (['20.00', '42.50'] as $amount) {
        same(true, $gateway->process_refund($order->get_id(), $amount, 'returned'));
        matches(
            "/^CardConnect refunded \\$ $amount\\. Response: Approval\\. Retref: \\d{12}$/",
            end($order->notes),
        );
    }
}

function declined(): void
{
    failed(
        shop(false),
        form(NO_FUNDS),
        '12345',
        ['CardConnect declined transaction. Response: Insufficient funds', 'Payment Declined - '],
        'Order Declined : Insufficient funds',
    );
}

// The plug-in voids a payment whose address or CVV is wrong.
function verification(): void
{
    $address = 'Address verification failed. Please confirm the supplied billing information.';
    failed(shop(false), form(), '55112', ['Payment Failed - ', $address], $address);
    same('Voided', newest()['setlstat']);
    $cvv = 'Invalid CVV. Please confirm the supplied CVV information.';
    $form = form(VISA, ['card_connect-card-cvc' => '111']);
    failed(shop(false), $form, '12345', ['Payment Failed - ', $cvv], $cvv);
    same('Voided', newest()['setlstat']);
}

function saved_cards(): void
{
    $gateway = shop(true);
    $save = ['card_connect-save-card' => '1', 'card_connect-new-card-alias' => 'mine'];
    $order = paid($gateway, CUSTOMER, form(VISA, $save));
    $profile = get_post_meta($order->get_id(), '_wc_cardconnect_profileid', true);
    same($profile, get_user_meta(CUSTOMER, 'wc_cardconnect_profile_id', true));
    same(['mine'], array_values($gateway->saved_cards->get_user_cards(CUSTOMER)));
    [$account] = array_keys($gateway->saved_cards->get_user_cards(CUSTOMER));

    $again = paid($gateway, CUSTOMER, ['card_connect-cards' => $account, 'card_connect-card-cvc' => '123']);
    same((string) $account, get_post_meta($again->get_id(), '_wc_cardconnect_acctid', true));
    same($profile, get_post_meta($again->get_id(), '_wc_cardconnect_profileid', true));

    $save['card_connect-new-card-alias'] = 'other';
    paid($gateway, CUSTOMER, form(VISA, $save + ['card_connect-card-expiry' => '11 / 49']));
    same(['mine', 'other'], array_values($gateway->saved_cards->get_user_cards(CUSTOMER)));
}

// A customer with a saved card who pays with another one, and does not save it.
function unsaved_card(): void
{
    $gateway = shop(true);
    paid($gateway, CUSTOMER, form());
    same(2, count($gateway->saved_cards->get_user_cards(CUSTOMER)));
}

function transactions(): array
{
    return http(CONTROL . '/transactions');
}

function record(string $retref): array
{
    return array_column(transactions(), null, 'retref')[$retref];
}

function newest(): array
{
    $transactions = transactions();
    return end($transactions);
}

require "$argv[1]/cardconnect-payment-gateway.php";
foreach (Shop::$hooks['plugins_loaded'] as $called) {
    $called();
}
run('first_order', 'refund', 'declined', 'verification', 'saved_cards', 'unsaved_card');
