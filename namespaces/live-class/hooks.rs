//! Counting the votes of a poll.

use std::collections::BTreeMap;

use homeroom_runtime::HookError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How a vote's field begins.
const VOTE: &str = "vote:";

/// A poll.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    /// What could be voted for.
    #[schemars(length(max = 10))]
    options: Vec<String>,
    /// The fields of the poll: `poll` itself, and `vote:<userId>` with the option each voted for.
    entries: BTreeMap<String, Value>,
}

/// How it came out.
#[derive(Serialize, JsonSchema, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    /// The options in their order, with their votes.
    #[schemars(length(max = 10))]
    results: Vec<Votes>,
    /// All votes.
    #[schemars(range(min = 0))]
    total: u64,
}

#[derive(Serialize, JsonSchema, Debug, PartialEq, Eq)]
#[schemars(inline)]
struct Votes {
    #[schemars(length(min = 1, max = 500))]
    option: String,
    #[schemars(range(min = 0))]
    votes: u64,
}

/// Counts the votes; one for an option that is not there does not count.
pub(crate) fn tally(input: Input) -> Result<Tally, HookError> {
    let mut results: Vec<Votes> = input.options.into_iter().map(|option| Votes { option, votes: 0 }).collect();
    for (_, vote) in input.entries.iter().filter(|(field, _)| field.starts_with(VOTE)) {
        let option = vote.get("option").and_then(Value::as_u64).and_then(|option| usize::try_from(option).ok());
        if let Some(votes) = option.and_then(|option| results.get_mut(option)) {
            votes.votes += 1;
        }
    }
    let total = results.iter().map(|votes| votes.votes).sum();
    Ok(Tally { results, total })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn votes_count_where_there_is_an_option() {
        let input = json!({
            "options": ["a", "b"],
            "entries": { "poll": {}, "vote:1": { "option": 1 }, "vote:2": { "option": 1 }, "vote:3": { "option": 7 } }
        });
        let tally = tally(serde_json::from_value(input).expect("input")).expect("a tally");
        assert_eq!(
            json!(tally),
            json!({ "results": [{ "option": "a", "votes": 0 }, { "option": "b", "votes": 2 }], "total": 2 })
        );
    }
}
