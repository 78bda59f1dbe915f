//! Mail as the bytes of RFC 5322.

use std::time::{Duration, UNIX_EPOCH};

use lettre::{
    Message,
    message::{
        Body, Mailbox,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};

use super::{Mail, MailError};

/// The longest line that RFC 5322 allows, without its end.
const MAX_LINE_BYTES: usize = 998;

/// Writes a piece of mail, UTF-8 and encoded where needed.
pub(super) fn write(mail: &Mail) -> Result<Vec<u8>, MailError> {
    let to = mail.to.parse().map_err(|error: lettre::address::AddressError| unsendable(&error))?;
    let since_epoch = Duration::from_micros(u64::try_from(mail.date.micros()).unwrap_or(0));
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    let message = Message::builder()
        .from(mail.from.clone())
        .to(Mailbox::new(None, to))
        .subject(mail.subject.clone())
        .date(UNIX_EPOCH + since_epoch)
        .message_id(Some(format!("<{}@{}>", mail.id, mail.from.email.domain())))
        .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
        .header(ContentType::TEXT_PLAIN)
        .body(body(&mail.body))
        .map_err(|error| unsendable(&error))?;
    Ok(message.formatted())
}

/// Plain text goes as it is, for whoever opens the file; long links would else be cut in two. Other text is encoded.
fn body(text: &str) -> Body {
    let is_plain =
        |line: &str| line.len() <= MAX_LINE_BYTES && line.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if !text.split('\n').all(is_plain) {
        return Body::new(text.to_owned());
    }
    Body::dangerous_pre_encoded(text.replace('\n', "\r\n").into_bytes(), ContentTransferEncoding::SevenBit)
}

fn unsendable(error: &dyn std::error::Error) -> MailError {
    MailError::Unsendable(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> Mail {
        Mail {
            id: "01890a5d-ac96-774b-bcce-b302099a8057".into(),
            from: "UltraMarket <no-reply@shop.example>".parse().expect("an address"),
            to: "ann@example.com".into(),
            subject: "Your order".into(),
            body: "Hello Ann,\n\nthank you.\n".into(),
            date: kernel::Timestamp::from_micros(1_700_000_000_000_000),
        }
    }

    fn text(mail: &Mail) -> String {
        String::from_utf8(write(mail).expect("can be written")).expect("mail is ASCII")
    }

    #[test]
    fn plain_mail_is_readable_as_it_is() {
        let written = text(&mail());
        assert!(!written.replace("\r\n", "").contains('\n'), "lines end as the standard says");
        insta::assert_snapshot!(written.replace("\r\n", "\n"), @r"
        From: UltraMarket <no-reply@shop.example>
        To: ann@example.com
        Subject: Your order
        Date: Tue, 14 Nov 2023 22:13:20 +0000
        Message-ID: <01890a5d-ac96-774b-bcce-b302099a8057@shop.example>
        Auto-Submitted: auto-generated
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: 7bit

        Hello Ann,

        thank you.
        ");
    }

    #[test]
    fn text_beyond_ascii_is_encoded() {
        let written = text(&Mail { subject: "Grüße".into(), body: "Schöne Grüße\n".into(), ..mail() });
        assert!(written.is_ascii());
        assert!(written.contains("Subject: =?utf-8?b?R3LDvMOfZQ==?="), "{written}");
    }

    #[test]
    fn a_long_link_stays_whole_and_lines_beyond_the_limit_are_encoded() {
        let link = format!("https://shop.example/reset-password#token={}", "t".repeat(200));
        assert!(text(&Mail { body: link.clone(), ..mail() }).ends_with(&link));
        let written = text(&Mail { body: "x".repeat(999), ..mail() });
        assert!(written.lines().all(|line| line.len() <= MAX_LINE_BYTES), "{written}");
    }

    #[test]
    fn a_line_break_in_a_subject_adds_no_header() {
        let written = text(&Mail { subject: "Hello\r\nBcc: everybody@example.com".into(), ..mail() });
        assert!(!written.lines().any(|line| line.starts_with("Bcc:")), "{written}");
    }

    #[test]
    fn an_address_that_is_none_can_never_be_sent_to() {
        for to in ["", "ann", "ann@", "ann@example.com\r\nBcc: x@example.com", "a b@example.com"] {
            let written = write(&Mail { to: to.into(), ..mail() });
            assert!(matches!(written, Err(MailError::Unsendable(_))), "{to:?}");
        }
    }
}
