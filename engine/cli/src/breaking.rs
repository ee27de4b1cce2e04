//! `homeroom breaking`: what a change would break for deployed clients and their code, and which rights it widens.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use homeroom_definition::codes::Code;
use homeroom_definition::render;
use homeroom_plan::diff::breaking::{ALL, Group, Rule};

use crate::check::drawn;
use crate::diff::{Asked, found, versions};
use crate::{Deployable, codes, fail, terminal};

/// What is compared with what, and how it is told.
#[derive(Args)]
pub(crate) struct Options {
    /// The folder of the definitions as they are now; without one, those in this binary.
    dir: Option<PathBuf>,
    /// A folder with the definitions as they were, or a commit of git; `HEAD` if the folder is in a work tree.
    #[arg(long, value_name = "DIR|COMMIT")]
    against: Option<String>,
    /// Settings from this file, on both sides.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A finding that is meant: `wire-event-removed:chat:send=nobody sends it`. More of them stand in
    /// `breaking.ignore.yaml`, beside the namespaces.
    #[arg(long, value_name = "RULE:NAME=REASON")]
    ignore: Vec<String>,
    /// Only findings of these groups.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["wire", "types", "security"])]
    group: Vec<GroupName>,
    /// How it is told.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// List every rule, and end.
    #[arg(long)]
    rules: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For code hosts.
    Sarif,
}

#[derive(Clone, Copy, ValueEnum)]
enum GroupName {
    /// A deployed client would break.
    Wire,
    /// Code would no longer compile.
    Types,
    /// A right was widened.
    Security,
}

impl From<GroupName> for Group {
    fn from(name: GroupName) -> Self {
        match name {
            GroupName::Wire => Self::Wire,
            GroupName::Types => Self::Types,
            GroupName::Security => Self::Security,
        }
    }
}

pub(crate) fn run(deployable: &Deployable, options: &Options) -> ExitCode {
    if options.rules {
        print!("{}", rules());
        return ExitCode::SUCCESS;
    }
    let asked =
        Asked { folder: options.dir.as_ref(), config: options.config.as_ref(), against: options.against.as_deref() };
    let groups: Vec<Group> = options.group.iter().map(|group| Group::from(*group)).collect();
    let found = versions(deployable, &asked)
        .and_then(|(old, new)| found(&old, &new, &asked.old_name(), &groups, &options.ignore));
    let found = match found {
        Ok(found) => found,
        Err(error) => return fail(&error),
    };
    let told = found.diagnostics.sorted();
    match options.format {
        Format::Text => {
            terminal::print(&drawn(&told, &found.sources));
            println!("{}", found.summary());
        }
        Format::Json => println!("{}", render::json(&told, &found.sources)),
        Format::Sarif => {
            let rules: Vec<Code> = ALL.iter().map(|rule| rule.code()).collect();
            let known = [rules.as_slice(), homeroom_definition::codes::ALL, codes::ALL];
            println!("{}", render::sarif(&told, &found.sources, &known));
        }
    }
    if found.is_bad() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Every rule with its line and remedy.
fn rules() -> String {
    let line = |rule: &&Rule| format!("{}\n    {}\n    {}.\n", rule.name, rule.title, capital(rule.remedy));
    ALL.iter().map(line).collect()
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().collect::<String>() + chars.as_str()).unwrap_or_default()
}
