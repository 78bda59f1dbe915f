//! What the contract says in words.

use std::collections::HashMap;

use prost_reflect::{DescriptorPool, FileDescriptor};

/// Comments by file and place.
pub(super) struct Comments(HashMap<(String, Vec<i32>), String>);

impl Comments {
    /// Of all files.
    pub(super) fn of(pool: &DescriptorPool) -> Self {
        let mut comments = HashMap::new();
        for file in pool.files() {
            let locations = file.file_descriptor_proto().source_code_info.iter().flat_map(|info| &info.location);
            for location in locations {
                let text = location.leading_comments.as_deref().or(location.trailing_comments.as_deref());
                if let Some(text) = text {
                    comments.insert((file.name().to_owned(), location.path.clone()), tidy(text));
                }
            }
        }
        Self(comments)
    }

    /// The comment of what stands at a place.
    pub(super) fn of_item(&self, file: &FileDescriptor, path: &[i32]) -> String {
        self.0.get(&(file.name().to_owned(), path.to_vec())).cloned().unwrap_or_default()
    }
}

/// Lines without the space that follows `//`.
fn tidy(comment: &str) -> String {
    let lines: Vec<&str> = comment.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).collect();
    lines.join("\n").trim().to_owned()
}

/// The first sentence.
pub(super) fn summary(comment: &str) -> String {
    let line = comment.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    let end = line.find(". ").map_or(line.len(), |at| at + 1);
    line[..end].trim_end_matches('.').to_owned()
}

/// The reasons after `Errors:`.
pub(super) fn reasons(comment: &str) -> Vec<String> {
    let Some((_, list)) = comment.split_once("Errors:") else { return Vec::new() };
    let is_reason = |word: &&str| word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let words = list.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'));
    let mut reasons: Vec<String> = Vec::new();
    for word in words.filter(is_reason) {
        if !reasons.iter().any(|other| other == word) {
            reasons.push(word.to_owned());
        }
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_has_a_summary_and_reasons() {
        let comment = tidy(
            " Lists what is\n for sale. Drafts are not.\n Errors: INVALID_PAGE_TOKEN, EMAIL_REQUIRED (guests), and those of X.\n",
        );
        assert_eq!(summary(&comment), "Lists what is for sale");
        assert_eq!(reasons(&comment), ["INVALID_PAGE_TOKEN", "EMAIL_REQUIRED"]);
    }
}
