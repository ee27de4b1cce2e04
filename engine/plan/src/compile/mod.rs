//! From definition files to a whole plan, or every mistake that stands in the way.
//!
//! A namespace is compiled twice: what `get` yields depends on what is `put`, wherever that stands, so the first time
//! only learns what is remembered ([`Learned`]), and the second tells what is wrong.

mod contract;
mod data;
mod effects;
mod emit;
mod entries;
mod expressions;
mod infer;
pub(crate) mod names;
mod procedures;
mod proof;
mod queries;
pub(crate) mod rooms;
mod rules;
pub(crate) mod scope;
mod state;
mod state_steps;
mod steps;
mod types;
mod unused;
mod webhooks;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use homeroom_definition::model::File;
use homeroom_definition::{Diagnostic, Diagnostics, SourceId, Sources, Span};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::program::{Namespace, Place, Plan, Query};
use crate::shape::Shape;
use names::{Names, Unit};
use state::Learned;
use unused::Used;

/// What a plan is made of.
#[derive(Debug)]
pub struct Input<'a> {
    /// The texts, for places and the digest.
    pub sources: &'a Sources,
    /// Every file, parsed, with what its `imports:` lead to.
    pub files: &'a [Parsed],
    /// The hooks that `call:` may name.
    pub hooks: &'a [HookSignature],
    /// What `user` is.
    pub identity: &'a Identity,
}

/// A parsed file and the files it imports.
#[derive(Debug)]
pub struct Parsed {
    /// Its text.
    pub source: SourceId,
    /// What it says.
    pub file: File,
    /// The files its `imports:` name, as far as they were found.
    pub imports: Vec<SourceId>,
}

/// A hook that `call:` may name.
#[derive(Debug, Clone)]
pub struct HookSignature {
    /// Its name.
    pub name: Arc<str>,
    /// JSON Schema of what it is called with.
    pub input: Value,
    /// JSON Schema of what it gives.
    pub output: Value,
}

/// What is known of a verified user.
#[derive(Debug, Clone)]
pub struct Identity {
    /// JSON Schema of `user`.
    pub schema: Value,
    /// Every role there is.
    pub roles: Vec<Arc<str>>,
}

/// Compiles all files. `None` if anything is wrong that keeps it from being served; warnings alone do not.
pub fn compile(input: &Input<'_>, diagnostics: &mut Diagnostics) -> Option<Plan> {
    let world = World::new(input);
    let (mut namespaces, mut queries, mut used) = (HashMap::new(), Vec::new(), Used::default());
    for unit in names::units(input, diagnostics) {
        let namespace = namespace(&world, &unit, &mut queries, &mut used, diagnostics);
        if let Some(namespace) = namespace {
            namespaces.insert(Arc::clone(&namespace.path), Arc::new(namespace));
        }
    }
    state::keys_overlap(input, diagnostics);
    if diagnostics.has_errors() {
        return None;
    }
    // Only now: what uses a thing may be what could not be read.
    unused::warn(input, &used, diagnostics);
    Some(Plan { digest: digest(input), namespaces, queries, roles: input.identity.roles.clone() })
}

/// Every namespace with what it can name; mistakes are left to [`compile`].
pub(crate) fn named<'a>(input: &Input<'a>) -> Vec<(Unit<'a>, Names<'a>)> {
    let (world, mut unheard) = (World::new(input), Diagnostics::new());
    let units = names::units(input, &mut unheard);
    units
        .into_iter()
        .map(|unit| {
            let names = Names::collect(&world, &unit, &mut unheard);
            (unit, names)
        })
        .collect()
}

fn namespace(
    world: &World<'_>,
    unit: &Unit<'_>,
    queries: &mut Vec<Query>,
    used: &mut Used,
    diagnostics: &mut Diagnostics,
) -> Option<Namespace> {
    let (mut unheard, mut unsaved, mut unused) = (Diagnostics::new(), Vec::new(), Used::default());
    let names = Names::collect(world, unit, &mut unheard);
    let mut learner = Compiler::new(world, unit, &names, Learned::default(), &mut unsaved, &mut unused, &mut unheard);
    learner.run();
    let learned = learner.learned_now;

    let mut told = Diagnostics::new();
    let names = Names::collect(world, unit, &mut told);
    let mut compiler = Compiler::new(world, unit, &names, learned, queries, used, &mut told);
    compiler.learning = false;
    let namespace = compiler.run();
    // A rule that cannot be read proves nothing: of proofs it is spoken once all else is right.
    let is_sound = !told.has_errors();
    for diagnostic in told.sorted().into_iter().filter(|told| is_sound || !told.code.starts_with(PROOFS)) {
        diagnostics.push(diagnostic);
    }
    namespace
}

/// How the codes about proven names begin.
const PROOFS: &str = "HR10";

fn digest(input: &Input<'_>) -> String {
    // Without paths: the same files are the same wherever they stand.
    let mut texts: Vec<_> = input.files.iter().map(|file| input.sources.text(file.source)).collect();
    texts.sort_unstable();
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What holds for all namespaces.
pub(crate) struct World<'a> {
    pub(crate) sources: &'a Sources,
    pub(crate) hooks: &'a [HookSignature],
    pub(crate) identity: &'a Identity,
    pub(crate) user: Shape,
    pub(crate) checks: types::Checks,
}

impl<'a> World<'a> {
    fn new(input: &Input<'a>) -> Self {
        let user = crate::from_schema::shape_of(&input.identity.schema);
        Self {
            sources: input.sources,
            hooks: input.hooks,
            identity: input.identity,
            user,
            checks: types::Checks::default(),
        }
    }

    /// `path:line`, for logs.
    pub(crate) fn place(&self, span: Span) -> Place {
        let line = self.sources.position(span.source, span.start).line;
        format!("{}:{line}", self.sources.path(span.source)).into()
    }
}

/// Compiles one namespace; its parts stand in the files beside this one.
pub(crate) struct Compiler<'a, 'n> {
    world: &'a World<'a>,
    unit: &'n Unit<'a>,
    names: &'n Names<'a>,
    /// What the first pass has learnt.
    learned: Learned,
    /// What this pass learns.
    learned_now: Learned,
    learning: bool,
    queries: &'n mut Vec<Query>,
    used: &'n mut Used,
    diagnostics: &'n mut Diagnostics,
    procedures: procedures::Procedures,
    expanded: types::Expanded,
    types: Option<Arc<crate::schema::Types>>,
    /// What acks are given, by event.
    acks: HashMap<String, contract::AckShape>,
    /// Rooms that are counted or read by a step.
    tracked: HashSet<usize>,
    /// Whether an emission depends on the receiver's role.
    by_role: bool,
    /// Only what is not proven is told, while a procedure is looked at again for one of its callers.
    proving: Option<Span>,
}

impl<'a, 'n> Compiler<'a, 'n> {
    #[allow(clippy::too_many_arguments)]
    fn new(
        world: &'a World<'a>,
        unit: &'n Unit<'a>,
        names: &'n Names<'a>,
        learned: Learned,
        queries: &'n mut Vec<Query>,
        used: &'n mut Used,
        diagnostics: &'n mut Diagnostics,
    ) -> Self {
        let procedures = procedures::Procedures::new(names.procedures.len());
        Self {
            world,
            unit,
            names,
            learned,
            learned_now: Learned::default(),
            learning: true,
            queries,
            used,
            diagnostics,
            procedures,
            expanded: types::Expanded::default(),
            types: None,
            acks: HashMap::new(),
            tracked: HashSet::new(),
            by_role: false,
            proving: None,
        }
    }

    /// Tells the author something, unless only proofs are being looked at.
    pub(crate) fn tell(&mut self, diagnostic: Diagnostic) {
        match self.proving {
            None => self.diagnostics.push(diagnostic),
            Some(caller) if diagnostic.code.starts_with(PROOFS) => {
                self.diagnostics.push(diagnostic.related(caller, "called from here, for an event of a client"));
            }
            Some(_) => {}
        }
    }

    pub(crate) fn place(&self, span: Span) -> Place {
        self.world.place(span)
    }
}
