//! Listing, marking as read, and preferences.

use testkit::{facts, guest, reason as reason_of, violations};
use ultramarket_api::notification::v1::{
    GetPreferencesRequest, ListNotificationsRequest, MarkReadRequest, Preferences,
};

use crate::desk::{Desk, order, reason};

#[tokio::test]
async fn pages_follow_each_other_newest_first() {
    let mut desk = Desk::open().await;
    for _ in 0..5 {
        desk.confirmed(order(), &desk.ann.id).await;
    }
    let all: Vec<String> = desk.notifications().await.into_iter().map(|told| told.notification_id).collect();
    assert_eq!(all.len(), 5);
    assert!(all.is_sorted_by(|one, next| one > next));

    let mut paged = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = desk.ann.request(ListNotificationsRequest { page_size: 2, page_token });
        let page = desk.client.list_notifications(request).await.expect("lists").into_inner();
        assert!(page.notifications.len() <= 2);
        paged.extend(page.notifications.into_iter().map(|told| told.notification_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(paged, all);
}

#[tokio::test]
async fn everybody_sees_only_their_own() {
    let mut desk = Desk::open().await;
    desk.confirmed(order(), &desk.ann.id).await;
    let bob = desk.kit.customer("bob");
    let listed = desk.client.list_notifications(bob.request(ListNotificationsRequest::default())).await;
    assert!(listed.expect("lists").get_ref().notifications.is_empty());
    let id = desk.notifications().await[0].notification_id.clone();
    let request = MarkReadRequest { notification_id: id };
    for stranger in [bob, desk.kit.admin()] {
        let refused = desk.client.mark_read(stranger.request(request.clone())).await;
        assert_eq!(reason(refused), "NOTIFICATION_NOT_FOUND");
    }
    assert!(!desk.notifications().await[0].read);
}

#[tokio::test]
async fn all_of_it_needs_somebody_who_is_signed_in() {
    let mut desk = Desk::open().await;
    let id = "01890a5d-ac96-774b-bcce-b302099a8057".to_owned();
    assert_eq!(
        reason(desk.client.list_notifications(guest(ListNotificationsRequest::default())).await),
        "MISSING_TOKEN"
    );
    assert_eq!(reason(desk.client.mark_read(guest(MarkReadRequest { notification_id: id })).await), "MISSING_TOKEN");
    assert_eq!(reason(desk.client.get_preferences(guest(GetPreferencesRequest {})).await), "MISSING_TOKEN");
}

#[tokio::test]
async fn a_page_token_is_good_for_its_owner_alone() {
    let mut desk = Desk::open().await;
    for _ in 0..2 {
        desk.confirmed(order(), &desk.ann.id).await;
    }
    let request = desk.ann.request(ListNotificationsRequest { page_size: 1, ..ListNotificationsRequest::default() });
    let token = desk.client.list_notifications(request).await.expect("lists").into_inner().next_page_token;
    assert!(!token.is_empty());
    let bob = desk.kit.customer("bob");
    for (person, page_token) in [(&bob, token), (&desk.ann, "forged".to_owned()), (&desk.ann, "' OR 1=1".to_owned())] {
        let request = person.request(ListNotificationsRequest { page_size: 1, page_token });
        assert_eq!(reason(desk.client.list_notifications(request).await), "INVALID_PAGE_TOKEN");
    }
    let request = desk.ann.request(ListNotificationsRequest { page_size: -1, page_token: String::new() });
    let refused = desk.client.list_notifications(request).await.expect_err("is refused");
    assert_eq!(violations(&refused), ["pageSize"]);
}

#[tokio::test]
async fn reading_twice_is_reading_once() {
    let mut desk = Desk::open().await;
    desk.confirmed(order(), &desk.ann.id).await;
    let id = desk.notifications().await[0].notification_id.clone();
    for _ in 0..2 {
        let request = desk.ann.request(MarkReadRequest { notification_id: id.clone() });
        let read = desk.client.mark_read(request).await.expect("marks").into_inner();
        assert!(read.read);
    }
    assert!(desk.notifications().await[0].read);
    let malformed = desk.ann.request(MarkReadRequest { notification_id: "1".into() });
    let refused = desk.client.mark_read(malformed).await.expect_err("is refused");
    assert_eq!(violations(&refused), ["notificationId"]);
}

#[tokio::test]
async fn preferences_begin_with_orders_and_no_offers() {
    let mut desk = Desk::open().await;
    let begun = desk.client.get_preferences(desk.ann.request(GetPreferencesRequest {})).await.expect("reads");
    let begun = begun.into_inner();
    assert_eq!((begun.order_email, begun.marketing_email), (true, false));

    let offers = Preferences { marketing_email: true, ..Preferences::default() };
    let changed = desk.update(offers.clone(), &["marketing_email"]).await.expect("changes");
    assert_eq!((changed.order_email, changed.marketing_email), (true, true));
    assert_ne!(changed.etag, begun.etag);
    assert_eq!(desk.update(offers.clone(), &[]).await.expect("changes nothing"), changed);
    let none = desk.update(Preferences::default(), &["*"]).await.expect("changes");
    assert_eq!((none.order_email, none.marketing_email), (false, false));
    let some = desk.update(offers, &[]).await.expect("changes what is set");
    assert_eq!((some.order_email, some.marketing_email), (false, true));
    let read = desk.client.get_preferences(desk.ann.request(GetPreferencesRequest {})).await.expect("reads");
    assert_eq!(read.into_inner(), some);
}

#[tokio::test]
async fn a_stale_etag_is_refused_with_the_current_one() {
    let desk = Desk::open().await;
    let off = Preferences::default();
    let first = desk.update(off.clone(), &["order_email"]).await.expect("changes");
    let stale = Preferences { etag: "0".into(), order_email: true, ..off.clone() };
    let refused = desk.update(stale, &["order_email"]).await.expect_err("is refused");
    assert_eq!(reason_of(&refused), "ETAG_MISMATCH");
    assert_eq!(facts(&refused)["currentEtag"], first.etag);
    let fresh = Preferences { etag: first.etag, order_email: true, ..off };
    assert!(desk.update(fresh, &["order_email", "etag"]).await.expect("changes").order_email);
}

#[tokio::test]
async fn a_mask_names_fields_that_there_are() {
    let desk = Desk::open().await;
    let refused = desk.update(Preferences::default(), &["account_id"]).await.expect_err("is refused");
    assert_eq!(violations(&refused), ["updateMask"]);
}
