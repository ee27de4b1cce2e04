//! May one connect, enter a room, send an event?

use serde_json::Value;

use super::answer::{Answer, Told};
use super::scene::{Scene, refusal, room_named};
use super::trail::{Asked, AskedPart, Found, SentTo, Whose};
use super::ways;
use super::who;
use super::words::{listed, sent};

/// An answer, and what the event in question carries.
type Answered = Result<(Answer, Option<Value>), String>;

impl Scene<'_> {
    pub(super) async fn ask_connect(&self) -> (Answer, Option<Value>) {
        let came = self.connected().await;
        let found = self.house.found();
        let answer = match came {
            Err((code, _)) => self.cannot_connect(&code, found),
            Ok(_) => {
                let sentence = format!("{} may connect to {}", self.full(), self.namespace.path);
                let mut answer = Answer { yes: true, sentence, ..Answer::default() };
                self.tell_happened(&found, &mut answer);
                answer
            }
        };
        (answer, Some(self.auth().clone()))
    }

    /// The answer where the connection itself is refused.
    pub(super) fn cannot_connect(&self, code: &str, found: Vec<Found>) -> Answer {
        let sentence = format!("{} may not connect to {}", self.full(), self.namespace.path);
        let who_may = "connect".to_owned();
        let told = refusal(&found).map_or_else(|| self.told(code), |refused| self.told_of(refused));
        let mut answer = Answer { sentence, who_may, refusal: Some(told), ..Answer::default() };
        self.tell_refused(found, &mut answer);
        answer
    }

    pub(super) async fn ask_join(&self, name: &str) -> Answered {
        self.check_joined(self.joined())?;
        let (id, room) = self.room(name)?;
        let seat = self.seated().await;
        let session = seat.as_ref().ok().map(|seat| seat.session.clone());
        // In an open namespace it is the connection that says who the user is.
        let user = session.as_ref().map_or_else(|| self.person.user.clone().into(), |session| session.user.clone());
        let admitted = self.house.engine.admits(&self.namespace.path, name, &user, session.as_deref()).await;
        let found = self.house.found();
        let yes = matches!(admitted, Ok(Some(true)));
        let may = if yes { "may" } else { "may not" };
        let mut answer = Answer {
            yes,
            sentence: format!("{} {may} enter {name} of {}", self.full(), self.namespace.path),
            who_may: format!("enter {name}"),
            ..Answer::default()
        };
        if !self.alike.is_empty() {
            answer.sentence = format!("{} {may} enter {name}", self.full());
            let all: Vec<String> = [self.namespace.path.to_string()].into_iter().chain(self.alike.clone()).collect();
            answer.facts.push(format!("Its rules are the same in {}.", listed(&all, "and")));
        }
        if let Err(failed) = &admitted {
            answer.refusal =
                Some(Told { cause: failed.cause.as_ref().map(ToString::to_string), ..self.told(&failed.code) });
        } else if !yes {
            answer.refusal = Some(self.told("UNAUTHORIZED"));
            answer.remedies = self.needs().of(&room.rules, self.person.role());
        }
        answer.asked = last_asked(found).into_iter().collect();
        answer.marks = answer.asked.iter().flat_map(|asked| self.words(None).marks(asked)).collect();
        if self.alike.is_empty() {
            answer.hints.extend(seat.err().map(|refused| not_even(&refused)));
            answer.hints.extend(yes.then(|| self.entered_by(id, name)));
        }
        Ok((answer, None))
    }

    /// Which events enter a room.
    pub(super) fn entered_by(&self, room: usize, name: &str) -> String {
        let ways = ways::into_room(&self.namespace, room);
        let told: Vec<String> = ways.iter().map(|way| format!("{} ({})", way.by.words(), way.place)).collect();
        match told.as_slice() {
            [] => format!("Nothing in {} enters {name}.", self.namespace.path),
            told => format!("{name} is entered by {}.", listed(told, "or")),
        }
    }

    pub(super) async fn ask_emit(&self, event: &str, data: Option<&str>, args: Option<&str>) -> Answered {
        self.check_joined(self.joined())?;
        let payload = data.map(who::data).transpose()?;
        let args = match (&payload, args) {
            (Some(payload), _) => vec![payload.clone()],
            (None, Some(args)) => match who::value("--args", args)? {
                Value::Array(args) => args,
                _ => return Err("`--args` takes a list, such as `[1, two]`".into()),
            },
            (None, None) => Vec::new(),
        };
        let seat = match self.seated().await {
            Ok(seat) => seat,
            Err(refused) => return Ok((*refused, payload)),
        };
        let ack = self.house.emit(&seat, event, &args).await;
        let found = self.house.found();
        let mut answer = Answer::default();
        let who = self.full();
        match refusal(&found) {
            None => {
                answer.yes = true;
                answer.sentence = format!("{who} may send {event} in {}", self.namespace.path);
                self.tell_happened(&found, &mut answer);
                answer.would.push(format!("answer {}", sent(&ack)));
            }
            Some(refused) => {
                answer.sentence = format!("{who} may not send this {event} in {}", self.namespace.path);
                answer.who_may = format!("send {event}");
                answer.refusal = Some(self.told_of(refused));
                self.tell_refused(found, &mut answer);
                self.tell_missing_rooms(&mut answer).await;
            }
        }
        answer.marks = match answer.marks.is_empty() {
            true => answer.asked.iter().flat_map(|asked| self.words(payload.as_ref()).marks(asked)).collect(),
            false => answer.marks,
        };
        Ok((answer, payload))
    }

    /// What was refused, by what.
    fn tell_refused(&self, found: Vec<Found>, answer: &mut Answer) {
        let place = refusal(&found).and_then(|refused| refused.place.clone());
        let was_asked = last_asked(found).filter(|asked| !asked.admitted && is_at(asked, place.as_deref()));
        if let Some(asked) = was_asked {
            answer.remedies = self.who_may(&asked);
            answer.marks = self.words(None).marks(&asked);
            answer.asked.push(asked);
        } else if let Some(span) = place.as_deref().and_then(|place| self.words(None).line(place)) {
            let (code, is_event) =
                (answer.refusal.as_ref().map(|told| told.code.as_str()), self.is_event(place.as_deref()));
            let is_payload = code == Some("INVALID_PAYLOAD") && is_event;
            answer
                .marks
                .push((span, if is_payload { "what it may carry is said here" } else { "refused here" }.to_owned()));
            if !is_event && !self.namespace.states.is_empty() {
                answer
                    .hints
                    .push("Nothing is remembered here, as after a start; a server that runs may know more.".to_owned());
            }
        }
    }

    /// Whether an event, or connect, is declared at a place.
    fn is_event(&self, place: Option<&str>) -> bool {
        let mut events = self.namespace.client_events.values().chain([&self.namespace.connect]);
        events.any(|entry| Some(&*entry.place) == place)
    }

    fn who_may(&self, asked: &Asked) -> Vec<super::needs::Remedy> {
        let role = self.person.role();
        let rules = match &asked.subject {
            Whose::Room { name, .. } => room_named(&self.namespace, name).map(|(_, room)| &*room.rules),
            Whose::Event { name } if name == "connect" => Some(&*self.namespace.connect.rules),
            Whose::Event { name } => self.namespace.client_events.get(name.as_str()).map(|entry| &*entry.rules),
        };
        rules.map(|rules| self.needs().of(rules, role)).unwrap_or_default()
    }

    /// Whether the one who asks would be let into a room.
    pub(super) async fn may_enter(&self, room: &str) -> bool {
        let user = self.person.user.clone().into();
        matches!(self.house.engine.admits(&self.namespace.path, room, &user, None).await, Ok(Some(true)))
    }

    /// Where one would have to be in a room first: whether one may enter it, and how.
    async fn tell_missing_rooms(&self, answer: &mut Answer) {
        let rules = answer.asked.iter().flat_map(|asked| &asked.rules);
        let missing = rules.flat_map(|rule| &rule.parts).filter_map(|part| match part {
            AskedPart::Inside { rooms, holds: false } => Some(rooms.clone()),
            _ => None,
        });
        let missing: Vec<String> = missing.flatten().collect();
        for name in missing {
            let may_enter = self.may_enter(&name).await;
            let asked = last_asked(self.house.found());
            let Some((id, room)) = room_named(&self.namespace, &name) else { continue };
            if may_enter {
                let entered = self.entered_by(id, &name);
                answer.hints.push(format!("{} may enter {name}, and is not in it. {entered}", self.person.short()));
            } else if let Some(asked) = asked {
                answer.hints.push(format!("{} may not enter {name} either, by the rules above.", self.person.short()));
                answer.who_may = format!("enter {name}");
                answer.remedies = self.needs().of(&room.rules, self.person.role());
                answer.marks.extend(self.words(None).marks(&asked));
                answer.asked.push(asked);
            }
        }
    }

    /// What would happen.
    fn tell_happened(&self, found: &[Found], answer: &mut Answer) {
        for found in found {
            match found {
                Found::Asked(asked) => self.tell_asked(asked, answer),
                Found::Came { entered, left, evicted } => {
                    let told =
                        |verb: &str, rooms: &[String]| rooms.iter().map(|room| format!("{verb} {room}")).collect();
                    let all: [Vec<String>; 3] =
                        [told("enter", entered), told("leave", left), told("make leave everyone in", evicted)];
                    answer.would.extend(all.into_iter().flatten());
                }
                Found::Sent(emission) => answer.would.push(format!("send {}", emission.words())),
                Found::Writes(words) => answer.would.push(words.clone()),
                Found::Refused(_) => {}
            }
        }
    }

    fn tell_asked(&self, asked: &Asked, answer: &mut Answer) {
        match &asked.subject {
            Whose::Event { .. } => {
                answer.marks.extend(self.words(None).marks(asked));
                answer.asked.push(asked.clone());
            }
            Whose::Room { name, .. } if !asked.admitted => {
                answer.would.push(format!("go on without {name}: none of its rules admits ({})", asked.place));
            }
            Whose::Room { .. } => {}
        }
    }
}

impl SentTo {
    /// What is sent, and where to.
    pub(super) fn words(&self) -> String {
        format!("{} to {}", self.event, self.to())
    }

    /// Where it is sent to.
    pub(super) fn to(&self) -> String {
        let mut to = self.rooms.clone();
        if self.everyone {
            to.push("everyone in the namespace".to_owned());
        }
        if self.sender && !self.except_sender {
            to.push("its sender".to_owned());
        }
        let mut except = self.except_rooms.clone();
        if self.except_sender {
            except.push("its sender".to_owned());
        }
        let but = if except.is_empty() { String::new() } else { format!(", but not to {}", listed(&except, "or")) };
        format!("{}{but}", if to.is_empty() { "nobody".to_owned() } else { listed(&to, "and") })
    }
}

fn not_even(refused: &Answer) -> String {
    let place = refused.asked.first().and_then(|asked| asked.rules.first()).map(|rule| format!(" ({})", rule.place));
    let sentence = refused.sentence.replacen("may not connect", "may not even connect", 1);
    format!("{sentence}{}.", place.unwrap_or_default())
}

/// The last rules that were asked.
pub(super) fn last_asked(found: Vec<Found>) -> Option<Asked> {
    found.into_iter().rev().find_map(|found| match found {
        Found::Asked(asked) => Some(asked),
        _ => None,
    })
}

/// Whether a refusal at this place is one of these rules'.
fn is_at(asked: &Asked, place: Option<&str>) -> bool {
    let Some(place) = place else { return false };
    asked.place == place || asked.rules.iter().any(|rule| rule.place == place)
}
