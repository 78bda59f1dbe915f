//! Plain text from the HTML of a product description.
//!
//! Not a parser of documents: it drops tags, scripts and comments, decodes the entities that shop editors write, and
//! keeps the lines that a reader would see. Anything is a valid input.

/// The text of `html` as a browser would show it, one line per paragraph.
pub(crate) fn plain_text(html: &str) -> String {
    let mut text = Text::default();
    let mut rest = html;
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '<' => tag(rest, &mut text),
            '&' => entity(rest, &mut text),
            other => {
                text.push(other);
                &rest[other.len_utf8()..]
            }
        };
    }
    text.out
}

/// What separates the next character from what is there.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    #[default]
    None,
    Space,
    Line,
    Item,
}

#[derive(Default)]
struct Text {
    out: String,
    gap: Gap,
}

impl Text {
    fn push(&mut self, character: char) {
        if character.is_whitespace() {
            self.separate(Gap::Space);
            return;
        }
        let first = self.out.is_empty();
        match std::mem::take(&mut self.gap) {
            Gap::None => {}
            Gap::Space if first => {}
            Gap::Space => self.out.push(' '),
            Gap::Line if first => {}
            Gap::Line => self.out.push('\n'),
            Gap::Item if first => self.out.push_str("- "),
            Gap::Item => self.out.push_str("\n- "),
        }
        self.out.push(character);
    }

    fn separate(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }
}

/// Elements that begin and end a line.
const BLOCKS: [&str; 24] = [
    "address",
    "article",
    "blockquote",
    "br",
    "dd",
    "div",
    "dl",
    "dt",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "ol",
    "p",
    "section",
    "table",
    "tr",
    "ul",
];

/// Consumes the tag that `rest` begins with; a `<` that begins none is text.
fn tag<'a>(rest: &'a str, text: &mut Text) -> &'a str {
    if let Some(comment) = rest.strip_prefix("<!--") {
        return comment.split_once("-->").map_or("", |(_, after)| after);
    }
    let inside = &rest[1..];
    let closing = inside.starts_with('/');
    let name_at = &inside[usize::from(closing)..];
    if !name_at.starts_with(|c: char| c.is_ascii_alphabetic() || c == '!' || c == '?') {
        text.push('<');
        return inside;
    }
    let name_end = name_at.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name_at.len());
    let name = name_at[..name_end].to_ascii_lowercase();
    let after = after_tag(&name_at[name_end..]);
    match name.as_str() {
        "script" | "style" if !closing => return after_element(after, &name),
        "li" if !closing => text.separate(Gap::Item),
        "li" => text.separate(Gap::Line),
        "td" | "th" => text.separate(Gap::Space),
        block if BLOCKS.contains(&block) => text.separate(Gap::Line),
        _ => {}
    }
    after
}

/// What follows the `>` of a tag, past quoted attribute values that hold one.
fn after_tag(attributes: &str) -> &str {
    let mut quote = None;
    for (at, character) in attributes.char_indices() {
        match (quote, character) {
            (None, '>') => return &attributes[at + 1..],
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    ""
}

fn after_element<'a>(rest: &'a str, name: &str) -> &'a str {
    let end = format!("</{name}");
    let found = rest.as_bytes().windows(end.len()).position(|window| window.eq_ignore_ascii_case(end.as_bytes()));
    found.map_or("", |at| after_tag(&rest[at + end.len()..]))
}

/// `&#x0010FFFF;` and the names below are shorter. Looking no further keeps a text full of `&` cheap.
const LONGEST_ENTITY: usize = 12;

const ENTITIES: [(&str, char); 40] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{a0}'),
    ("copy", '©'),
    ("reg", '®'),
    ("trade", '™'),
    ("deg", '°'),
    ("plusmn", '±'),
    ("times", '×'),
    ("divide", '÷'),
    ("frac12", '½'),
    ("frac14", '¼'),
    ("sup2", '²'),
    ("sup3", '³'),
    ("micro", 'µ'),
    ("middot", '·'),
    ("bull", '•'),
    ("hellip", '…'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("laquo", '«'),
    ("raquo", '»'),
    ("euro", '€'),
    ("pound", '£'),
    ("yen", '¥'),
    ("cent", '¢'),
    ("auml", 'ä'),
    ("ouml", 'ö'),
    ("uuml", 'ü'),
    ("szlig", 'ß'),
    ("eacute", 'é'),
    ("egrave", 'è'),
    ("agrave", 'à'),
];

/// Consumes the entity that `rest` begins with; an `&` that begins none is text.
fn entity<'a>(rest: &'a str, text: &mut Text) -> &'a str {
    let body = &rest[1..];
    let end = body.bytes().take(LONGEST_ENTITY).position(|byte| byte == b';');
    let decoded = end.and_then(|end| Some((decode(&body[..end])?, &body[end + 1..])));
    match decoded {
        Some((character, after)) => {
            text.push(character);
            after
        }
        None => {
            text.push('&');
            body
        }
    }
}

fn decode(name: &str) -> Option<char> {
    let Some(number) = name.strip_prefix('#') else {
        return ENTITIES.iter().find(|(known, _)| *known == name).map(|(_, character)| *character);
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => number.parse(),
    };
    char::from_u32(code.ok()?).filter(|character| !character.is_control() || character.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_breaks_and_lists_become_lines() {
        assert_eq!(plain_text("<p>80 175-ml Cyan</p>"), "80 175-ml Cyan");
        assert_eq!(plain_text("<p>One</p>\n<p class='a>b'>Two<br/>Three</p>"), "One\nTwo\nThree");
        assert_eq!(plain_text("Has: <UL><LI>a</LI>\n<li>b<ul><li>c</ul></ul>End"), "Has:\n- a\n- b\n- c\nEnd");
        assert_eq!(plain_text("<table><tr><td>Width</td><td>5</td></tr><tr><td>Depth"), "Width 5\nDepth");
    }

    #[test]
    fn inline_tags_vanish_and_white_space_collapses() {
        assert_eq!(plain_text("  a <b>bold</b>\n\t and <i>it</i>alic "), "a bold and italic");
    }

    #[test]
    fn entities_are_decoded_once() {
        assert_eq!(plain_text("Tom &amp; Jerry&#39;s &#x201C;4&nbsp;&lt;&nbsp;5&#8221;"), "Tom & Jerry's “4 < 5”");
        assert_eq!(plain_text("&amp;lt;b&amp;gt;"), "&lt;b&gt;");
        assert_eq!(plain_text("R&D; AT&T &unknown; &#0; &#xFFFFFFFF; &"), "R&D; AT&T &unknown; &#0; &#xFFFFFFFF; &");
    }

    #[test]
    fn scripts_styles_and_comments_are_no_text() {
        let html = "a<script>if (1 < 2) {}</SCRIPT >b<style>p{}</style>c<!-- <p>x</p> -->d<script>never closed";
        assert_eq!(plain_text(html), "abcd");
    }

    #[test]
    fn anything_is_valid() {
        for html in ["", "<", "<>", "< 5 and > 4", "a < b", "<p", "<p title=\"never closed>text", "</", "&#", "é<é>"]
        {
            plain_text(html);
        }
        assert_eq!(plain_text("a < b > c"), "a < b > c");
    }
}
