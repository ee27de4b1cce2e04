//! `homeroom plan`: what this change would do, in words, before it is done.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use homeroom_definition::render::Look;
use homeroom_plan::diff::live::{Denied, LiveEffect, effects};
use homeroom_plan::diff::{Change, report};
use homeroom_runtime::OnDenied;
use serde_json::{Value, json};

use crate::diff::{Asked, Version, compared, now, served, usage, versions};
use crate::settings::Environment;
use crate::{Deployable, fail, terminal};

/// What the process ends with if `--exit-code` is given and something changes.
const SOMETHING_CHANGES: u8 = 2;

/// What is compared with what, and how it is told.
#[derive(Args)]
pub(crate) struct Options {
    /// The folder of the definitions as they are now; without one, those in this binary.
    dir: Option<PathBuf>,
    /// A folder with the definitions as they were, or a commit of git; `HEAD` if the folder is in a work tree.
    #[arg(long, value_name = "DIR|COMMIT")]
    against: Option<String>,
    /// A running server: compare with what it serves, and tell what would become of those who are connected to it.
    #[arg(long, value_name = "URL", conflicts_with = "against")]
    live: Option<String>,
    /// A key of that server; otherwise the first of `HOMEROOM_API_KEYS`.
    #[arg(long, value_name = "KEY", requires = "live")]
    key: Option<String>,
    /// Settings from this file, on both sides.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How it is told.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// End with 2 if something changes, 0 if nothing does, 1 if it cannot be told.
    #[arg(long)]
    exit_code: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// What a change would do.
pub struct Planned {
    /// What would change.
    pub changes: Vec<Change>,
    /// What would become of those who are connected, if a server was asked.
    pub live: Option<Vec<LiveEffect>>,
    old: Version,
    new: Version,
}

pub(crate) async fn run(deployable: &Deployable, options: &Options) -> ExitCode {
    let planned = match planned(deployable, options).await {
        Ok(planned) => planned,
        Err(error) => return fail(&error),
    };
    match options.format {
        Format::Text => {
            terminal::print(&planned.text(terminal::look()));
        }
        Format::Json => println!("{:#}", planned.json()),
    }
    let differs = options.exit_code && !planned.changes.is_empty();
    if differs { ExitCode::from(SOMETHING_CHANGES) } else { ExitCode::SUCCESS }
}

async fn planned(deployable: &Deployable, options: &Options) -> Result<Planned, String> {
    let asked =
        Asked { folder: options.dir.as_ref(), config: options.config.as_ref(), against: options.against.as_deref() };
    let Some(url) = &options.live else {
        let (old, new) = versions(deployable, &asked)?;
        return Ok(Planned { changes: compared(&old, &new), live: None, old, new });
    };
    let environment = Environment::of_process();
    let key = options.key.clone().or_else(|| environment.first_api_key());
    let key = key.ok_or("a key of the server is needed: `--key`, or `HOMEROOM_API_KEYS`")?;
    let new = now(deployable, &asked)?;
    let usage = usage(url, &key).await?;
    let old = served(&usage, deployable.files, &environment, &deployable.hooks)?;
    Ok(Planned::live(old, new, &usage))
}

impl Planned {
    /// What a change of what a server serves would do, also to those whom `usage` counts.
    #[must_use]
    pub fn live(old: Version, new: Version, usage: &homeroom_plan::diff::usage::Usage) -> Self {
        let changes = compared(&old, &new);
        let denied = match new.loaded.settings.as_ref().map(|settings| settings.limits.on_denied) {
            Some(OnDenied::Keep) => Denied::Keep,
            Some(OnDenied::Disconnect) => Denied::Disconnect,
            Some(OnDenied::Leave) | None => Denied::Leave,
        };
        let live = effects(&changes, usage, denied);
        Self { changes, live: Some(live), old, new }
    }

    /// In words.
    #[must_use]
    pub fn text(&self, look: Look) -> String {
        let mut text = report::text(&self.changes, look);
        // Writing to a `String` does not fail.
        match self.live.as_deref() {
            None => {}
            Some([]) => text.push_str("\nNobody who is connected now would notice.\n"),
            Some(effects) => {
                let _ = writeln!(text, "\nOf those who are connected now:");
                for effect in effects {
                    let _ = writeln!(text, "  {}: {}", effect.namespace, effect.words);
                }
            }
        }
        text
    }

    /// For programs: as [`report::json`], with `live`, a list or null.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut told = report::json(&self.changes, &self.old.loaded.sources, &self.new.loaded.sources);
        let one = |effect: &LiveEffect| {
            json!({
                "namespace": effect.namespace, "sockets": effect.sockets, "certain": effect.certain, "words": effect.words,
            })
        };
        told["live"] = self.live.as_ref().map(|effects| effects.iter().map(one).collect::<Vec<_>>()).into();
        told
    }
}
