//! What other people's code may be used under which terms, and from where: `deny.toml`, without `cargo deny`.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The packages that are built, ours among them.
fn packages() -> Vec<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let ran = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--offline", "--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&ran.stdout).expect("metadata");
    metadata["packages"].as_array().cloned().expect("packages")
}

/// The texts of a list in `deny.toml`.
fn listed(key: &str) -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../deny.toml")).expect("deny.toml");
    let list = text.split_once(&format!("{key} = [")).and_then(|(_, rest)| rest.split_once(']')).expect(key).0;
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether an SPDX expression is satisfied by licences that are allowed; old ones part alternatives by `/`.
fn holds(expression: &str, allowed: &[String]) -> bool {
    let expression = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = expression.split_whitespace().collect();
    let (holds, rest) = any(&words, allowed);
    assert!(rest.is_empty(), "`{expression}` cannot be read");
    holds
}

fn any<'w>(words: &'w [&'w str], allowed: &[String]) -> (bool, &'w [&'w str]) {
    let (mut holds, mut rest) = all(words, allowed);
    while let ["OR", more @ ..] = rest {
        let (other, left) = all(more, allowed);
        (holds, rest) = (holds | other, left);
    }
    (holds, rest)
}

fn all<'w>(words: &'w [&'w str], allowed: &[String]) -> (bool, &'w [&'w str]) {
    let (mut holds, mut rest) = one(words, allowed);
    while let ["AND", more @ ..] = rest {
        let (other, left) = one(more, allowed);
        (holds, rest) = (holds & other, left);
    }
    (holds, rest)
}

fn one<'w>(words: &'w [&'w str], allowed: &[String]) -> (bool, &'w [&'w str]) {
    let is_allowed = |name: &str| allowed.iter().any(|one| one == name);
    match words {
        ["(", inner @ ..] => match any(inner, allowed) {
            (holds, [")", rest @ ..]) => (holds, rest),
            (_, rest) => (false, rest),
        },
        [name, "WITH", exception, rest @ ..] => (is_allowed(&format!("{name} WITH {exception}")), rest),
        [name, rest @ ..] => (is_allowed(name), rest),
        [] => (false, &[]),
    }
}

#[test]
fn what_others_wrote_may_be_used() {
    let allowed = listed("allow");
    let packages = packages();
    assert!(packages.len() > 200, "{} packages", packages.len());
    for package in &packages {
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(holds(licence, &allowed), "{}: `{licence}`", package["name"]);
    }
}

#[test]
fn it_comes_from_one_registry() {
    let registries = listed("allow-registry");
    for package in packages() {
        let Some(source) = package["source"].as_str() else { continue };
        let registry = source.strip_prefix("registry+").unwrap_or(source);
        assert!(registries.iter().any(|one| one == registry), "{} comes from {source}", package["name"]);
    }
}

#[test]
fn terms_are_read_as_they_are_meant() {
    let allowed = ["MIT".to_owned(), "ISC".to_owned(), "Apache-2.0 WITH LLVM-exception".to_owned()];
    for good in ["MIT", "GPL-3.0 OR MIT", "MIT/GPL-3.0", "ISC AND (GPL-3.0 OR MIT)", "Apache-2.0 WITH LLVM-exception"] {
        assert!(holds(good, &allowed), "{good}");
    }
    for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "ISC AND (GPL-3.0 OR AGPL-3.0)", "Apache-2.0"] {
        assert!(!holds(bad, &allowed), "{bad}");
    }
}
