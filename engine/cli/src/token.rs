//! `homeroom token`

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use homeroom_definition::render::{self, Look};
use homeroom_definition::values::duration_of;
use homeroom_plan::schema::Issue;
use serde_json::{Map, Value};

use crate::identity::mint;
use crate::load::load_settings;
use crate::settings::{Environment, Settings};
use crate::{Deployable, fail, files};

/// Whose token, and for how long.
#[derive(Args)]
pub(crate) struct Options {
    /// The user's id.
    #[arg(long)]
    id: String,
    /// The user's role.
    #[arg(long)]
    role: String,
    /// Another property of the user, such as `--claim name=Alice`; may stand several times.
    #[arg(long = "claim", value_name = "NAME=VALUE")]
    claims: Vec<String>,
    /// How long it is valid, such as `30s`, `1h` or `7d`.
    #[arg(long, default_value = "1h")]
    ttl: String,
    /// The folder of the settings that say which claims there are.
    #[arg(long)]
    namespaces: Option<PathBuf>,
    /// Settings from this file.
    #[arg(long)]
    config: Option<PathBuf>,
}

pub(crate) fn run(deployable: &Deployable, options: &Options) -> ExitCode {
    match token(deployable, options) {
        Ok(token) => {
            println!("{token}");
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

fn token(deployable: &Deployable, options: &Options) -> Result<String, String> {
    let files = files(deployable, options.namespaces.as_ref(), options.config.as_ref())?;
    let loaded = load_settings(&files, options.config.as_deref(), &Environment::of_process());
    let has_errors = loaded.diagnostics.has_errors();
    let Some(settings) = loaded.settings.filter(|_| !has_errors) else {
        let told = loaded.diagnostics.sorted();
        return Err(format!("the settings cannot be used\n{}", render::text(&told, &loaded.sources, Look::Plain)));
    };
    let ttl =
        duration_of(&options.ttl).ok_or_else(|| format!("`{}` is no length of time, such as `1h`", options.ttl))?;
    let token = for_user(&settings, &user(&settings, options)?, ttl.as_secs())
        .map_err(|error| format!("{error}\n`--claim NAME=VALUE` gives a user what else it needs"))?;
    if settings.auth.is_development {
        eprintln!("note: signed with the development secret, since `JWT_SECRET` is not set");
    }
    Ok(token)
}

/// The user that the options tell of; a claim is of the type that the identity gives it.
fn user(settings: &Settings, options: &Options) -> Result<Value, String> {
    let mut user = Map::from_iter([
        ("id".to_owned(), Value::from(options.id.as_str())),
        ("role".to_owned(), Value::from(options.role.as_str())),
    ]);
    for claim in &options.claims {
        let (name, value) = claim.split_once('=').ok_or_else(|| format!("`{claim}` is not `NAME=VALUE`"))?;
        user.insert(name.to_owned(), settings.claims.value(name, value));
    }
    Ok(Value::Object(user))
}

/// A token for a user, valid for so many seconds.
///
/// # Errors
/// If `identity:` knows no such user; what is wrong with it, line by line.
pub(crate) fn for_user(settings: &Settings, user: &Value, seconds: u64) -> Result<String, String> {
    settings.claims.check(user).map_err(|issues| no_user(&issues))?;
    let (issuer, secret) =
        settings.auth.minting().ok_or("tokens are not made here: they are verified by public keys alone")?;
    let mut claims = issuer.claims.of(user);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    claims.insert("iat".into(), now.into());
    claims.insert("exp".into(), now.saturating_add(seconds).into());
    claims.insert("jti".into(), uuid::Uuid::new_v4().to_string().into());
    claims.extend(issuer.name.as_ref().map(|name| ("iss".to_owned(), name.as_str().into())));
    claims.extend(issuer.audience.as_ref().map(|audience| ("aud".to_owned(), audience.as_str().into())));
    mint(secret, issuer.algorithms.first().copied().unwrap_or_default(), &claims)
}

fn no_user(issues: &[Issue]) -> String {
    let lines = issues.iter().map(|issue| format!("\n  {} {}", issue.path.trim_start_matches('/'), issue.message));
    format!("this cannot be a user, as `identity:` has them{}", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use homeroom_runtime::Authenticator;
    use serde_json::json;

    use super::*;
    use crate::identity::Jwt;
    use crate::load::Files;

    const SETTINGS: &str = "auth: { issuer: us, audience: them }\n\
        identity:\n  fields: { id: string, role: { enum: [TEACHER] }, grade: integer }\n  optional: { isNew: { claim: new, type: boolean } }\n";

    fn settings() -> Settings {
        let loaded = load_settings(&Files::embedded(&[("homeroom.yaml", SETTINGS)]), None, &Environment::default());
        loaded.settings.expect("settings")
    }

    fn options(claims: &[&str]) -> Options {
        Options {
            id: "t-1".into(),
            role: "TEACHER".into(),
            claims: claims.iter().map(|claim| (*claim).to_owned()).collect(),
            ttl: "1h".into(),
            namespaces: None,
            config: None,
        }
    }

    fn told(claims: &[&str]) -> String {
        let settings = settings();
        user(&settings, &options(claims)).and_then(|user| for_user(&settings, &user, 60)).expect_err("no token")
    }

    #[test]
    fn the_server_accepts_what_is_minted_for_it() {
        let settings = settings();
        let user = user(&settings, &options(&["grade=7", "isNew=true"])).expect("a user");
        assert_eq!(user, json!({ "id": "t-1", "role": "TEACHER", "grade": 7, "isNew": true }));
        let token = for_user(&settings, &user, 60).expect("a token");
        let jwt = Jwt::new(&settings.auth).expect("keys");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_millis();
        let verifying = jwt.verify(Some(&token), i64::try_from(now).expect("a time"));
        let verified = verifying.now_or_never().expect("nothing to wait for").expect("verified");
        assert_eq!(verified.user, user);
    }

    #[test]
    fn what_a_user_lacks_is_told() {
        assert!(told(&[]).contains("grade is missing"));
        assert!(told(&["grade=seven"]).contains("grade "));
        assert!(told(&["grade=7", "isnew=true"]).contains("did you mean `isNew`?"));
        assert!(told(&["grade"]).contains("`grade` is not `NAME=VALUE`"));
    }
}
