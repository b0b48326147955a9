//! Rust names for the names in the definitions.

/// `ProducerId` becomes `producer_id`.
pub(crate) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let after_lower =
            index > 0 && (letters[index - 1].is_lowercase() || letters[index - 1].is_ascii_digit());
        let before_lower = index > 0 && letters.get(index + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && (after_lower || before_lower) {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// A field name, escaped where Rust keeps the word for itself.
pub(crate) fn field(name: &str) -> String {
    match snake(name).as_str() {
        "type" => "r#type".to_owned(),
        "match" => "r#match".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_words() {
        for (name, expected) in
            [("ProducerId", "producer_id"), ("KRaftVersionRecord", "k_raft_version_record"), ("type", "type")]
        {
            assert_eq!(snake(name), expected);
        }
        assert_eq!(field("Type"), "r#type");
    }
}
