//! TypeScript for clients: one module for a namespace, with Socket.IO's own generics and nothing to install.

mod types;

use std::fmt::Write;

use homeroom_plan::contract::{Carries, ClientTerms, ServerTerms, in_one_word};
use serde_json::Value;

use crate::contract::{Told, arguments, bare};
use types::{comment, key, quoted, type_of};

/// The module of a namespace.
pub(crate) fn module(told: &Told<'_>) -> String {
    let mut module = Module { told, text: String::new() };
    module.head();
    module.constants();
    module.types();
    module.client_events();
    module.server_events();
    module.socket();
    module.text
}

struct Module<'t> {
    told: &'t Told<'t>,
    text: String,
}

impl Module<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn comment(&mut self, text: Option<&str>) {
        self.text.push_str(&comment(text, 0));
    }

    fn head(&mut self) {
        self.line("// Made by `homeroom export`: change the definitions instead of this file.");
        self.line("import type { Socket } from 'socket.io-client';\n");
        self.comment(self.told.terms.description.as_deref());
        self.line(&format!("export const NAMESPACE = {};\n", quoted(self.told.path)));
        self.line("/** What this module was made of; hand it over as `auth: { token, contract: CONTRACT }`. */");
        self.line(&format!("export const CONTRACT = '{}';\n", self.told.digest()));
    }

    fn constants(&mut self) {
        let client: Vec<&str> = self.told.terms.client_events.iter().map(|event| &*event.name).collect();
        let server: Vec<&str> = self.told.terms.server_events.iter().map(|event| &*event.name).collect();
        self.names("CLIENT_EVENTS", "What a client may send.", &client);
        self.names("SERVER_EVENTS", "What a client may receive.", &server);
        let mut codes: Vec<&str> = homeroom_plan::refusals::ENGINE_CODES.to_vec();
        codes.extend(self.told.errors.keys().filter(|code| !homeroom_plan::refusals::ENGINE_CODES.contains(code)));
        let codes: Vec<String> = codes.into_iter().map(quoted).collect();
        self.line("/** Everything that can be the answer when it is no. */");
        self.line(&format!("export type RefusalCode =\n  | {};\n", codes.join("\n  | ")));
    }

    fn names(&mut self, constant: &str, what: &str, names: &[&str]) {
        self.comment(Some(what));
        self.line(&format!("export const {constant} = {{"));
        for name in names {
            self.line(&format!("  {}: {},", in_capitals(name), quoted(name)));
        }
        self.line("} as const;\n");
    }

    fn types(&mut self) {
        self.line("/** What is sent as binary. */");
        self.line("export type Binary = ArrayBuffer | Uint8Array;\n");
        let told = self.told;
        for (name, schema) in &told.types {
            self.named(name, schema, schema.get("description").and_then(Value::as_str));
        }
    }

    /// A type by its name: an interface if it is an object, so that editors show its name.
    fn named(&mut self, name: &str, schema: &Value, description: Option<&str>) {
        self.comment(description);
        let written = type_of(&bare(schema), 0);
        match written.starts_with("{\n") && !written.contains("\n} ") {
            true => self.line(&format!("export interface {name} {written}\n")),
            false => self.line(&format!("export type {name} = {written};\n")),
        }
    }

    fn client_events(&mut self) {
        let told = self.told;
        let mut members = String::new();
        for event in &told.terms.client_events {
            let word = in_one_word(&event.name);
            let payloads = self.payloads(&word, &event.carries);
            self.answers(&word, event);
            let said = spoken(event, told);
            members.push_str(&comment(Some(&said), 1));
            let ack = ack_type(&word, event);
            let params: Vec<String> = payloads.into_iter().chain([format!("ack?: {ack}")]).collect();
            // Writing to a `String` does not fail.
            let _ = writeln!(members, "  {}: ({}) => void;", key(&event.name), params.join(", "));
        }
        self.line("/** What a client may send. */");
        self.line(&format!("export interface ClientToServerEvents {{\n{members}}}\n"));
    }

    /// Declares the types of an event's arguments; yields its parameters.
    fn payloads(&mut self, word: &str, carries: &Carries) -> Vec<String> {
        match carries {
            Carries::Nothing => Vec::new(),
            Carries::One(schema) => {
                self.named(&format!("{word}Payload"), schema, None);
                vec![format!("payload: {word}Payload")]
            }
            Carries::Each(all) => {
                all.iter().enumerate().map(|(at, schema)| format!("arg{at}: {}", type_of(&bare(schema), 1))).collect()
            }
            // An ack cannot stand behind a rest parameter.
            Carries::Any => vec!["payload?: unknown".into()],
        }
    }

    fn answers(&mut self, word: &str, event: &ClientTerms) {
        if let Some([one]) = event.success.as_deref() {
            self.named(&format!("{word}Success"), one, None);
        }
        self.named(&format!("{word}Failure"), &event.failure, None);
        if let Some([_]) = event.success.as_deref() {
            self.line(&format!("export type {word}Ack = {word}Success | {word}Failure;\n"));
        }
    }

    fn server_events(&mut self) {
        let told = self.told;
        let mut members = String::new();
        let mut stems: Vec<&str> = Vec::new();
        for event in &told.terms.server_events {
            let param = match &event.carries {
                Carries::One(schema) => {
                    if !stems.contains(&event.export.as_str()) {
                        stems.push(&event.export);
                        self.received(event, schema);
                    }
                    format!("data: {}WSCEvent", event.export)
                }
                other => match arguments(other) {
                    None => "...args: unknown[]".into(),
                    Some(all) => {
                        let params = all.iter().enumerate();
                        let params = params.map(|(at, schema)| format!("arg{at}: {}", type_of(&bare(schema), 1)));
                        params.collect::<Vec<_>>().join(", ")
                    }
                },
            };
            members.push_str(&comment(event.description.as_deref(), 1));
            // A rest parameter takes the positions along.
            let positions = match event.tells_positions && !param.starts_with("...") {
                true if param.is_empty() => "at?: Record<string, string>",
                true => ", at?: Record<string, string>",
                false => "",
            };
            let _ = writeln!(members, "  {}: ({param}{positions}) => void;", key(&event.name));
        }
        if !told.terms.server_events.iter().any(|event| &*event.name == "error") {
            members.push_str(
                "  /** An event that asked for no ack was refused. */\n  error: (refusal: EventRefused) => void;\n",
            );
        }
        self.line("/** What a client is told when an event without an ack is refused, or a room is lost. */");
        self.line("export interface EventRefused {\n  event: string;\n  error: string;\n  code: RefusalCode;\n  retryAfterMs?: number;\n  errors?: Array<{ path: string; message: string }>;\n  room?: string;\n}\n");
        self.line("/** What a client may receive. */");
        self.line(&format!("export interface ServerToClientEvents {{\n{members}}}\n"));
    }

    /// `...WSEvent` is what the server sends, `...WSCEvent` what a client receives, whoever it is.
    fn received(&mut self, event: &ServerTerms, schema: &Value) {
        let stem = &event.export;
        self.named(&format!("{stem}WSEvent"), schema, event.description.as_deref());
        let mut omitted: Vec<&str> = event.views.iter().flat_map(|view| view.omit.iter().map(|name| &**name)).collect();
        omitted.sort_unstable();
        omitted.dedup();
        let received = match omitted.is_empty() {
            true => format!("{stem}WSEvent"),
            false => {
                let names: Vec<String> = omitted.into_iter().map(quoted).collect();
                let names = names.join(" | ");
                format!("Omit<{stem}WSEvent, {names}> & Partial<Pick<{stem}WSEvent, {names}>>")
            }
        };
        self.line(&format!("export type {stem}WSCEvent = {received};\n"));
        if event.views.is_empty() {
            return;
        }
        self.line(&format!(
            "/** The same, by the role of who receives it. */\nexport interface {stem}WSCEventByRole {{"
        ));
        for homeroom_plan::contract::ViewTerms { roles, omit } in &event.views {
            let names: Vec<String> = omit.iter().map(|name| quoted(name)).collect();
            let view = match names.is_empty() {
                true => format!("{stem}WSEvent"),
                false => format!("Omit<{stem}WSEvent, {}>", names.join(" | ")),
            };
            for role in roles {
                self.line(&format!("  {}: {view};", key(role)));
            }
        }
        self.line("}\n");
    }

    fn socket(&mut self) {
        let token = if self.told.terms.open { "" } else { "  token: string;\n" };
        let rest =
            self.told.terms.auth.as_ref().map(|auth| format!(" & {}", type_of(&bare(auth), 0))).unwrap_or_default();
        self.line("/** What is handed over when connecting. */");
        self.line(&format!("export type Auth = {{\n{token}  contract?: string;\n}}{rest};\n"));
        let word = self.told.word();
        self.line(&format!(
            "/** A connection to `{}`: `const socket: {word}Socket = io(NAMESPACE, {{ auth }})`. */",
            self.told.path
        ));
        self.line(&format!("export type {word}Socket = Socket<ServerToClientEvents, ClientToServerEvents>;"));
    }
}

fn ack_type(word: &str, event: &ClientTerms) -> String {
    match event.success.as_deref() {
        Some([_]) => format!("(answer: {word}Ack) => void"),
        None => format!("(...answer: unknown[] | [{word}Failure]) => void"),
        Some(all) => {
            let all: Vec<String> = all.iter().map(|one| type_of(&bare(one), 1)).collect();
            format!("(...answer: [{}] | [{word}Failure]) => void", all.join(", "))
        }
    }
}

/// What is said of an event to whoever sends it.
fn spoken(event: &ClientTerms, told: &Told<'_>) -> String {
    let mut said: Vec<String> = event.description.iter().cloned().collect();
    if !event.who.is_empty() {
        said.push(format!("For whoever {}.", event.who.join("; or ")).replace("whoever anyone who", "anyone who"));
    }
    said.extend(event.limit.iter().map(|limit| format!("Limit: {limit}.")));
    let own = event.codes.iter().filter_map(|code| told.errors.get(&**code).map(|text| format!("{code}: {text}")));
    said.extend(own);
    said.join("\n")
}

/// `grade.posted` is `GRADE_POSTED`.
fn in_capitals(name: &str) -> String {
    let word: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    if word.starts_with(|c: char| c.is_ascii_digit()) { format!("_{word}") } else { word }
}
