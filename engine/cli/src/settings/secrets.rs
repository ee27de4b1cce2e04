//! Secrets in the settings file: where they stand, and how they are kept from being drawn with a mistake beside them.

use homeroom_definition::{Kind, Node, Sources, Span};

/// The keys that hold what nobody may see.
const SECRETS: &[(&str, &str)] = &[
    ("auth", "secret"),
    ("api", "keys"),
    ("database", "url"),
    ("redis", "url"),
    ("redis", "secret"),
    ("webhooks", "url"),
    ("webhooks", "secret"),
];

/// Whether a key holds a secret.
pub(super) fn is_secret(section: &str, key: &str) -> bool {
    SECRETS.contains(&(section, key))
}

/// Puts stars over the secrets of the file that `root` was read from. Ids, lines and columns stay as they are.
pub(super) fn strike_out(sources: &mut Sources, root: &Node) {
    let mut spans: Vec<Span> = Vec::new();
    for (section, key) in SECRETS {
        if let Some(secret) = root.get(section).and_then(|section| section.get(key)) {
            spans.push(secret.span);
        }
    }
    if let Some(Kind::Seq(issuers)) = root.get("issuers").map(|issuers| &issuers.kind) {
        spans.extend(issuers.iter().filter_map(|issuer| Some(issuer.get("secret")?.span)));
    }
    if let Some(Kind::Seq(services)) = root.get("services").map(|services| &services.kind) {
        spans.extend(services.iter().filter_map(|service| Some(service.get("key")?.span)));
    }
    if spans.is_empty() {
        return;
    }
    let mut struck = Sources::new();
    for id in sources.ids() {
        let mut text = sources.text(id).to_owned();
        for span in spans.iter().filter(|span| span.source == id) {
            strike(&mut text, *span);
        }
        struck.add(sources.path(id), text);
    }
    *sources = struck;
}

fn strike(text: &mut String, span: Span) {
    let Some(secret) = text.get(span.start..span.end) else { return };
    let stars = |letter: char| if letter.is_whitespace() { letter.into() } else { "*".repeat(letter.len_utf8()) };
    let stars: String = secret.chars().map(stars).collect();
    text.replace_range(span.start..span.end, &stars);
}

#[cfg(test)]
mod tests {
    use homeroom_definition::{Diagnostics, yaml};

    use super::*;

    #[test]
    fn stars_stand_where_secrets_stood() {
        let mut sources = Sources::new();
        sources.add("other.yaml", "auth: { secret: kept }");
        let text = "auth: { secret: 'pässword', issuer: us }\napi:\n  keys:\n    - one\n    - two\nlisten: {}\nissuers: [{ issuer: a, secret: three }]\nservices: [{ name: s, key: [four, five] }]\n";
        let id = sources.add("homeroom.yaml", text);
        let root = yaml::read(&sources, id, &mut Diagnostics::new()).expect("a map");
        strike_out(&mut sources, &root);
        let struck = sources.text(id);
        assert_eq!(struck.len(), text.len());
        assert_eq!(struck.lines().count(), text.lines().count());
        assert!(struck.starts_with("auth: { secret: ***********, issuer: us }\n"), "{struck}");
        assert!(!struck.contains("one") && !struck.contains("two"), "{struck}");
        assert!(struck.contains("\nlisten: {}\nissuers: [{ issuer: a, secret: ***** }]\n"), "{struck}");
        assert!(!struck.contains("four") && !struck.contains("five"), "{struck}");
        assert_eq!(sources.text(homeroom_definition::SourceId(0)), "auth: { secret: kept }");
    }
}
