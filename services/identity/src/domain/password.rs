//! Which passwords are too common to be accepted.
//!
//! Passwords have at least twelve characters, which rules out almost every published list of common ones; what people
//! do instead is to put a common word, a keyboard walk, a year and an exclamation mark next to each other. So a
//! password is judged by the cheapest way to put it together from such parts: one that needs less than [`ENOUGH`] is
//! refused. `Password123!` is a word, a sequence and a character: 2 + 1 + 1.

use std::{collections::HashSet, sync::LazyLock};

/// A password must cost as much as so many characters at random.
const ENOUGH: u32 = 7;
/// A password of fewer different characters is refused whatever it costs.
const MIN_DISTINCT: usize = 5;
const MIN_WORD: usize = 3;
const MAX_WORD: usize = 48;
const MIN_RUN: usize = 3;

const CHARACTER: u32 = 1;
const WORD: u32 = 2;
const PATTERN: u32 = 1;

static COMMON: LazyLock<HashSet<Vec<u8>>> = LazyLock::new(|| {
    let lines = include_str!("password/common.txt").lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).map(fold).filter(|word| is_word(word)).collect()
});

/// Ways over a keyboard, forwards; they are walked backwards too.
const WALKS: [&str; 18] = [
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1qazxsw23edcvfr45tgbnhy67ujm",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "qazwsxedcrfvtgbyhnujmikolp",
    "qweasdzxcrtyfghvbn",
    "112233445566778899001122",
    "147258369",
    "789456123",
];

/// Whether `password` is so common that it is among the first to be tried, by itself or for somebody of whom
/// `personal` is known: the address, the name, the shop.
pub(crate) fn is_too_common(password: &str, personal: &[&str]) -> bool {
    let characters: Vec<char> = password.chars().flat_map(char::to_lowercase).collect();
    let distinct: HashSet<char> = characters.iter().copied().collect();
    distinct.len() < MIN_DISTINCT || cost(&characters, &personal_words(personal)) < ENOUGH
}

/// The least cost of all ways to put the password together.
fn cost(characters: &[char], personal: &HashSet<Vec<u8>>) -> u32 {
    let folded: Vec<u8> = characters.iter().copied().map(fold_character).collect();
    let copies = copies(characters);
    let mut costs = vec![u32::MAX; characters.len() + 1];
    costs[0] = 0;
    for start in 0..characters.len() {
        let so_far = costs[start];
        let mut reach = |length: usize, cost: u32| {
            let end = &mut costs[start + length];
            *end = (*end).min(so_far + cost);
        };
        reach(1, CHARACTER);
        for length in MIN_WORD..=MAX_WORD.min(characters.len() - start) {
            let part = &folded[start..start + length];
            if COMMON.contains(part) || personal.contains(part) {
                reach(length, WORD);
            }
        }
        let run = sequence(&characters[start..]).max(walk(&characters[start..]));
        let digits = digits(&characters[start..]);
        for length in (MIN_RUN..=run).chain(2..=copies[start]).chain(digits) {
            reach(length, PATTERN);
        }
    }
    costs[characters.len()]
}

/// How far the characters go on evenly: `4567`, `dcba`, `!!!!`.
fn sequence(characters: &[char]) -> usize {
    let step = |pair: &[char]| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]));
    let mut steps = characters.windows(2).map(step);
    let Some(first) = steps.next().filter(|step| step.abs() <= 1) else { return 1 };
    2 + steps.take_while(|step| *step == first).count()
}

/// How far the characters go along one of [`WALKS`], with or without shift.
fn walk(characters: &[char]) -> usize {
    let pressed: Vec<u8> = characters.iter().copied().map(unshift).collect();
    let along = |way: &[u8]| {
        let from = |start: usize| way[start..].iter().zip(&pressed).take_while(|(a, b)| a == b).count();
        (0..way.len()).map(from).max().unwrap_or(0)
    };
    let both = |way: &str| along(way.as_bytes()).max(along(&way.bytes().rev().collect::<Vec<u8>>()));
    WALKS.iter().map(|way| both(way)).max().unwrap_or(0)
}

/// For each place: how many characters repeat what came before, as in `hunter2hunter2`.
fn copies(characters: &[char]) -> Vec<usize> {
    let mut longest = vec![0; characters.len()];
    for distance in 1..characters.len() {
        let mut length = 0;
        for place in (distance..characters.len()).rev() {
            length = if characters[place] == characters[place - distance] { length + 1 } else { 0 };
            longest[place] = longest[place].max(length);
        }
    }
    longest
}

/// The lengths of numbers that people choose: two digits, or a year of the last and this century.
fn digits(characters: &[char]) -> Vec<usize> {
    let count = characters.iter().take(4).take_while(|character| character.is_ascii_digit()).count();
    let century: String = characters.iter().take(2).collect();
    match count {
        4 if century == "19" || century == "20" => vec![2, 4],
        2..=4 => vec![2],
        _ => Vec::new(),
    }
}

fn personal_words(personal: &[&str]) -> HashSet<Vec<u8>> {
    let parts = personal.iter().flat_map(|text| {
        let words = text.split(|character: char| !character.is_alphanumeric());
        words.chain(text.split('@')).chain([*text])
    });
    parts.map(fold).filter(|word| is_word(word)).collect()
}

fn is_word(folded: &[u8]) -> bool {
    (MIN_WORD..=MAX_WORD).contains(&folded.len())
}

fn fold(word: &str) -> Vec<u8> {
    word.chars().flat_map(char::to_lowercase).map(fold_character).collect()
}

/// Look-alikes become one character. What is not ASCII becomes 0, which is in no word.
fn fold_character(character: char) -> u8 {
    match character {
        '0' => b'o',
        '1' | '!' | '|' | 'l' => b'i',
        '3' => b'e',
        '4' | '@' => b'a',
        '5' | '$' => b's',
        '7' | '+' => b't',
        '8' => b'b',
        '9' => b'g',
        other => u8::try_from(other).ok().filter(u8::is_ascii).unwrap_or(0),
    }
}

/// The key of a US keyboard that types the character.
fn unshift(character: char) -> u8 {
    match character {
        '!' => b'1',
        '@' => b'2',
        '#' => b'3',
        '$' => b'4',
        '%' => b'5',
        '^' => b'6',
        '&' => b'7',
        '*' => b'8',
        '(' => b'9',
        ')' => b'0',
        other => u8::try_from(other).ok().filter(u8::is_ascii).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests;
