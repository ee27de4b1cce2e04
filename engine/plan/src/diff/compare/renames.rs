//! Names that the author alone sees: a query, a state or steps under another name are the same.

use std::collections::HashMap;
use std::sync::Arc;

use homeroom_definition::model::{Query, State};

use super::queries::statement;
use super::states::key;
use crate::diff::read::{House, Naming, Noun, Scope, shape};
use crate::diff::steps::{Handler, acts};

/// Lets `old` know what `new` calls the things that only one of them has, where they are the same to the letter.
pub(super) fn learn(old: &mut House<'_>, new: &House<'_>) {
    let mut renamed = HashMap::new();
    let queries = |house: &House<'_>| table(house.names.queries.iter().map(|(name, one)| (*name, query(one.item))));
    let states =
        |house: &House<'_>| table(house.names.states.iter().map(|(name, one)| (*name, state(house, one.item))));
    let steps = |house: &House<'_>| {
        table(house.names.procedures.iter().map(|(name, one)| {
            let (scope, body) = (Scope::default(), one.item.body.as_slice());
            let (acts, _) = acts(Handler { house, scope: &scope, body }, Naming::Contents);
            (*name, acts.iter().map(|act| act.form()).collect())
        }))
    };
    add(Noun::Query, &queries(old), &queries(new), &mut renamed);
    add(Noun::State, &states(old), &states(new), &mut renamed);
    add(Noun::Steps, &steps(old), &steps(new), &mut renamed);
    old.renamed = renamed;
}

type Contents = Vec<(Arc<str>, String)>;

fn table<'n>(all: impl Iterator<Item = (&'n str, String)>) -> Contents {
    all.map(|(name, contents)| (Arc::from(name), contents)).collect()
}

fn add(noun: Noun, old: &Contents, new: &Contents, renamed: &mut HashMap<(Noun, String), String>) {
    let has = |all: &Contents, name: &str| all.iter().any(|(known, _)| &**known == name);
    for (name, contents) in old.iter().filter(|(name, _)| !has(new, name)) {
        let same = new.iter().find(|(other, there)| there == contents && !has(old, other));
        if let Some((other, _)) = same {
            renamed.insert((noun, name.to_string()), other.to_string());
        }
    }
}

fn query(query: &Query) -> String {
    let returns = query.returns.as_ref().map(|node| node.to_json().to_string());
    let cache = query.cache.as_ref().map(|text| text.value.clone());
    format!("{} {returns:?} {cache:?}", statement(&query.sql))
}

fn state(house: &House<'_>, state: &State) -> String {
    let (kind, key) = key(state);
    let ttl = state.ttl.as_ref().map(|text| text.value.clone());
    let scope = Scope::with_params(key.iter().flat_map(homeroom_definition::Pattern::params));
    let (acts, _) = acts(Handler { house, scope: &scope, body: &state.on_expire }, Naming::Contents);
    let steps: Vec<String> = acts.iter().map(|act| act.form()).collect();
    format!("{kind} {:?} {ttl:?} {steps:?}", key.as_ref().map(shape))
}
