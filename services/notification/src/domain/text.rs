//! Makes what people typed harmless where it is shown to others.

/// What people typed, on one line of at most `max` characters: no control characters, so that it cannot end a header
/// or a line, and none of the invisible ones that turn text around or hide parts of it.
pub(crate) fn neutral(text: &str, max: usize) -> String {
    let visible = text.chars().filter(|character| !is_invisible(*character));
    let spaced: String = visible
        .map(|character| if character.is_control() || character.is_whitespace() { ' ' } else { character })
        .collect();
    let words: Vec<&str> = spaced.split(' ').filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    if line.chars().count() <= max {
        return line;
    }
    line.chars().take(max.saturating_sub(1)).chain(['…']).collect()
}

/// How to address somebody. A name that a mail program would turn into a link is left out: whoever signs up somebody
/// else's address must not be able to send them one.
pub(crate) fn greeting(name: &str) -> String {
    let name = neutral(name, 60);
    if name.is_empty() || is_like_a_link(&name) { "there".to_owned() } else { name }
}

fn is_like_a_link(name: &str) -> bool {
    let characters: Vec<char> = name.chars().collect();
    let joined = |window: &[char]| window[1] == '.' && window[0] != ' ' && window[2].is_alphanumeric();
    name.contains(['/', '\\', '@', ':']) || characters.windows(3).any(joined)
}

fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_ends_a_header_or_turns_text_around() {
        assert_eq!(neutral("Ann\r\nBcc: all@example.com", 100), "Ann Bcc: all@example.com");
        assert_eq!(neutral("  A\u{202e}nn\t \u{0}Lee\u{200b} ", 100), "Ann Lee");
        assert_eq!(neutral("abcdef", 4), "abc…");
        assert_eq!(neutral("Zoë Ünal 株式会社", 100), "Zoë Ünal 株式会社");
    }

    #[test]
    fn a_name_is_no_link() {
        for name in ["Ann", "J. R. R. Tolkien", "O'Neil-Smith Jr.", "Zoë"] {
            assert_eq!(greeting(name), name);
        }
        for link in ["http://evil.example", "evil.example", "Win at evil.example now", "a@evil.example", "x/y", "", " "]
        {
            assert_eq!(greeting(link), "there", "{link:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_becomes_one_short_line(text in "\\PC*|[\\x00-\\x20]*", max in 1_usize..50) {
            let line = neutral(&text, max);
            prop_assert!(line.chars().count() <= max);
            prop_assert!(!line.chars().any(char::is_control));
        }
    }
}
