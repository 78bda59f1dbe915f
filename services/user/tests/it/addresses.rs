//! ListAddresses, CreateAddress, UpdateAddress and DeleteAddress.

use std::time::Duration;

use futures::future::join_all;
use testkit::{Person, facts, reason, violations};
use tonic::{Code, Status};
use ultramarket_api::{r#type::v1::Address, user::v1 as pb};

use crate::harness::{House, address};

async fn replace(house: &House, who: &Person, id: &str, address: Address) -> Result<pb::SavedAddress, Status> {
    let request = pb::UpdateAddressRequest { address_id: id.to_owned(), address: Some(address) };
    house.client().update_address(who.request(request)).await.map(tonic::Response::into_inner)
}

async fn delete(house: &House, who: &Person, id: &str) -> Result<(), Status> {
    let request = pb::DeleteAddressRequest { address_id: id.to_owned() };
    house.client().delete_address(who.request(request)).await.map(tonic::Response::into_inner)
}

fn is_not_found<T: std::fmt::Debug>(result: Result<T, Status>) {
    let error = result.expect_err("is not found");
    assert_eq!((error.code(), reason(&error).as_str()), (Code::NotFound, "ADDRESS_NOT_FOUND"));
}

#[tokio::test]
async fn addresses_are_kept_newest_first() {
    let house = House::open().await;
    let ann = house.kit.customer("ann");
    assert_eq!(house.addresses(&ann).await, []);
    let all = Address { line2: "Top 7".into(), region: "Wien".into(), phone: "+43 1 234".into(), ..address("Wien") };
    let first = house.save(&ann, all.clone()).await.expect("is fine");
    assert_eq!(first.address, Some(all));
    house.kit.advance(Duration::from_secs(1));
    let second = house.save(&ann, address("  Graz ")).await.expect("is fine");
    assert_eq!(second.address.as_ref().expect("is there").city, "Graz");
    assert_eq!(house.addresses(&ann).await, [second, first]);
}

#[tokio::test]
async fn an_address_is_replaced_whole_and_removed() {
    let house = House::open().await;
    let ann = house.kit.customer("ann");
    let saved = house.save(&ann, Address { line2: "Top 7".into(), ..address("Wien") }).await.expect("is fine");
    let moved = replace(&house, &ann, &saved.address_id, address("Linz")).await.expect("is hers");
    assert_eq!(moved, pb::SavedAddress { address: Some(address("Linz")), ..saved.clone() });
    assert_eq!(replace(&house, &ann, &saved.address_id, address("Linz")).await.expect("again"), moved);
    assert_eq!(house.addresses(&ann).await, [moved]);
    delete(&house, &ann, &saved.address_id).await.expect("is hers");
    is_not_found(delete(&house, &ann, &saved.address_id).await);
    is_not_found(replace(&house, &ann, &saved.address_id, address("Linz")).await);
    assert_eq!(house.addresses(&ann).await, []);
}

#[tokio::test]
async fn the_addresses_of_others_are_not_found() {
    let house = House::open().await;
    let (ann, eve) = (house.kit.customer("ann"), house.kit.customer("eve"));
    let saved = house.save(&ann, address("Wien")).await.expect("is fine");
    is_not_found(replace(&house, &eve, &saved.address_id, address("Linz")).await);
    is_not_found(delete(&house, &eve, &saved.address_id).await);
    is_not_found(delete(&house, &house.kit.admin(), &saved.address_id).await);
    assert_eq!(house.addresses(&eve).await, []);
    assert_eq!(house.addresses(&ann).await, [saved]);
}

#[tokio::test]
async fn nobody_has_more_than_a_hundred_however_many_come_at_once() {
    let house = House::open().await;
    let ann = house.kit.customer("ann");
    let results = join_all((0..104).map(|number| {
        let (house, ann) = (&house, &ann);
        async move { house.save(ann, address(&format!("City {number}"))).await }
    }))
    .await;
    let (saved, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((saved.len(), house.addresses(&ann).await.len()), (100, 100));
    for error in refused {
        let error = error.expect_err("was parted");
        assert_eq!((error.code(), reason(&error).as_str()), (Code::ResourceExhausted, "TOO_MANY_ADDRESSES"));
        assert_eq!(facts(&error)["limit"], "100");
    }
    house.save(&house.kit.customer("bob"), address("Wien")).await.expect("the limit is of one person");
    let gone = &house.addresses(&ann).await[0].address_id;
    delete(&house, &ann, gone).await.expect("is hers");
    house.save(&ann, address("Wien")).await.expect("there is room again");
}

#[tokio::test]
async fn bad_addresses_are_refused_with_all_that_is_wrong() {
    let house = House::open().await;
    let ann = house.kit.customer("ann");
    let error = house.save(&ann, Address::default()).await.expect_err("is empty");
    assert_eq!(violations(&error), ["address.name", "address.line1", "address.city", "address.countryCode"]);
    let blank = Address { name: " ".into(), line1: "A\nB".into(), city: "\t".into(), ..address("") };
    let error = house.save(&ann, blank).await.expect_err("is blank");
    assert_eq!(violations(&error), ["address.name", "address.line1", "address.city", "address.city"]);
    let odd = Address { country_code: "at".into(), postal_code: "1".repeat(21), ..address("Wien") };
    let error = house.save(&ann, odd).await.expect_err("is malformed");
    assert_eq!(violations(&error), ["address.postalCode", "address.countryCode"]);
    let error = replace(&house, &ann, "../1", address("Wien")).await.expect_err("is no id");
    assert_eq!(violations(&error), ["addressId"]);
    let none = house.client().create_address(ann.request(pb::CreateAddressRequest { address: None })).await;
    assert_eq!(violations(&none.expect_err("is missing")), ["address"]);
    assert_eq!(house.addresses(&ann).await, []);
    let quoted = "Robert'); DROP TABLE addresses;--";
    let saved = house.save(&ann, Address { name: quoted.into(), ..address("Wien") }).await.expect("is a name");
    assert_eq!(saved.address.expect("is there").name, quoted);
}
