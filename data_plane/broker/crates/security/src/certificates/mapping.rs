//! `ssl.principal.mapping.rules`, as Apache Kafka reads them (KIP-371): `RULE:pattern/replacement/[LU]` and `DEFAULT`, with commas between
//! them. The first rule whose pattern is the whole subject makes the name.

use regex::{Captures, Regex, RegexBuilder};
use thiserror::Error;

use crate::limits::{MAPPING_PATTERN_BYTES_MAX, MAPPING_RULES_BYTES_MAX, MAPPING_RULES_MAX};

/// Why rules are not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MappingError {
    /// More text than any honest set of rules.
    #[error("mapping rules have {0} bytes, at most {MAPPING_RULES_BYTES_MAX} are possible")]
    TooLong(usize),
    /// More rules than there may be.
    #[error("there are more than {MAPPING_RULES_MAX} mapping rules")]
    TooMany,
    /// Something that is no rule; it is counted from 1.
    #[error(
        "mapping rule {0} is neither DEFAULT nor RULE:pattern/replacement/ with L, U or nothing behind it"
    )]
    Form(usize),
    /// A pattern that is no regular expression here.
    #[error("the pattern of mapping rule {0}: {1}")]
    Pattern(usize, String),
    /// A replacement that means nothing.
    #[error(
        "the replacement of mapping rule {0}: a $ takes the number of a group, as $1; a plain one is written \\$"
    )]
    Replacement(usize),
}

/// Rules that make names of subjects.
#[derive(Clone, Debug)]
pub struct PrincipalMapping(Vec<Rule>);

#[derive(Clone, Debug)]
enum Rule {
    /// The subject as it is.
    Subject,
    Pattern {
        pattern: Regex,
        replacement: Vec<Piece>,
        case: Case,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Group(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Kept,
    Lower,
    Upper,
}

impl Default for PrincipalMapping {
    /// What holds without rules: the subject is the name.
    fn default() -> Self {
        Self(vec![Rule::Subject])
    }
}

impl PrincipalMapping {
    /// Reads rules; none at all are `DEFAULT`.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        if text.len() > MAPPING_RULES_BYTES_MAX {
            return Err(MappingError::TooLong(text.len()));
        }
        let mut rules = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            if rules.len() == MAPPING_RULES_MAX {
                return Err(MappingError::TooMany);
            }
            let number = rules.len() + 1;
            let (rule, after) = Rule::parse(rest, number)?;
            rules.push(rule);
            rest = match after.trim_start().strip_prefix(',') {
                Some(next) if !next.trim().is_empty() => next.trim_start(),
                None if after.trim().is_empty() => "",
                _ => return Err(MappingError::Form(number + 1)),
            };
        }
        Ok(if rules.is_empty() { Self::default() } else { Self(rules) })
    }

    /// The name that the rules make of a subject; none where no rule is about it.
    #[must_use]
    pub fn name_of(&self, subject: &str) -> Option<String> {
        self.0.iter().find_map(|rule| rule.apply(subject))
    }
}

impl Rule {
    fn parse(text: &str, number: usize) -> Result<(Self, &str), MappingError> {
        let form = || MappingError::Form(number);
        if let Some(rest) = text.strip_prefix("DEFAULT") {
            return Ok((Self::Subject, rest));
        }
        let rest = text.strip_prefix("RULE:").ok_or_else(form)?;
        let (pattern, rest) = until_slash(rest).ok_or_else(form)?;
        let (replacement, rest) = until_slash(rest).ok_or_else(form)?;
        let (case, rest) = match rest.as_bytes().first() {
            Some(b'L') => (Case::Lower, &rest[1..]),
            Some(b'U') => (Case::Upper, &rest[1..]),
            _ => (Case::Kept, rest),
        };
        // Kafka asks for a match of the whole subject (`Matcher.matches`).
        let pattern = RegexBuilder::new(&format!(r"\A(?:{pattern})\z"))
            .size_limit(MAPPING_PATTERN_BYTES_MAX)
            .build()
            .map_err(|error| MappingError::Pattern(number, one_line(&error)))?;
        let groups = pattern.captures_len() - 1;
        let replacement = pieces(replacement, groups).ok_or(MappingError::Replacement(number))?;
        Ok((Self::Pattern { pattern, replacement, case }, rest))
    }

    fn apply(&self, subject: &str) -> Option<String> {
        match self {
            Self::Subject => Some(subject.to_owned()),
            Self::Pattern { pattern, replacement, case } => {
                let captures = pattern.captures(subject)?;
                let name: String = replacement.iter().map(|piece| piece.of(&captures)).collect();
                Some(match case {
                    Case::Kept => name,
                    Case::Lower => name.to_lowercase(),
                    Case::Upper => name.to_uppercase(),
                })
            }
        }
    }
}

impl Piece {
    fn of<'a>(&'a self, captures: &'a Captures<'_>) -> &'a str {
        match self {
            Self::Text(text) => text,
            Self::Group(number) => captures.get(*number).map_or("", |group| group.as_str()),
        }
    }
}

/// Text up to the first slash that is not escaped, and what follows the slash.
fn until_slash(text: &str) -> Option<(&str, &str)> {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let is_end = byte == b'/' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    })?;
    Some((&text[..end], &text[end + 1..]))
}

/// As `Matcher.replaceAll` reads it: a backslash takes away the meaning of what follows, and digits are read as long as there is a group of
/// that number. A number without a group is text, as Kafka has it.
fn pieces(replacement: &str, groups: usize) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut letters = replacement.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.push(letters.next()?),
            '$' => {
                let mut number = digit(letters.next()?)?;
                if number > groups {
                    text.push('$');
                    text.push_str(&number.to_string());
                    continue;
                }
                while let Some(longer) = letters.peek().and_then(|next| Some(number * 10 + digit(*next)?))
                    && longer <= groups
                {
                    number = longer;
                    letters.next();
                }
                pieces.push(Piece::Text(std::mem::take(&mut text)));
                pieces.push(Piece::Group(number));
            }
            letter => text.push(letter),
        }
    }
    pieces.push(Piece::Text(text));
    Some(pieces)
}

fn digit(letter: char) -> Option<usize> {
    letter.to_digit(10).map(|digit| digit as usize)
}

/// The regex crate draws a picture of the place over several lines; the last one says what is wrong.
fn one_line(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBJECT: &str = "CN=Writer,OU=Unit,O=Org,L=City,ST=State,C=US";

    fn name(rules: &str, subject: &str) -> Option<String> {
        PrincipalMapping::parse(rules).unwrap().name_of(subject)
    }

    #[test]
    fn the_first_rule_that_matches_the_whole_subject_makes_the_name() {
        for (rules, expected) in [
            ("", Some(SUBJECT)),
            ("DEFAULT", Some(SUBJECT)),
            ("RULE:^CN=(.*?),.*$/$1/", Some("Writer")),
            ("RULE:^CN=(.*?),.*$/$1/L", Some("writer")),
            ("RULE:^CN=(.*?),.*$/$1/U", Some("WRITER")),
            ("RULE:^CN=(.*?),OU=(.*?),O=(.*?),.*$/$1@$2.$3/L", Some("writer@unit.org")),
            ("RULE:^CN=Other,.*$/other/ , RULE:^CN=(.*?),.*$/$1/,DEFAULT", Some("Writer")),
            ("RULE:^CN=Other,.*$/other/,DEFAULT", Some(SUBJECT)),
            ("RULE:^CN=Other,.*$/other/", None),
            // Not a match of the whole.
            ("RULE:CN=Writer/other/", None),
            ("RULE:.*OU=(U\\/it|Unit),.*/a\\/$1/", Some("a/Unit")),
            ("RULE:^CN=(.*?),.*$/$1$2/", Some("Writer$2")),
            ("RULE:^CN=(.*?),.*$/$10/", Some("Writer0")),
            ("RULE:^CN=(.*?),.*$/\\$1/", Some("$1")),
            ("RULE:^CN=(.*?),OU=(None)?.*$/$1$2/", Some("Writer")),
        ] {
            assert_eq!(name(rules, SUBJECT).as_deref(), expected, "{rules}");
        }
    }

    #[test]
    fn a_subject_with_line_ends_escapes_no_pattern() {
        assert_eq!(name("RULE:^CN=admin$/root/", "CN=admin\nCN=x"), None);
        assert_eq!(name("RULE:^CN=(.*)$/$1/", "CN=a\n"), None);
    }

    #[test]
    fn what_is_no_rule_is_refused_by_its_number() {
        for (rules, number) in [
            ("default", 1),
            ("RULE:a/b", 1),
            ("RULE:a", 1),
            ("DEFAULT,", 2),
            ("DEFAULT,,DEFAULT", 2),
            ("DEFAULT DEFAULT", 2),
            ("RULE:a/b/X", 2),
            ("RULE:a/b/LU", 2),
        ] {
            assert_eq!(PrincipalMapping::parse(rules).unwrap_err(), MappingError::Form(number), "{rules}");
        }
        for rules in ["RULE:a/$/", "RULE:a/$x/", "RULE:a/${x}/"] {
            assert_eq!(PrincipalMapping::parse(rules).unwrap_err(), MappingError::Replacement(1), "{rules}");
        }
        let pattern = PrincipalMapping::parse("DEFAULT,RULE:(?=a)b/c/").unwrap_err();
        assert!(
            matches!(&pattern, MappingError::Pattern(2, problem) if problem.contains("look-around")),
            "{pattern}"
        );
    }

    #[test]
    fn rules_are_bounded() {
        let many = vec!["DEFAULT"; MAPPING_RULES_MAX + 1].join(",");
        assert_eq!(PrincipalMapping::parse(&many).unwrap_err(), MappingError::TooMany);
        let long = " ".repeat(MAPPING_RULES_BYTES_MAX + 1);
        assert_eq!(PrincipalMapping::parse(&long).unwrap_err(), MappingError::TooLong(long.len()));
        let large = PrincipalMapping::parse("RULE:(((a{100}){100}){100}){100}/b/").unwrap_err();
        assert!(matches!(large, MappingError::Pattern(1, _)));
    }
}
