use proptest::prelude::*;

use super::*;

fn router(routes: &[(&str, &str)]) -> Router {
    let mut router = Router::new();
    for (id, (method, template)) in routes.iter().enumerate() {
        let method = (*method != "*").then(|| method.parse().expect("is a method"));
        let template = Template::parse(template).expect("is a template");
        assert_eq!(router.insert(&template, method, id), Ok(()), "{template:?}");
    }
    router
}

fn get(router: &Router, path: &str) -> Option<RouteId> {
    match router.find(path, &Method::GET) {
        Found::Route { route, .. } => Some(route),
        Found::OtherMethods(_) | Found::Nothing => None,
    }
}

#[test]
fn a_literal_wins_over_one_segment_over_the_rest() {
    let routes =
        [("GET", "/v1/**"), ("GET", "/v1/{a}"), ("GET", "/v1/by-slug/{a}"), ("GET", "/v1/{a}/x"), ("GET", "/v1/me")];
    let router = router(&routes);
    assert_eq!(get(&router, "/v1/me"), Some(4));
    assert_eq!(get(&router, "/v1/you"), Some(1));
    assert_eq!(get(&router, "/v1/by-slug/x"), Some(2));
    assert_eq!(get(&router, "/v1/you/x"), Some(3));
    assert_eq!(get(&router, "/v1"), Some(0));
    assert_eq!(get(&router, "/v1/"), Some(0));
    assert_eq!(get(&router, "/v1/you/y/z"), Some(0));
    assert_eq!(get(&router, "/v2"), None);
}

#[test]
fn a_dead_end_is_left_again() {
    let router = router(&[("GET", "/a/b/c"), ("GET", "/a/*/d"), ("GET", "/*/b/e"), ("GET", "/{x=**}")]);
    assert_eq!(get(&router, "/a/b/d"), Some(1));
    assert_eq!(get(&router, "/a/b/e"), Some(2));
    assert_eq!(get(&router, "/a/b/f"), Some(3));
}

#[test]
fn a_trailing_slash_is_another_path() {
    let router = router(&[("GET", "/a"), ("GET", "/a/*"), ("GET", "/")]);
    assert_eq!(get(&router, "/"), Some(2));
    assert_eq!(get(&router, "/a"), Some(0));
    assert_eq!(get(&router, "/a/"), None);
    assert_eq!(get(&router, "//"), None);
    assert_eq!(get(&router, "/a//"), None);
    assert_eq!(get(&router, ""), None);
}

#[test]
fn a_colon_begins_a_verb_only_where_the_path_has_that_verb() {
    let router =
        router(&[("GET", "/o/{id}"), ("POST", "/o/{id}:cancel"), ("GET", "/p:import"), ("GET", "/f/{x=**}:read")]);
    assert_eq!(get(&router, "/o/urn:uuid:1"), Some(0));
    assert_eq!(router.find("/o/a:b:cancel", &Method::POST), Found::Route { route: 1, head: false });
    assert_eq!(router.find("/o/1:cancel", &Method::GET), Found::OtherMethods(vec![Method::POST]));
    assert_eq!(get(&router, "/o/1%3Acancel"), Some(0));
    assert_eq!(get(&router, "/o/:cancel"), Some(0));
    assert_eq!(get(&router, "/p:import"), Some(2));
    assert_eq!(get(&router, "/p"), None);
    assert_eq!(get(&router, "/f/a/b:read"), Some(3));
    assert_eq!(get(&router, "/f:read"), Some(3));
    assert_eq!(get(&router, "/f/a:b/c"), None);
}

#[test]
fn another_method_is_told_from_another_path() {
    let router = router(&[("GET", "/a"), ("PATCH", "/a"), ("DELETE", "/{x}"), ("*", "/any")]);
    assert_eq!(router.find("/a", &Method::PUT), Found::OtherMethods(vec![Method::GET, Method::PATCH, Method::DELETE]));
    assert_eq!(router.find("/a", &Method::DELETE), Found::Route { route: 2, head: false });
    assert_eq!(router.find("/any", &Method::PUT), Found::Route { route: 3, head: false });
    assert_eq!(router.find("/a", &Method::HEAD), Found::Route { route: 0, head: true });
    assert_eq!(router.find("/a/b", &Method::GET), Found::Nothing);
}

#[test]
fn literals_match_in_any_spelling() {
    let router = router(&[("GET", "/caf%C3%A9/a-b")]);
    assert_eq!(get(&router, "/caf%c3%a9/%61%2Db"), Some(0));
}

#[test]
fn the_same_shape_twice_is_refused_with_the_first_route() {
    let mut router = router(&[("GET", "/a/{x}"), ("POST", "/a/{x}"), ("GET", "/a/{x}:v"), ("GET", "/a/**")]);
    let mut insert = |template: &str| router.insert(&Template::parse(template).expect("parses"), Some(Method::GET), 9);
    assert_eq!(insert("/a/{y=*}"), Err(Taken(0)));
    assert_eq!(insert("/a/*:v"), Err(Taken(2)));
    assert_eq!(insert("/a/{rest=**}"), Err(Taken(3)));
    assert_eq!(insert("/a/{y}:w"), Ok(()));
}

#[test]
fn values_are_slices_of_the_raw_path() {
    assert_eq!(segments("/v1/a%2Fb/books/c", 1, Some(2), 0), "a%2Fb");
    assert_eq!(segments("/v1/a/b:read", 1, None, 5), "a/b");
    assert_eq!(segments("/v1", 1, None, 0), "");
    assert_eq!(segments("/v1/a/b/", 1, None, 0), "a/b/");
    assert_eq!(segments("/v1/x:y:get", 1, Some(2), 4), "x:y");
}

proptest! {
    /// Whatever the order in which routes are added, the same one answers.
    #[test]
    fn the_order_of_routes_does_not_matter(
        order in Just((0..8usize).collect::<Vec<_>>()).prop_shuffle(),
        path in "(/(a|b|c|)){0,4}(:v)?",
    ) {
        let templates = ["/a", "/{x}", "/{x=**}", "/a/{x}", "/a/b/*", "/*/b/**", "/a/*:v", "/{x=a/**}:v"];
        let mut router = Router::new();
        for id in &order {
            let template = Template::parse(templates[*id]).expect("parses");
            prop_assert_eq!(router.insert(&template, Some(Method::GET), *id), Ok(()));
        }
        let mut reference = Router::new();
        for (id, template) in templates.iter().enumerate() {
            prop_assert_eq!(reference.insert(&Template::parse(template).expect("parses"), Some(Method::GET), id), Ok(()));
        }
        prop_assert_eq!(router.find(&path, &Method::GET), reference.find(&path, &Method::GET));
    }
}
