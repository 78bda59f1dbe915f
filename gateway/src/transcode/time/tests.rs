use proptest::prelude::*;

use super::*;

fn timestamp(seconds: i64, nanos: i32) -> Result<String, OutOfRange> {
    let mut out = Vec::new();
    push_timestamp(&mut out, Parts { seconds, nanos })?;
    Ok(String::from_utf8(out).expect("is text"))
}

fn duration(seconds: i64, nanos: i32) -> Result<String, OutOfRange> {
    let mut out = Vec::new();
    push_duration(&mut out, Parts { seconds, nanos })?;
    Ok(String::from_utf8(out).expect("is text"))
}

#[test]
fn timestamps_are_printed_in_utc() {
    assert_eq!(timestamp(0, 0).as_deref(), Ok("\"1970-01-01T00:00:00Z\""));
    assert_eq!(timestamp(1_709_164_800, 500_000_000).as_deref(), Ok("\"2024-02-29T00:00:00.500Z\""));
    assert_eq!(timestamp(-1, 1_000).as_deref(), Ok("\"1969-12-31T23:59:59.000001Z\""));
    assert_eq!(timestamp(*SECONDS.start(), 0).as_deref(), Ok("\"0001-01-01T00:00:00Z\""));
    assert_eq!(timestamp(*SECONDS.end(), 999_999_999).as_deref(), Ok("\"9999-12-31T23:59:59.999999999Z\""));
    for (seconds, nanos) in [(*SECONDS.start() - 1, 0), (*SECONDS.end() + 1, 0), (0, -1), (0, 1_000_000_000)] {
        assert_eq!(timestamp(seconds, nanos), Err(OutOfRange));
    }
}

#[test]
fn timestamps_are_read_with_any_offset() {
    let parts = |seconds, nanos| Some(Parts { seconds, nanos });
    assert_eq!(parse_timestamp("1970-01-01T01:00:00.25+01:00"), parts(0, 250_000_000));
    assert_eq!(parse_timestamp("1969-12-31T23:59:00-00:01"), parts(0, 0));
    assert_eq!(parse_timestamp("0001-01-01T00:00:00Z"), parts(*SECONDS.start(), 0));
}

#[test]
fn what_is_no_timestamp_is_refused() {
    let refused = [
        "",
        "1970-01-01",
        "1970-01-01T00:00:00",
        "1970-01-01t00:00:00Z",
        "1970-01-01T00:00:00z",
        "1970-01-01 00:00:00Z",
        "1970-01-01T24:00:00Z",
        "1970-01-01T00:00:60Z",
        "1970-13-01T00:00:00Z",
        "1970-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "1970-00-01T00:00:00Z",
        "1970-01-00T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00.1234567890Z",
        "1970-01-01T00:00:00+0100",
        "1970-01-01T00:00:00+01",
        "1970-01-01T00:00:00Z ",
        "+970-01-01T00:00:00Z",
        "1970-1-01T00:00:00Z",
        "1970-01-01T00:00:0éZ",
    ];
    for text in refused {
        assert_eq!(parse_timestamp(text), None, "{text}");
    }
}

#[test]
fn durations_are_seconds_with_a_unit() {
    assert_eq!(duration(1, 500_000_000).as_deref(), Ok("\"1.500s\""));
    assert_eq!(duration(0, -1).as_deref(), Ok("\"-0.000000001s\""));
    assert_eq!(duration(-DURATION_SECONDS, 0).as_deref(), Ok("\"-315576000000s\""));
    for (seconds, nanos) in [(1, -1), (-1, 1), (DURATION_SECONDS, 1), (DURATION_SECONDS + 1, 0), (0, 1_000_000_000)] {
        assert_eq!(duration(seconds, nanos), Err(OutOfRange));
    }
    assert_eq!(parse_duration("-0.5s"), Some(Parts { seconds: 0, nanos: -500_000_000 }));
    for text in
        ["", "s", "1", "1.s", ".5s", "+1s", "1 s", "1S", "--1s", "13h", "315576000001s", "1e2s", "1.1234567890s"]
    {
        assert_eq!(parse_duration(text), None, "{text}");
    }
}

#[test]
fn mask_paths_change_their_case_only_where_it_can_be_undone() {
    let print = |path: &str| {
        let mut out = Vec::new();
        push_mask_path(&mut out, path.as_bytes()).map(|()| String::from_utf8(out).expect("is text"))
    };
    assert_eq!(print("foo_bar.baz").as_deref(), Ok("fooBar.baz"));
    for path in ["fooBar", "foo_3_bar", "foo__bar", "foo_", "foo_.bar", "foo bar"] {
        assert_eq!(print(path), Err(OutOfRange), "{path}");
    }
    assert_eq!(parse_mask_path("fooBar.baz").as_deref(), Some("foo_bar.baz"));
    assert_eq!(parse_mask_path("foo_bar"), None);
    assert_eq!(parse_mask_path(""), None);
}

proptest! {
    #[test]
    fn any_timestamp_reads_back_as_it_was(seconds in SECONDS, nanos in 0..1_000_000_000i32) {
        let text = timestamp(seconds, nanos).expect("is in range");
        prop_assert_eq!(parse_timestamp(text.trim_matches('"')), Some(Parts { seconds, nanos }));
    }

    #[test]
    fn any_duration_reads_back_as_it_was(seconds in 0..DURATION_SECONDS, nanos in 0..1_000_000_000i32, negative: bool) {
        let sign = if negative { -1 } else { 1 };
        let parts = Parts { seconds: sign * seconds, nanos: i32::try_from(sign).expect("is one") * nanos };
        let text = duration(parts.seconds, parts.nanos).expect("is in range");
        prop_assert_eq!(parse_duration(text.trim_matches('"')), Some(parts));
    }

    #[test]
    fn no_text_breaks_the_parsers(text in "\\PC{0,40}") {
        parse_timestamp(&text);
        parse_duration(&text);
        parse_mask_path(&text);
    }
}
