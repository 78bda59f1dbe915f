//! Reading and confirming.

use testkit::{facts, guest, reason as reason_of, violations};
use ultramarket_api::payment::v1::{ConfirmPaymentRequest, GetPaymentRequest, payment::Status as State};

use crate::shop::{ORDER_TOKEN, Order, Shop, reason, with_order_token};

fn get(order: &Order) -> GetPaymentRequest {
    GetPaymentRequest { payment_id: order.payment_id.clone() }
}

async fn asked(shop: &mut Shop) -> Order {
    let order = shop.order();
    shop.authorize(&order, "tok_3ds").await;
    shop.answers.action_required.next().await;
    order
}

#[tokio::test]
async fn only_the_payer_sees_a_payment() {
    let mut shop = Shop::open().await;
    let order = shop.authorized("tok_visa").await;
    let bob = shop.kit.customer("bob");
    let admin = shop.kit.admin();
    assert!(shop.client.get_payment(shop.ann.request(get(&order))).await.is_ok());
    for request in
        [bob.request(get(&order)), admin.request(get(&order)), guest(get(&order)), with_order_token("", get(&order))]
    {
        assert_eq!(reason(shop.client.get_payment(request).await), "PAYMENT_NOT_FOUND");
    }
    assert_eq!(reason(shop.get(&shop.order()).await), "PAYMENT_NOT_FOUND");
}

#[tokio::test]
async fn a_guest_shows_the_orders_token() {
    let mut shop = Shop::open().await;
    let order = shop.order();
    shop.authorize_guest(&order, "tok_3ds").await;
    shop.answers.action_required.next().await;
    assert!(shop.client.get_payment(with_order_token(ORDER_TOKEN, get(&order))).await.is_ok());
    for request in [with_order_token("another", get(&order)), guest(get(&order)), shop.ann.request(get(&order))] {
        assert_eq!(reason(shop.client.get_payment(request).await), "PAYMENT_NOT_FOUND");
    }
    let confirm = ConfirmPaymentRequest { payment_id: order.payment_id.clone() };
    let stranger = testkit::with_key("key", with_order_token("another", confirm.clone()));
    assert_eq!(reason(shop.client.confirm_payment(stranger).await), "PAYMENT_NOT_FOUND");
    let request = testkit::with_key("key", with_order_token(ORDER_TOKEN, confirm));
    shop.client.confirm_payment(request).await.expect("confirms");
    shop.answers.authorized.next().await;
}

#[tokio::test]
async fn a_malformed_id_is_refused() {
    let mut shop = Shop::open().await;
    for id in ["", "1", "' OR 1=1 --", "../../etc/passwd"] {
        let refused = shop.client.get_payment(shop.ann.request(GetPaymentRequest { payment_id: id.into() })).await;
        assert_eq!(violations(&refused.expect_err("is refused")), ["paymentId"], "{id:?}");
    }
}

#[tokio::test]
async fn confirming_needs_a_key_and_happens_once_for_it() {
    let mut shop = Shop::open().await;
    let order = asked(&mut shop).await;
    let request = ConfirmPaymentRequest { payment_id: order.payment_id.clone() };
    let unkeyed = shop.client.confirm_payment(shop.ann.request(request.clone())).await;
    assert_eq!(reason(unkeyed), "IDEMPOTENCY_KEY_MISSING");

    let first = shop.client.confirm_payment(shop.ann.keyed("key", request.clone())).await.expect("confirms");
    shop.answers.authorized.next().await;
    let again = shop.client.confirm_payment(shop.ann.keyed("key", request.clone())).await.expect("confirms");
    assert_eq!(first.get_ref(), again.get_ref(), "the reply is that of the first call");
    assert_eq!(again.metadata().get("idempotent-replayed").map(|value| value.as_bytes()), Some(&b"true"[..]));

    let other = ConfirmPaymentRequest { payment_id: shop.order().payment_id };
    assert_eq!(reason(shop.client.confirm_payment(shop.ann.keyed("key", other)).await), "IDEMPOTENCY_KEY_REUSED");

    let later = shop.client.confirm_payment(shop.ann.keyed("another-key", request)).await.expect("changes nothing");
    assert_eq!(later.get_ref().status(), State::Authorized);
    assert_eq!(shop.at_the_provider(&order, "authorized").await, 1);
}

#[tokio::test]
async fn only_who_pays_can_confirm() {
    let mut shop = Shop::open().await;
    let order = asked(&mut shop).await;
    let request = ConfirmPaymentRequest { payment_id: order.payment_id.clone() };
    let bob = shop.kit.customer("bob").keyed("key", request);
    assert_eq!(reason(shop.client.confirm_payment(bob).await), "PAYMENT_NOT_FOUND");
    shop.reaches(&order, State::RequiresAction).await;
}

#[tokio::test]
async fn a_payment_that_does_not_wait_for_the_shopper_cannot_be_confirmed() {
    let mut shop = Shop::open().await;
    let order = shop.order();
    shop.authorize(&order, "tok_declined").await;
    shop.answers.failed.next().await;
    let refused = shop.confirm(&order, "key").await.expect_err("is refused");
    assert_eq!(reason_of(&refused), "PAYMENT_NOT_CONFIRMABLE");
    assert_eq!(facts(&refused)["status"], "DECLINED");
    // A decision that stays is replayed, too.
    assert_eq!(reason(shop.confirm(&order, "key").await), "PAYMENT_NOT_CONFIRMABLE");
}
