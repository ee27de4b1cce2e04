//! The floors of the house: a crate imports from lower ones only, and each outside library has one home.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// Crates by floor, as `engine/ARCHITECTURE.md` has them.
const FLOORS: &[(&str, u8)] = &[
    ("homeroom-definition", 0),
    ("homeroom-plan", 1),
    ("homeroom-store", 1),
    ("homeroom-export", 2),
    ("homeroom-runtime", 2),
    ("homeroom-socket", 3),
    ("homeroom-http", 3),
    ("homeroom-cli", 4),
    ("homeroom", 5),
    ("homeroom-tests", 6),
];

/// Outside libraries and where they may be used; the tests may use what they need.
const HOMES: &[(&str, &[&str])] = &[
    ("serde-saphyr", &["homeroom-definition"]),
    ("annotate-snippets", &["homeroom-definition"]),
    ("pretty_yaml", &["homeroom-definition"]),
    ("jsonschema", &["homeroom-plan"]),
    ("minijinja", &["homeroom-plan"]),
    ("ahash", &["homeroom-store"]),
    ("sqlx", &["homeroom-store"]),
    ("moka", &["homeroom-store"]),
    ("redis", &["homeroom-store"]),
    ("arc-swap", &["homeroom-runtime"]),
    ("socketioxide", &["homeroom-socket"]),
    ("hyper", &["homeroom-socket"]),
    // The edge hands its routes over as a router of axum.
    ("axum", &["homeroom-http", "homeroom-socket"]),
    ("prometheus-client", &["homeroom-runtime"]),
    ("clap", &["homeroom-cli"]),
    ("notify", &["homeroom-cli"]),
    ("jsonwebtoken", &["homeroom-cli"]),
    ("mimalloc", &["homeroom"]),
];

/// Each crate of the workspace with what it imports, but for what only its own tests import.
fn imports() -> BTreeMap<String, Vec<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let ran = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&ran.stdout).expect("metadata");
    let name = |of: &Value| of["name"].as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    let of_package = |package: &Value| {
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        (name(package), dependencies.filter(|one| one["kind"].is_null()).map(name).collect())
    };
    packages.iter().map(of_package).collect()
}

#[test]
fn a_crate_imports_from_lower_floors_only() {
    let floors: BTreeMap<&str, u8> = FLOORS.iter().copied().collect();
    for (package, imports) in imports() {
        let floor = floors.get(package.as_str()).unwrap_or_else(|| panic!("`{package}` has no floor"));
        for import in imports.iter().filter_map(|import| Some((import, floors.get(import.as_str())?))) {
            assert!(import.1 < floor, "`{package}` imports `{}`, which is not below it", import.0);
        }
    }
}

#[test]
fn each_outside_library_has_one_home() {
    for (package, imports) in imports().into_iter().filter(|(package, _)| package != "homeroom-tests") {
        for (library, homes) in HOMES.iter().filter(|(library, _)| imports.iter().any(|import| import == library)) {
            assert!(homes.contains(&package.as_str()), "`{library}` is imported by `{package}`; its home is {homes:?}");
        }
    }
}
