//! `homeroom explain`: why was this refused, why did this one not receive that.
//!
//! The engine itself is asked, on the definitions and the database as they are; what it finds on the way is told rule by
//! rule, with the lines that decided. Nothing is written, and nobody else is reached.

mod answer;
mod house;
mod live;
mod needs;
mod questions;
mod receive;
mod scene;
mod trail;
mod ways;
mod who;
mod words;
mod written;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use homeroom_definition::render::{self, Look};
use homeroom_definition::{Diagnostics, SourceId, parse_as};
use homeroom_runtime::Hooks;

use self::scene::Scene;
use self::written::Written;
use crate::load::{Files, Loaded, Purpose, load_for};
use crate::scenario::TestFile;
use crate::settings::Environment;
use crate::{Deployable, fail, files, terminal};

/// What the process ends with if `--exit-code` is given and the answer is no.
const ANSWER_IS_NO: u8 = 2;

/// Who asks, about what.
#[derive(Args)]
pub(crate) struct Options {
    /// What is asked.
    #[command(subcommand)]
    question: Question,
    /// Who: a file with a user in it, or the name of a user of the scenarios.
    #[arg(long = "as", value_name = "WHO", global = true)]
    who: Option<String>,
    /// The same, written out: `--user 'id: t-1, role: TEACHER'`.
    #[arg(long, value_name = "USER", global = true, conflicts_with = "who")]
    user: Option<String>,
    /// The rooms one is in already, whatever their rules say.
    #[arg(long, value_name = "ROOM,...", value_delimiter = ',', global = true)]
    joined: Vec<String>,
    /// What is handed over at connect beside the token: YAML, JSON, or `@` and a file.
    #[arg(long, value_name = "DATA", global = true)]
    auth: Option<String>,
    /// The namespace, where several have what is asked about.
    #[arg(long, value_name = "NAMESPACE", global = true)]
    namespace: Option<String>,
    /// The folder of the definitions; without one, those in this binary.
    #[arg(long, value_name = "DIR", global = true)]
    namespaces: Option<PathBuf>,
    /// Settings from this file; otherwise `homeroom.yaml` beside the definitions.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// The database to ask; otherwise that of the settings, or their demo script. Nothing is written to it.
    #[arg(long, value_name = "URL", global = true)]
    database: Option<String>,
    /// Ask a running server at this URL what it decided about the user, instead of the definitions.
    #[arg(long, value_name = "URL", global = true)]
    live: Option<String>,
    /// A key of that server; otherwise the first of `HOMEROOM_API_KEYS`.
    #[arg(long, value_name = "KEY", global = true)]
    key: Option<String>,
    /// How it is told.
    #[arg(long, value_enum, default_value = "text", global = true)]
    format: Format,
    /// End with 2 if the answer is no.
    #[arg(long, global = true)]
    exit_code: bool,
}

/// What is asked.
#[derive(Subcommand)]
enum Question {
    /// May one connect?
    Connect,
    /// May one enter a room?
    Join {
        /// The room's name, such as `class:math-101`.
        room: String,
    },
    /// May one send an event, and what would it do?
    Emit {
        /// The event's name.
        event: String,
        /// What it carries: YAML, JSON, or `@` and a file.
        #[arg(long)]
        data: Option<String>,
        /// The same for several arguments: a list.
        #[arg(long, conflicts_with = "data")]
        args: Option<String>,
    },
    /// Would one receive an event, and if not, why?
    Receive {
        /// The name of the event that clients receive.
        event: String,
        /// What the event that sends it carries: YAML, JSON, or `@` and a file.
        #[arg(long)]
        data: Option<String>,
        /// The event that sends it, where there are several.
        #[arg(long, value_name = "EVENT")]
        sent_by: Option<String>,
        /// Who sends that event, if it is one of clients: as with `--as`.
        #[arg(long, value_name = "WHO")]
        from: Option<String>,
        /// The rooms the sender is in.
        #[arg(long, value_name = "ROOM,...", value_delimiter = ',')]
        from_joined: Vec<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// What was explained.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The explanation, as it is printed.
    pub text: String,
    /// Whether the answer is yes.
    pub yes: bool,
    /// What to know beside it, for people.
    pub note: Option<String>,
}

pub(crate) async fn run(deployable: &Deployable, options: &Options) -> ExitCode {
    let look = terminal::look();
    let environment = Environment::of_process();
    let explained = match &options.live {
        Some(url) => live::explain(url, &environment, options).await,
        None => of_definitions(deployable, &environment, options, look).await,
    };
    match explained {
        Ok(explained) => {
            if let Some(note) = &explained.note {
                terminal::print_aside(&format!("note: {note}\n"));
            }
            terminal::print(&explained.text);
            if options.exit_code && !explained.yes { ExitCode::from(ANSWER_IS_NO) } else { ExitCode::SUCCESS }
        }
        Err(error) => fail(&error),
    }
}

async fn of_definitions(
    deployable: &Deployable,
    environment: &Environment,
    options: &Options,
    look: Look,
) -> Result<Explained, String> {
    let files = files(deployable, options.namespaces.as_ref(), options.config.as_ref())?;
    let (config, database) = (options.config.as_deref(), options.database.as_deref());
    Explainer::new(&files, config, environment, &deployable.hooks, database).await?.explain(options, look).await
}

/// Definitions that can be asked.
pub struct Explainer {
    loaded: Loaded,
    hooks: Hooks,
    written: Written,
    /// The scenarios, for the users in them.
    tests: Vec<TestFile>,
}

impl Explainer {
    /// The definitions of these files. `config`: their settings, if they are not the folder's own; `database`: its URL, if it
    /// is not that of the settings.
    ///
    /// # Errors
    /// If the definitions have mistakes; which.
    pub async fn new(
        files: &Files,
        config: Option<&Path>,
        environment: &Environment,
        hooks: &Hooks,
        database: Option<&str>,
    ) -> Result<Self, String> {
        let (environment, purpose) = match database {
            Some(url) => (environment.with("DATABASE_URL", url), Purpose::Serve),
            None => (environment.clone(), Purpose::Check),
        };
        let loaded = load_for(purpose, files, config, &environment, hooks).await;
        if loaded.diagnostics.has_errors() || loaded.plan.is_none() {
            return Err(mistakes(&loaded));
        }
        let written = Written::of(&loaded.sources);
        let read = |source: &SourceId| parse_as(&loaded.sources, *source, &mut Diagnostics::new());
        let tests = loaded.tests.iter().filter_map(read).collect();
        Ok(Self { loaded, hooks: hooks.clone(), written, tests })
    }

    /// Explains what a command line asks, such as `["--as", "smith", "join", "class:math-101"]`; in letters only. Options
    /// that say which definitions are asked count for nothing.
    ///
    /// # Errors
    /// Why it cannot be explained.
    pub async fn ask(&self, arguments: &[String]) -> Result<Explained, String> {
        let options = parsed(arguments).map_err(|error| error.to_string())?;
        self.explain(&options, Look::Plain).await
    }

    async fn explain(&self, options: &Options, look: Look) -> Result<Explained, String> {
        let scene = Scene::new(self, options)?;
        let (answer, payload) = scene.answer(options).await?;
        let words = scene.words(payload.as_ref());
        let text = match options.format {
            Format::Text => answer.text(&words, look),
            Format::Json => format!("{:#}\n", answer.json(&words)),
        };
        Ok(Explained { text, yes: answer.yes, note: self.loaded.note.clone() })
    }
}

fn parsed(arguments: &[String]) -> Result<Options, clap::Error> {
    #[derive(Parser)]
    #[command(name = "explain", no_binary_name = true)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }
    let matches = Line::command().try_get_matches_from(arguments)?;
    Line::from_arg_matches(&matches).map(|line| line.options)
}

fn mistakes(loaded: &Loaded) -> String {
    let told = loaded.diagnostics.sorted();
    format!(
        "the definitions have mistakes: {}\n{}",
        render::summary(&told),
        render::text(&told, &loaded.sources, Look::Plain)
    )
}
