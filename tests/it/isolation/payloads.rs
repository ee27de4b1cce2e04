//! What every event is sent with: `tests/isolation/payloads.yaml`.

use std::collections::BTreeMap;

use homeroom_definition::{Diagnostics, Sources, yaml};
use homeroom_plan::Plan;
use homeroom_tests::bundled;
use serde::Deserialize;
use serde_json::Value;

/// The cases of all events, by namespace and event.
pub(super) type Payloads = BTreeMap<String, BTreeMap<String, Vec<Case>>>;

/// One way to send an event.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// What distinguishes it from the other cases of its event.
    #[serde(default)]
    pub(super) of: String,
    /// The payload.
    pub(super) data: Value,
    /// What has happened before.
    #[serde(default)]
    pub(super) before: Vec<Before>,
    /// How much time passes afterwards; what comes meanwhile counts, too.
    pub(super) then: Option<String>,
}

/// Something that somebody did before.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct Before {
    /// A person's id, or `sender`.
    pub(super) by: String,
    /// The event that they sent, as its first case says.
    pub(super) send: String,
}

/// Reads the table.
pub(super) fn read() -> Payloads {
    let text = std::fs::read_to_string(bundled::path("tests/isolation/payloads.yaml")).expect("payloads.yaml is there");
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let source = sources.add("payloads.yaml", text);
    let node = yaml::read(&sources, source, &mut diagnostics).expect("payloads.yaml is YAML");
    assert!(diagnostics.is_empty(), "{:?}", diagnostics.sorted());
    serde_json::from_value(node.to_json()).expect("payloads.yaml has namespaces, events and cases")
}

/// Events of the definitions that the table lacks, and those of the table that are not in the definitions.
pub(super) fn misfits(payloads: &Payloads, plan: &Plan) -> Vec<String> {
    let mut told = Vec::new();
    for (path, namespace) in &plan.namespaces {
        let cases = payloads.get(&**path);
        let events = namespace.client_events.keys().chain(namespace.backend_events.keys());
        let missing = events.filter(|event| cases.and_then(|cases| cases.get(&***event)).is_none_or(Vec::is_empty));
        told.extend(missing.map(|event| format!("{path} {event} has no payload in payloads.yaml")));
    }
    for (path, cases) in payloads {
        let known = plan.namespaces.get(path.as_str());
        let is_known = |event: &str| {
            known.is_some_and(|known| {
                known.client_events.contains_key(event) || known.backend_events.contains_key(event)
            })
        };
        let strange = cases.keys().filter(|event| !is_known(event));
        told.extend(strange.map(|event| format!("{path} {event} of payloads.yaml is no event of the definitions")));
    }
    told
}
