use proptest::prelude::*;

use super::*;

/// Passwords of twelve and more characters from the top of published lists, and what forms make of short ones.
const COMMON_LONG: &str = "
    123456789012 1234567890123 0123456789ab 098765432109 987654321098 111111111111 000000000000 121212121212
    123123123123 112233445566 11223344556677 123321123321 147258369147 789456123789 19851985198519 13579135791357
    passwordpassword password1234 password12345 password123456 Password123! Passw0rd!234 P@ssw0rd1234 P@$$w0rd1234
    MyPassword123 thisisapassword mypassword12 drowssap1234567 pass1234pass1234 pa55word2024 password2023!
    qwertyuiop12 qwertyuiop123 qwerty123456 qwerty12345678 qwertyuiopasdfghjklzxcvbnm qweqweqweqwe qweasdzxc123
    azertyuiop12 qwertzuiop12 yxcvbnm12345 asdfghjkl123 asdfasdfasdf zxcvbnm12345 zxcvbnmasdfghjkl qazwsxedcrfv
    1qaz2wsx3edc 1qaz2wsx3edc4rfv zaq12wsxcde3 !qaz2wsx3edc !QAZ@WSX#EDC 1q2w3e4r5t6y q1w2e3r4t5y6 1234qwer1234
    1234qwerasdf asdf1234asdf1234 abcdefghijkl abcdefg12345 abc123abc123 abcd1234abcd aaaaaaaaaaaa aaaaaaaaaaaaB1!
    abababababab ab12ab12ab12 iloveyou1234 iloveyou2024!! iloveyouforever ilovemyfamily iloveyoubaby123
    administrator administrator1 adminadmin123 admin1234567 Admin@123456 root12345678 letmein12345 letmein!letmein!
    welcome12345 Welcome2024! Welcome@2023 changeme1234 ChangeMe2024! trustno1trustno1 hunter2hunter2
    manchesterunited manchester123 liverpool123 liverpoolfc1892 chelsea12345 arsenal12345 barcelona2010 realmadrid2014
    football1234 basketball12 baseball2020 superman1234 batman123456 dragon123456 monkey123456 dragonmonkey2020
    michael12345 jennifer1234 charlie12345 jordan232323 christopher1 princess1234 sunshine1234 butterfly123
    chocolate123 cheesecake12 tinkerbell12 spongebob123 pokemon12345 minecraft123 starwars1977 maytheforcebewithyou
    hello1234567 helloworld123 HelloWorld!1 whatever1234 computer1234 internet1234 samsung12345 googlegoogle
    facebook1234 linkedin2024 december2024 September2023! summer2024!! Winter2023!! summer2024winter testtesttest
    test12345678 super1234567 motherfucker unbelievable correcthorsebatterystaple blink182blink182 iamthebest123
";

#[test]
fn common_passwords_are_refused() {
    let missed: Vec<&str> = COMMON_LONG
        .split_whitespace()
        .inspect(|password| assert!(password.len() >= 12, "{password} is too short to test anything"))
        .filter(|password| !is_too_common(password, &[]))
        .collect();
    assert!(missed.is_empty(), "accepted: {missed:?}");
    assert!(is_too_common("            ", &[]));
    assert!(is_too_common("пппппппппппппп", &[]));
}

#[test]
fn passwords_that_nobody_would_try_are_accepted() {
    let good = [
        "tr4ffic-Lamp-oatmeal",
        "wobbly orange tricycle fence",
        "kV9#mq2LxT0z",
        "x7$gTq!9pLw2",
        "vqzhtrnbkwpd",
        "Der Fuchs jagt 3 graue Enten",
        "grüne Äpfel schmecken süß",
        "沉舟侧畔千帆过病树前头万木春",
        "monkey-dragon-x7Kq-sunshine",
        "ultramarket is my 2nd home!",
        "5f1d7a90c3b24e68",
        "Xk-password-92-vTq",
    ];
    for password in good {
        assert!(!is_too_common(password, &["ann@example.com", "Ann Smith", "ultramarket"]), "{password}");
    }
}

#[test]
fn what_is_known_of_the_owner_is_no_password() {
    let personal = ["ann.smithers@marketplace.example", "Ann Smithers", "ultramarket"];
    for password in [
        "ann.smithers@marketplace.example",
        "Smithers2024!",
        "AnnSmithers123",
        "ultramarket1234",
        "U1tramarket!!!",
        "smithersmarketplace",
    ] {
        assert!(is_too_common(password, &personal), "{password}");
    }
    assert!(!is_too_common("smithers-vq-7Kx-0p", &personal));
}

#[test]
fn the_longest_password_is_judged_quickly() {
    let begun = std::time::Instant::now();
    for password in ["a".repeat(128), "ab".repeat(64), "password".repeat(16)] {
        assert!(is_too_common(&password, &[]), "{password}");
    }
    assert!(begun.elapsed().as_millis() < 1000);
}

#[test]
fn the_list_is_large_and_folded() {
    assert!(COMMON.len() > 2000, "{}", COMMON.len());
    assert!(COMMON.contains(&fold("P@SSW0RD")));
    assert!(COMMON.iter().all(|word| (MIN_WORD..=MAX_WORD).contains(&word.len()) && !word.contains(&0)));
}

proptest! {
    #[test]
    fn any_text_is_judged_and_case_does_not_matter(password in ".{0,128}") {
        let verdict = is_too_common(&password, &[&password]);
        if password.is_ascii() {
            prop_assert_eq!(verdict, is_too_common(&password.to_ascii_uppercase(), &[&password]));
        }
    }

    #[test]
    fn random_passwords_are_accepted(password in "[a-zA-Z0-9!#%&=?_-]{20}") {
        prop_assert!(!is_too_common(&password, &["ann@example.com"]));
    }

    #[test]
    fn a_character_more_costs_at_most_a_character_more(password in "[a-z0-9!@]{0,20}", more in "[a-z0-9!@]") {
        let cost = |password: &str| cost(&password.chars().collect::<Vec<_>>(), &HashSet::new());
        let longer = password.clone() + &more;
        prop_assert!(cost(&longer) <= cost(&password) + CHARACTER);
    }
}
