//! A file of scenarios, as its author writes it.

use homeroom_definition::{Diagnostic, Diagnostics, Many, Node, Span, Table, Text, record};

use crate::codes;

record! {
    /// Scenarios of one namespace.
    pub struct TestFile {
        /// The namespace they are about.
        "namespace" namespace: Text,
        /// A file of SQL statements beside this one that fills the database before each scenario.
        "fixtures" fixtures: Option<Text>,
        /// Who takes part: `user` as definitions see it, by a name of your own. `alice#2` is her second tab.
        "users" users: Table<Node>,
        /// The scenarios. Each begins with nobody connected and nothing remembered.
        "scenarios" scenarios: Vec<Scenario>,
    }
}

record! {
    /// A scenario.
    pub struct Scenario {
        /// What it shows, in a sentence.
        "name" name: Text,
        /// The servers it is played on, by names of your own; they share state, presence and the bus, and `alice@b` is
        /// Alice on server `b`. Default: one.
        "servers" servers: Many<Text>,
        /// What webhooks are answered, by name: `{ answer: ... }`, `{ refuse: CODE }`, `fails`, or `nothing`.
        "webhooks" webhooks: Table<Node>,
        /// What happens, in order.
        "steps" steps: Vec<TestStep>,
    }
}

record! {
    /// One step: something somebody does, or something that must have come about.
    pub struct TestStep {
        /// Who; several do it one after the other. They connect when they are first named. `alice#2` is her second tab,
        /// `alice@b` she on the server `b`.
        "as" who: Many<Text>,
        /// `true`: connect now.
        "connect" connect: Option<Node>,
        /// With `connect`: what is handed over beside the token. `<positions>` stands for the positions one was told last.
        "auth" auth: Option<Node>,
        /// `true`: the connection ends.
        "disconnect" disconnect: Option<Node>,
        /// Send this event.
        "emit" emit: Option<Text>,
        /// With `emit` or `backend`: its payload. With `receives`: what it must have in it; objects may have
        /// more. `<any>` stands for any value, `<absent>` for a property that must not be there. Sent, `<positions>` stands for
        /// the positions one was told last, on whichever connection.
        "data" data: Option<Node>,
        /// The same for several arguments: a list.
        "args" args: Option<Node>,
        /// With `emit`: what the ack must have in it.
        "ack" ack: Option<Node>,
        /// The same for an ack of several arguments.
        "ack_args" ack_args: Option<Node>,
        /// It is refused with this code.
        "refused" refused: Option<Text>,
        /// This event has come; it is used up by that. `nothing`: no event is left.
        "receives" receives: Option<Text>,
        /// How often: sent so many times (what is expected counts for the last), or received so many times.
        "times" times: Option<Node>,
        /// Time passes.
        "advance" advance: Option<Text>,
        /// A service sends this event.
        "backend" backend: Option<Text>,
        /// With `backend`: how many connections it reached, of the first server that lives.
        "reached" reached: Option<Node>,
        /// The rules of this room admit them, such as `class:math-101`; with `refused: UNAUTHORIZED`, they do not. Nobody
        /// enters it by that.
        "may_join" may_join: Option<Text>,
        /// Changed definitions are served from here on: by file, beside this one, what is replaced and by what. With
        /// `refused:`, the code of a mistake by which nothing changes.
        "reload" reload: Table<Many<Edit>>,
        /// This webhook has been called; that is used up by it. `data` is what it must have been called with.
        "called" called: Option<Text>,
        /// This server dies, and says goodbye to nobody.
        "kill" kill: Option<Text>,
    }
}

record! {
    /// A change of a file's text.
    pub struct Edit {
        /// What is there, once.
        "from" from: Text,
        /// What stands there instead.
        "to" to: Text,
    }
}

/// What a step does.
pub(super) enum Act<'a> {
    Connect,
    Disconnect,
    Emit(&'a Text),
    Receive(&'a Text),
    Advance(&'a Text),
    Backend(&'a Text),
    MayJoin(&'a Text),
    Reload,
    Kill(&'a Text),
    Called(&'a Text),
}

impl TestStep {
    /// What it does; `None` if that is not exactly one thing.
    pub(super) fn act(&self) -> Option<Act<'_>> {
        let is_true = |node: &Option<Node>| node.as_ref().is_some_and(|node| node.as_bool() == Some(true));
        let all = [
            is_true(&self.connect).then_some(Act::Connect),
            is_true(&self.disconnect).then_some(Act::Disconnect),
            self.emit.as_ref().map(Act::Emit),
            self.receives.as_ref().map(Act::Receive),
            self.advance.as_ref().map(Act::Advance),
            self.backend.as_ref().map(Act::Backend),
            self.may_join.as_ref().map(Act::MayJoin),
            (!self.reload.is_empty()).then_some(Act::Reload),
            self.kill.as_ref().map(Act::Kill),
            self.called.as_ref().map(Act::Called),
        ];
        let mut found = all.into_iter().flatten();
        found.next().filter(|_| found.next().is_none())
    }

    /// How often, at least once.
    pub(super) fn count(&self) -> usize {
        let times = self.times.as_ref().and_then(Node::as_int);
        times.and_then(|times| usize::try_from(times).ok()).unwrap_or(1).max(1)
    }

    /// The arguments it sends or expects; `None`: nothing is said of them.
    pub(super) fn arguments(&self) -> Option<&[Node]> {
        one_or_several(&self.data, &self.args)
    }

    /// The arguments that its ack is expected to have; `None`: nothing is said of them.
    pub(super) fn answer(&self) -> Option<&[Node]> {
        one_or_several(&self.ack, &self.ack_args)
    }

    /// Whether an answer is asked for.
    pub(super) fn asks(&self) -> bool {
        self.ack.is_some() || self.ack_args.is_some() || self.refused.is_some()
    }
}

fn one_or_several<'n>(one: &'n Option<Node>, several: &'n Option<Node>) -> Option<&'n [Node]> {
    match one {
        Some(one) => Some(std::slice::from_ref(one)),
        None => several.as_ref().and_then(Node::as_seq),
    }
}

impl TestFile {
    /// Tells steps that do nothing or two things, and people who are not there.
    pub(super) fn tell_mistakes(&self, diagnostics: &mut Diagnostics) {
        for (scenario, step) in self.scenarios.iter().flat_map(|it| it.steps.iter().map(move |step| (it, step))) {
            let needs_someone = match step.act() {
                None => {
                    diagnostics.push(not_one_thing(step.span));
                    continue;
                }
                Some(Act::Advance(_) | Act::Backend(_) | Act::Reload | Act::Called(_)) => false,
                Some(Act::Kill(server)) => {
                    scenario.tell_unknown_server(&server.value, server.span, diagnostics);
                    false
                }
                Some(_) => true,
            };
            if needs_someone && step.who.is_empty() {
                diagnostics.push(
                    Diagnostic::error(codes::TEST_STEP, step.span, "this step does not say who")
                        .help("say `as:` and a name of `users:`"),
                );
            }
            for name in &step.who {
                self.tell_stranger(name, diagnostics);
                if let Some(server) = server_of(&name.value) {
                    scenario.tell_unknown_server(server, name.span, diagnostics);
                }
            }
        }
    }

    fn tell_stranger(&self, name: &Text, diagnostics: &mut Diagnostics) {
        let plain = plain_name(&name.value);
        if !self.users.is_empty() && !self.users.contains(plain) && !self.users.is_broken(plain) {
            let known = self.users.names().map(|name| name.value.as_str());
            diagnostics.push(
                Diagnostic::error(codes::TEST_USER, name.span, format!("there is no user `{plain}`"))
                    .help_if(homeroom_definition::did_you_mean(plain, known))
                    .help("users stand under `users:`"),
            );
        }
    }
}

impl Scenario {
    /// Whether it changes the definitions.
    #[must_use]
    pub fn reloads(&self) -> bool {
        self.steps.iter().any(|step| !step.reload.is_empty())
    }

    fn tell_unknown_server(&self, server: &str, span: Span, diagnostics: &mut Diagnostics) {
        if !self.servers.iter().any(|known| known.value == server) {
            let known = self.servers.iter().map(|known| known.value.as_str());
            diagnostics.push(
                Diagnostic::error(codes::TEST_SERVER, span, format!("there is no server `{server}`"))
                    .help_if(homeroom_definition::did_you_mean(server, known))
                    .help("servers stand under the scenario's `servers:`, such as `servers: [a, b]`"),
            );
        }
    }
}

/// `alice` of `alice#2@b`.
pub(super) fn plain_name(name: &str) -> &str {
    name.split(['#', '@']).next().unwrap_or(name)
}

/// `b` of `alice#2@b`.
pub(super) fn server_of(name: &str) -> Option<&str> {
    name.split_once('@').map(|(_, server)| server)
}

fn not_one_thing(span: Span) -> Diagnostic {
    Diagnostic::error(codes::TEST_STEP, span, "a step does one thing").help(
        "one of `connect: true`, `disconnect: true`, `emit:`, `receives:`, `may_join:`, `advance:`, `backend:`, `reload:`, `kill:`; the other keys say more of it",
    )
}
