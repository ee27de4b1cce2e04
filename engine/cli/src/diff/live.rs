//! A running server: what it serves, as a version to compare with, and who uses it.

use std::time::Duration;

use homeroom_plan::diff::usage::Usage;
use homeroom_runtime::Hooks;

use super::Version;
use crate::identity::causes;
use crate::load::Files;
use crate::settings::Environment;

/// How long a server may take to answer.
const TIME_MAX: Duration = Duration::from_secs(20);

/// How many bytes it may answer with.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// What stands where a server struck a secret out: a text that settings take for one.
const STRUCK_OUT: &str = "struck-out-struck-out-struck-out-struck-out";

/// How many stars in a row are a secret that was struck out.
const STARS_MIN: usize = 4;

/// What a server is used for, asked of its API.
///
/// # Errors
/// If it does not answer, or not with what was asked for.
pub async fn usage(url: &str, key: &str) -> Result<Usage, String> {
    let base = url.trim_end_matches('/');
    let client = reqwest::Client::builder().timeout(TIME_MAX).build().map_err(|error| error.to_string())?;
    let answer = client.get(format!("{base}/v1/admin/usage")).bearer_auth(key).send().await;
    let mut answer = answer.map_err(|error| format!("`{base}` does not answer: {}", causes(&error)))?;
    match answer.status().as_u16() {
        200 => {}
        401 | 403 => return Err(format!("`{base}` does not accept this key")),
        404 => return Err(format!("`{base}` is no server of homeroom, or one from before `--live`")),
        status => return Err(format!("`{base}` answers {status}")),
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| format!("`{base}` stops answering: {error}"))? {
        body.extend_from_slice(&chunk);
        if body.len() > BYTES_MAX {
            return Err(format!("`{base}` answers with more than {BYTES_MAX} bytes"));
        }
    }
    serde_json::from_slice(&body).map_err(|_| format!("`{base}` answers with something else than its usage"))
}

/// The definitions that a server serves, compiled here. `embedded`: where settings are taken from if it has none that can be
/// used without its secrets.
///
/// # Errors
/// If it does not say what it serves, or that does not compile here.
pub fn served(
    usage: &Usage,
    embedded: &[(&str, &str)],
    environment: &Environment,
    hooks: &Hooks,
) -> Result<Version, String> {
    if usage.sources.is_empty() {
        return Err("the server does not say what it serves".to_owned());
    }
    let texts = usage.sources.iter().map(|source| (source.path.clone(), without_stars(&source.text))).collect();
    let files = Files::below(root(usage), texts).or_settings_of(embedded);
    let version = Version::new(&files, None, environment, hooks);
    version.map(Version::of_server).map_err(|told| format!("what the server serves does not compile here\n\n{told}"))
}

/// The folder that is served: the one its settings stand in, else none.
fn root(usage: &Usage) -> String {
    let folders = usage.sources.iter().filter_map(|source| source.path.strip_suffix("homeroom.yaml"));
    let own = folders.filter(|folder| !folder.starts_with("built-in/"));
    own.min_by_key(|folder| folder.len()).unwrap_or_default().to_owned()
}

/// The text with something readable where stars stand: a run of them would be an alias to YAML.
fn without_stars(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('*') {
        let run = rest[start..].find(|letter| letter != '*').unwrap_or(rest.len() - start);
        clean.push_str(&rest[..start]);
        clean.push_str(if run < STARS_MIN { &rest[start..start + run] } else { STRUCK_OUT });
        rest = &rest[start + run..];
    }
    clean + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_that_were_struck_out_can_be_read() {
        assert_eq!(without_stars("a: '*'\nkey: ********\nkeys:\n  - *****"), {
            format!("a: '*'\nkey: {STRUCK_OUT}\nkeys:\n  - {STRUCK_OUT}")
        });
        assert_eq!(without_stars("none"), "none");
    }
}
