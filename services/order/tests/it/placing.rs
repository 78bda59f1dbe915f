//! PlaceOrder: what is stored and answered, and what a repeated key does.

use futures::future::join_all;
use kernel::sha256;
use prost::Message;
use service_kit::metadata;
use testkit::{reason, violations};
use ultramarket_api::{
    order::{
        events::v1::{OrderConfirmed, OrderPlaced},
        v1::{
            self as pb,
            order::{FulfilmentStatus, Lifecycle, PaymentStatus},
        },
    },
    r#type::v1::Address,
};

use crate::{
    shop::{GOOD_CARD, Shop, address, as_guest, header, new_key, purchase},
    world::usd,
};

#[tokio::test]
async fn an_order_is_what_the_cart_says_and_is_told_of() {
    let shop = Shop::open().await;
    let mut placed = shop.kit.listen::<OrderPlaced>().await;
    let order = shop.place(GOOD_CARD).await;

    assert_eq!(order.lifecycle(), Lifecycle::Pending);
    assert_eq!(order.payment_status(), PaymentStatus::None);
    assert_eq!(order.fulfilment_status(), FulfilmentStatus::Unfulfilled);
    assert_eq!((order.subtotal.clone(), order.total.clone()), (usd(602), usd(602)));
    assert_eq!(order.items.len(), 2);
    let lamp = &order.items[0];
    assert_eq!((lamp.sku.as_str(), lamp.product_id.as_str()), ("LAMP", "product of LAMP"));
    assert_eq!((lamp.title.as_str(), lamp.quantity), ("LAMP the Great", 3));
    assert_eq!((lamp.unit_price.clone(), lamp.line_total.clone()), (usd(199), usd(597)));
    assert_eq!(order.shipping_address, Some(address()));
    assert_eq!(order.email, "ann@example.com");
    assert!(order.number.starts_with("UM-") && order.number.len() == 12, "{}", order.number);
    assert!(order.cancellation.is_none() && order.next_action.is_none());
    assert!(!order.payment_id.is_empty() && !order.etag.is_empty());
    assert_eq!(order.create_time, order.update_time);

    let event = placed.next().await;
    assert_eq!(event.order, Some(order.clone()));
    assert_eq!((event.account_id, event.cart_version), (shop.ann().id, 1));
    let confirmed = shop.until_it_is(Lifecycle::Confirmed, &order.order_id).await;
    assert_eq!(confirmed.items, order.items);
    assert!(placed.heard().is_empty(), "told once");
    assert_eq!(shop.world.cart_calls(), [(true, None)]);
}

#[tokio::test]
async fn a_guest_gets_a_token_which_payment_knows_by_its_digest() {
    let shop = Shop::open().await;
    let (order, token) = shop.place_as_guest(GOOD_CARD).await;
    assert_eq!(order.email, "guest@example.com");
    shop.until_it_is(Lifecycle::Confirmed, &order.order_id).await;
    let asked = shop.world.authorization(&order.order_id).expect("payment was asked");
    assert_eq!(asked.order_token_hash.as_ref(), sha256(token.as_bytes()));
    assert_eq!((asked.account_id.as_str(), asked.amount), ("", usd(602)));
    assert_eq!((asked.payment_id, asked.payment_token.as_str()), (order.payment_id, GOOD_CARD));
    let (account, cart_token) = shop.world.cart_calls().remove(0);
    assert!(!account && cart_token.is_some(), "the guest's proof is passed on");
}

#[tokio::test]
async fn a_guest_says_who_they_are_and_who_is_told() {
    let shop = Shop::open().await;
    let mut client = shop.client.clone();
    let refused = client.place_order(as_guest(&new_key(), purchase(GOOD_CARD))).await.expect_err("no email");
    assert_eq!((reason(&refused).as_str(), violations(&refused)), ("EMAIL_REQUIRED", vec!["email".to_owned()]));
    let nobody = testkit::with_key(&new_key(), testkit::guest(purchase(GOOD_CARD)));
    let refused = client.place_order(nobody).await.expect_err("neither account nor cart");
    assert_eq!(reason(&refused), "MISSING_TOKEN");
}

#[tokio::test]
async fn an_account_may_have_somebody_else_told() {
    let shop = Shop::open().await;
    let request = pb::PlaceOrderRequest { email: "office@example.com".into(), ..purchase(GOOD_CARD) };
    let order = shop.client.clone().place_order(shop.ann().keyed(&new_key(), request)).await.expect("can be placed");
    assert_eq!(order.into_inner().email, "office@example.com");
}

#[tokio::test]
async fn a_repeated_key_gets_the_same_answer_to_the_byte() {
    let shop = Shop::open().await;
    let mut client = shop.client.clone();
    let request = || {
        let message = pb::PlaceOrderRequest { email: "guest@example.com".into(), ..purchase(GOOD_CARD) };
        as_guest("one-intent", message)
    };
    let first = client.place_order(request()).await.expect("can be placed");
    shop.until_it_is(Lifecycle::Confirmed, &first.get_ref().order_id).await;
    let again = client.place_order(request()).await.expect("is replayed");
    assert_eq!(header(&first, metadata::IDEMPOTENT_REPLAYED), None);
    assert_eq!(header(&again, metadata::IDEMPOTENT_REPLAYED).as_deref(), Some("true"));
    assert_eq!(header(&first, metadata::ORDER_TOKEN), header(&again, metadata::ORDER_TOKEN));
    assert_eq!(first.get_ref().encode_to_vec(), again.get_ref().encode_to_vec());
    assert_eq!(shop.column("SELECT id FROM orders").await.len(), 1);

    let shop = shop.reopened().await;
    let later = shop.client.clone().place_order(request()).await.expect("is replayed after a restart too");
    assert_eq!(header(&first, metadata::ORDER_TOKEN), header(&later, metadata::ORDER_TOKEN));
    assert_eq!(first.get_ref(), later.get_ref());
}

#[tokio::test]
async fn twenty_presses_of_the_button_are_one_order() {
    let shop = Shop::open().await;
    let mut confirmed = shop.kit.listen::<OrderConfirmed>().await;
    let presses = (0..20).map(|_| {
        let (mut client, request) = (shop.client.clone(), shop.ann().keyed("one-intent", purchase(GOOD_CARD)));
        async move { client.place_order(request).await }
    });
    let mut replies = Vec::new();
    for outcome in join_all(presses).await {
        match outcome {
            Ok(reply) => replies.push(reply.into_inner()),
            Err(status) => assert_eq!(reason(&status), "IDEMPOTENCY_KEY_IN_FLIGHT"),
        }
    }
    assert!(!replies.is_empty() && replies.iter().all(|reply| *reply == replies[0]));
    assert_eq!(shop.column("SELECT id FROM orders").await, [replies[0].order_id.as_str()]);
    assert_eq!(confirmed.next().await.order.expect("has the order").order_id, replies[0].order_id);
    assert!(confirmed.heard().is_empty(), "one order is confirmed once");
}

#[tokio::test]
async fn a_key_is_needed_and_is_for_one_request() {
    let shop = Shop::open().await;
    let mut client = shop.client.clone();
    let refused = client.place_order(shop.ann().request(purchase(GOOD_CARD))).await.expect_err("no key");
    assert_eq!(reason(&refused), "IDEMPOTENCY_KEY_MISSING");
    client.place_order(shop.ann().keyed("one-intent", purchase(GOOD_CARD))).await.expect("can be placed");
    let other = shop.ann().keyed("one-intent", purchase("tok_other"));
    assert_eq!(reason(&client.place_order(other).await.expect_err("another request")), "IDEMPOTENCY_KEY_REUSED");
    let bob = shop.kit.customer("bob").keyed("one-intent", purchase(GOOD_CARD));
    client.place_order(bob).await.expect("keys of different people have nothing to do with each other");
}

#[tokio::test]
async fn all_that_is_wrong_with_a_request_is_said_at_once() {
    let shop = Shop::open().await;
    let hostile = pb::PlaceOrderRequest {
        shipping_address: Some(Address { country_code: "usa'; --".into(), name: "x".repeat(201), ..address() }),
        payment_token: "4242 4242 4242 4242".into(),
        expected_total: None,
        email: "not an address".into(),
    };
    let refused = shop.client.clone().place_order(shop.ann().keyed(&new_key(), hostile)).await.expect_err("is refused");
    assert_eq!(reason(&refused), "INVALID_REQUEST");
    let mut fields = violations(&refused);
    fields.sort();
    assert_eq!(fields, ["email", "paymentToken", "shippingAddress.countryCode", "shippingAddress.name"]);
    assert!(shop.world.cart_calls().is_empty());
}
