//! `homeroom token`

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use homeroom_definition::values::duration_of;
use serde_json::{Map, Value};

use crate::identity::mint;
use crate::load::load;
use crate::settings::{DEVELOPMENT_SECRET, Environment, Settings};
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
    /// Another property of the user: `--claim schoolId=rvd-001`.
    #[arg(long = "claim", value_name = "NAME=VALUE")]
    claims: Vec<String>,
    /// How long it is valid.
    #[arg(long, default_value = "1h")]
    ttl: String,
    /// The folder of the settings that say which claims there are.
    #[arg(long)]
    namespaces: Option<PathBuf>,
    /// Settings from this file.
    #[arg(long)]
    config: Option<PathBuf>,
}

pub(crate) async fn run(deployable: &Deployable, options: &Options) -> ExitCode {
    match token(deployable, options).await {
        Ok(token) => {
            println!("{token}");
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

async fn token(deployable: &Deployable, options: &Options) -> Result<String, String> {
    let files = files(deployable, options.namespaces.as_ref(), options.config.as_ref())?;
    let loaded = load(&files, options.config.as_deref(), &Environment::of_process(), &deployable.hooks).await;
    let settings = loaded.settings.ok_or("the settings cannot be used; `homeroom check` tells why")?;
    let ttl =
        duration_of(&options.ttl).ok_or_else(|| format!("`{}` is no length of time, such as `1h`", options.ttl))?;
    let mut user = Map::from_iter([
        ("id".to_owned(), Value::from(options.id.as_str())),
        ("role".to_owned(), Value::from(options.role.as_str())),
    ]);
    for claim in &options.claims {
        let (name, value) = claim.split_once('=').ok_or_else(|| format!("`{claim}` is not `NAME=VALUE`"))?;
        user.insert(name.to_owned(), value.into());
    }
    for_user(&settings, &Value::Object(user), ttl.as_secs())
}

/// A token for a user, valid for so many seconds.
pub(crate) fn for_user(settings: &Settings, user: &Value, seconds: u64) -> Result<String, String> {
    let mut claims = settings.claims.of(user);
    settings.claims.user(&claims)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    claims.insert("iat".into(), now.into());
    claims.insert("exp".into(), now.saturating_add(seconds).into());
    claims.extend(settings.auth.issuer.as_ref().map(|issuer| ("iss".to_owned(), issuer.as_str().into())));
    claims.extend(settings.auth.audience.as_ref().map(|audience| ("aud".to_owned(), audience.as_str().into())));
    mint(settings.auth.secret.as_deref().unwrap_or(DEVELOPMENT_SECRET), &claims)
}
