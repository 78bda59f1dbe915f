//! ListAccounts, GetAccount, SetRoles and DisableAccount.

use std::time::Duration;

use testkit::{guest, reason, violations};
use tonic::{Code, Status};
use ultramarket_api::identity::{
    events::v1::AccountDisabled,
    v1::{self as pb, account::Role},
};

use crate::harness::{House, Person, claims};

async fn get(house: &House, by: &Person, account_id: &str) -> Result<pb::Account, Status> {
    let request = pb::GetAccountRequest { account_id: account_id.to_owned() };
    house.client().get_account(by.request(request)).await.map(tonic::Response::into_inner)
}

async fn set_roles(house: &House, by: &Person, account_id: &str, roles: &[Role]) -> Result<pb::Account, Status> {
    let roles = roles.iter().map(|role| i32::from(*role)).collect();
    let request = pb::SetRolesRequest { account_id: account_id.to_owned(), roles };
    house.client().set_roles(by.request(request)).await.map(tonic::Response::into_inner)
}

async fn disable(house: &House, by: &Person, account_id: &str) -> Result<pb::Account, Status> {
    let request = pb::DisableAccountRequest { account_id: account_id.to_owned() };
    house.client().disable_account(by.request(request)).await.map(tonic::Response::into_inner)
}

async fn list(
    house: &House,
    by: &Person,
    request: pb::ListAccountsRequest,
) -> Result<pb::ListAccountsResponse, Status> {
    house.client().list_accounts(by.request(request)).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn accounts_are_listed_in_pages_newest_first() {
    let house = House::open().await;
    let root = house.administrator("root").await;
    for number in 0..6 {
        // Two at a time have the same moment.
        house.kit.advance(Duration::from_micros(number % 2));
        house.register(&format!("ann{number}")).await;
    }
    let (mut emails, mut token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListAccountsRequest { page_size: 3, page_token: token, email: String::new() };
        let page = list(&house, &root, request).await.expect("may");
        assert!(page.accounts.len() <= 3);
        emails.extend(page.accounts.into_iter().map(|account| account.email));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(emails.len(), 7);
    assert_eq!(emails.last().map(String::as_str), Some("root@example.com"));
    let mut sorted = emails.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted.len(), 7, "none twice: {emails:?}");
}

#[tokio::test]
async fn an_account_is_found_by_its_address() {
    let house = House::open().await;
    let (root, ann) = (house.administrator("root").await, house.register("ann").await);
    let find = |email: &str| pb::ListAccountsRequest { email: email.to_owned(), ..Default::default() };
    let found = list(&house, &root, find("ANN@example.com")).await.expect("may");
    assert_eq!(found.accounts, std::slice::from_ref(&ann));
    assert_eq!(list(&house, &root, find("' OR 1=1 --")).await.expect("may").accounts, []);
    assert_eq!(get(&house, &root, &ann.account_id).await.expect("may"), ann);
}

#[tokio::test]
async fn a_page_token_belongs_to_its_list() {
    let house = House::open().await;
    let (root, boss) = (house.administrator("root").await, house.administrator("boss").await);
    let page = |email: &str, token: &str| pb::ListAccountsRequest {
        page_size: 1,
        page_token: token.to_owned(),
        email: email.to_owned(),
    };
    let token = list(&house, &root, page("", "")).await.expect("may").next_page_token;
    assert!(list(&house, &root, page("", &token)).await.is_ok());
    let errors = [
        list(&house, &boss, page("", &token)).await.expect_err("is another's"),
        list(&house, &root, page("root@example.com", &token)).await.expect_err("is of another filter"),
        list(&house, &root, page("", "forged")).await.expect_err("is forged"),
    ];
    for error in errors {
        assert_eq!((error.code(), reason(&error).as_str()), (Code::InvalidArgument, "INVALID_PAGE_TOKEN"));
    }
    let negative = pb::ListAccountsRequest { page_size: -1, ..Default::default() };
    assert_eq!(violations(&list(&house, &root, negative).await.expect_err("is negative")), ["pageSize"]);
}

#[tokio::test]
async fn new_roles_end_the_sessions_with_the_old_ones() {
    let house = House::open().await;
    let (root, bob) = (house.administrator("root").await, house.person("bob").await);
    let account = set_roles(&house, &root, &bob.id(), &[Role::Seller]).await.expect("may");
    assert_eq!(account.roles().collect::<Vec<_>>(), [Role::Customer, Role::Seller]);
    assert!(house.refresh(&bob.tokens.refresh_token).await.is_err());
    let tokens = house.sign_in("bob").await.expect("is right");
    assert_eq!(claims(&tokens)["roles"], serde_json::json!(["CUSTOMER", "SELLER"]));
    let again = set_roles(&house, &root, &bob.id(), &[Role::Seller, Role::Customer]).await.expect("changes nothing");
    assert_eq!(again, account);
    assert!(house.is_live(&tokens).await);
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once() {
    let house = House::open().await;
    let mut announced = house.kit.listen::<AccountDisabled>().await;
    let (root, bob) = (house.administrator("root").await, house.person("bob").await);
    for _ in 0..2 {
        assert!(disable(&house, &root, &bob.id()).await.expect("may").disabled);
    }
    assert!(house.refresh(&bob.tokens.refresh_token).await.is_err());
    assert!(!house.is_live(&bob.tokens).await);
    assert_eq!(announced.next().await.account_id, bob.id());
    let eve = house.person("eve").await;
    disable(&house, &root, &eve.id()).await.expect("may");
    assert_eq!(announced.next().await.account_id, eve.id(), "the first was announced once");
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let house = House::open().await;
    let root = house.administrator("root").await;
    let is_last = |result: Result<pb::Account, Status>| {
        let error = result.expect_err("nobody could undo it");
        assert_eq!((error.code(), reason(&error).as_str()), (Code::FailedPrecondition, "LAST_ADMINISTRATOR"));
    };
    is_last(set_roles(&house, &root, &root.id(), &[Role::Customer]).await);
    is_last(disable(&house, &root, &root.id()).await);
    let boss = house.administrator("boss").await;
    disable(&house, &root, &boss.id()).await.expect("another is left");
    is_last(disable(&house, &root, &root.id()).await);
    set_roles(&house, &root, &root.id(), &[Role::Admin, Role::Seller]).await.expect("stays an administrator");
}

#[tokio::test]
async fn of_two_administrators_who_remove_each_other_one_stays() {
    let house = House::open().await;
    let (root, boss) = (house.administrator("root").await, house.administrator("boss").await);
    let (root_id, boss_id) = (root.id(), boss.id());
    let results = futures::join!(
        set_roles(&house, &root, &boss_id, &[Role::Customer]),
        set_roles(&house, &boss, &root_id, &[Role::Customer])
    );
    let left = house.count("SELECT COUNT(*) FROM accounts WHERE roles LIKE '%ADMIN%'").await;
    assert_eq!((left, results.0.is_ok() as u8 + results.1.is_ok() as u8), (1, 1));
}

#[tokio::test]
async fn unknown_accounts_are_not_found() {
    let house = House::open().await;
    let root = house.administrator("root").await;
    let nobody = house.kit.customer("nobody").id;
    for error in [
        get(&house, &root, &nobody).await.expect_err("is unknown"),
        set_roles(&house, &root, &nobody, &[Role::Seller]).await.expect_err("is unknown"),
        disable(&house, &root, &nobody).await.expect_err("is unknown"),
    ] {
        assert_eq!((error.code(), reason(&error).as_str()), (Code::NotFound, "ACCOUNT_NOT_FOUND"));
    }
    let malformed = set_roles(&house, &root, "../accounts", &[Role::Unspecified]).await.expect_err("is malformed");
    assert_eq!(violations(&malformed), ["accountId", "roles[0]"]);
}

#[tokio::test]
async fn only_administrators_may() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let mut client = house.client();
    let errors = [
        client.list_accounts(ann.request(pb::ListAccountsRequest::default())).await.expect_err("may not"),
        get(&house, &ann, &ann.id()).await.expect_err("may not"),
        set_roles(&house, &ann, &ann.id(), &[Role::Admin]).await.expect_err("may not"),
        disable(&house, &ann, &ann.id()).await.expect_err("may not"),
    ];
    for error in errors {
        assert_eq!((error.code(), reason(&error).as_str()), (Code::PermissionDenied, "MISSING_ROLE"));
    }
    let error = client.list_accounts(guest(pb::ListAccountsRequest::default())).await.expect_err("nobody may");
    assert_eq!(reason(&error), "MISSING_TOKEN");
}
