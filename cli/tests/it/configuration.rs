//! Settings from everywhere, and what is wrong with them.

use std::fs;

use crate::program::Place;

#[tokio::test]
async fn settings_come_from_everywhere_and_the_dump_says_from_where() {
    let place = Place::new();
    fs::create_dir_all(place.path("config")).expect("creates");
    fs::create_dir_all(place.path("secrets")).expect("creates");
    place.write("config/shop.toml", "log.filter = \"error\"\nlog.format = \"json\"\n[shutdown]\ndrain_seconds = 1");
    place.write("own.toml", "[shutdown]\ndrain_seconds = 2\nannounce_seconds = 2\n");
    place.write("secrets/identity.password.pepper", "s3cret\n");
    let dump = place
        .call(["config", "dump", "--config", "own.toml", "--data-dir", "elsewhere", "--set", "cart.sweep_seconds=7"])
        .env("ULTRAMARKET_PROFILE", "shop")
        .env("ULTRAMARKET_SECRETS_DIR", "secrets")
        .env("ULTRAMARKET__SHUTDOWN__DRAIN_SECONDS", "3")
        .env("ULTRAMARKET__PAYMENT__SANDBOX__WEBHOOK_SECRET", "s3cret")
        .env("ULTRAMARKET__CART__SWEEP_SECONDS", "8")
        .run()
        .await;
    let text = dump.ok();
    for line in [
        "data_dir = \"elsewhere\"  # --data-dir",
        "filter = \"error\"  # config/shop.toml",
        "format = \"json\"  # config/shop.toml",
        "announce_seconds = 2  # own.toml",
        "drain_seconds = 3  # environment variable ULTRAMARKET__SHUTDOWN__DRAIN_SECONDS",
        "sweep_seconds = 7  # --set cart.sweep_seconds",
        "pepper = \"***\"  # file secrets/identity.password.pepper",
        "webhook_secret = \"***\"  # environment variable ULTRAMARKET__PAYMENT__SANDBOX__WEBHOOK_SECRET",
        "webhook_secret_before = \"\"",
        "guest_cart_days = 30",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("s3cret"), "{text}");
    assert!(!place.path("elsewhere").exists(), "a dump touches nothing");

    let again = place.write("dumped.toml", text);
    let again = place.call(["config", "dump", "--config"]).path(&again).run().await;
    let values = |text: &str| text.lines().map(|line| line.split("  # ").next().map(str::to_owned)).collect::<Vec<_>>();
    assert_eq!(values(again.ok()), values(text), "a dump can be used as a file");
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once_and_nothing_is_touched() {
    let place = Place::new();
    place.write("own.toml", "colour = \"red\"\n[log]\nformat = \"xml\"\n");
    let wrong = ["--config", "own.toml", "--set", "shutdown.drain_seconds=soon", "--set", "order.patience=1"];
    for command in [&["up"][..], &["config", "dump"], &["migrate", "up"], &["migrate", "status"]] {
        let ended = place
            .call(command)
            .with(wrong)
            .with(["--data-dir", "data"])
            .env("ULTRAMARKET__HTTP__PORT", "8000")
            .env("ULTRAMARKET__IDENTITY__PASSWORD__PEPER", "s3cret")
            .run()
            .await;
        let told = ended.told(78);
        assert!(told.starts_with("the configuration has 6 problems:\n"), "{told}");
        for part in [
            "own.toml: there is no setting `colour`; there are `admin`, ",
            "own.toml: `log`: unknown variant `xml`, expected `text` or `json`",
            "environment variable ULTRAMARKET__HTTP__PORT: there is no setting `http.port`",
            "environment variable ULTRAMARKET__IDENTITY__PASSWORD__PEPER: there is no setting `identity.password.peper`; \
             there are `concurrency`, `iterations`, `memory_kib`, `parallelism`, `pepper`",
            "--set shutdown.drain_seconds: `shutdown.drain_seconds` needs a whole number",
            "--set order.patience: there is no setting `order.patience`; there are `ask_again_cap_seconds`, ",
        ] {
            assert!(told.contains(&format!("\n  - {part}")), "{part} is not in\n{told}");
        }
        assert!(!told.contains("s3cret"), "{told}");
    }
    assert!(!place.data().exists());
}

#[tokio::test]
async fn a_value_that_only_its_service_can_judge_is_the_configurations_fault_too() {
    for (setting, part) in [
        ("identity.access_token_minutes=0", "access_token_minutes = 0 is not between 1 and 60"),
        ("user.addresses_per_user=0", "addresses_per_user = 0"),
        ("order.hold_seconds=1", "order.hold_seconds must be more than order.pay_seconds"),
        ("payment.provider=bank", "bank"),
        ("notification.from=nobody", "notification"),
        ("notification.mail_url=smtp://localhost", "smtp://localhost"),
        ("gateway.allowed_origins=nonsense", "nonsense"),
        ("gateway.forwarded_headers=no header", "no header"),
        ("log.filter=order=loud", "log.filter"),
    ] {
        let place = Place::new();
        let ended = place.up().with(["--set", setting]).run().await;
        let sentence = ended.refused(78);
        assert!(sentence.contains(part), "{setting}: {sentence}");
    }
}

#[tokio::test]
async fn files_that_are_missing_are_told_with_their_names() {
    let place = Place::new();
    let ended = place.up().with(["--config", "own.toml", "--profile", "nope", "--secrets-dir", "secrets"]).run().await;
    let told = ended.told(78);
    for name in ["config/nope.toml", "own.toml", "secrets"] {
        assert!(told.contains(name), "{told}");
    }
}
