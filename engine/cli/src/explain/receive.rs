//! Would one receive an event, and why not?

use homeroom_plan::program::EventId;
use serde_json::Value;

use super::answer::Answer;
use super::house::Seat;
use super::questions::last_asked;
use super::scene::{Scene, refusal, room_named};
use super::trail::{Found, SentTo};
use super::ways::{self, By, Way};
use super::who;
use super::words::{self, Words, listed};

impl Scene<'_> {
    pub(super) async fn ask_receive(
        &self,
        event: &str,
        data: Option<&str>,
        sent_by: Option<&str>,
        from: Option<&str>,
        from_joined: &[String],
    ) -> Result<(Answer, Option<Value>), String> {
        self.check_joined(self.joined())?;
        self.check_joined(from_joined)?;
        let payload = data.map(who::data).transpose()?;
        let known = self.namespace.server_events.iter().position(|known| *known.name == *event);
        let Some(id) = known else { return Err(format!("{} has no event `{event}` for clients", self.namespace.path)) };
        let way = self.way(event, id, sent_by)?;
        let seat = match self.seated().await {
            Ok(seat) => seat,
            Err(refused) => return Ok((*refused, payload)),
        };
        let sender = from.unwrap_or_default();
        let refused = self.bring_about(&way, payload.as_ref(), from, from_joined).await?;
        let found = self.house.found();
        let mut answer = match refused.or_else(|| refusal(&found).map(|refused| refused.code.clone())) {
            Some(code) => self.not_sent(event, &way, &code, &found, sender),
            None => self.reached(event, &way, &seat, &found).await,
        };
        answer.sentence = format!("{} of {}", answer.sentence, self.namespace.path);
        Ok((answer, payload))
    }

    /// What sends the event: what was asked for, or what there is.
    fn way(&self, event: &str, id: EventId, sent_by: Option<&str>) -> Result<Way, String> {
        let ways = ways::to_send(&self.namespace, id);
        let can_be_played = |way: &&Way| matches!(way.by, By::Backend(_) | By::Client(_));
        let name = |way: &Way| match &way.by {
            By::Client(name) | By::Backend(name) => name.clone(),
            other => other.words(),
        };
        let told =
            || listed(&ways.iter().map(|way| format!("{} ({})", way.by.words(), way.place)).collect::<Vec<_>>(), "or");
        let played: Vec<&Way> = ways.iter().filter(can_be_played).collect();
        let chosen = match sent_by {
            Some(wanted) => played.iter().find(|way| name(way) == wanted),
            None => match played.as_slice() {
                [only] => Some(only),
                several => several.iter().find(|way| way.by == By::Backend(event.to_owned())),
            },
        };
        match (chosen, sent_by) {
            (Some(way), _) => Ok((*way).clone()),
            (None, Some(wanted)) => Err(format!("`{wanted}` does not send {event}: it is sent by {}", told())),
            (None, None) if played.is_empty() => {
                Err(format!("no event that could be tried sends {event}: it is sent by {}", told()))
            }
            (None, None) => Err(format!("say with `--sent-by` which event sends {event}: {}", told())),
        }
    }

    /// Sends the event that sends the event in question. Yields the code if it is refused.
    async fn bring_about(
        &self,
        way: &Way,
        payload: Option<&Value>,
        from: Option<&str>,
        from_joined: &[String],
    ) -> Result<Option<String>, String> {
        match &way.by {
            By::Backend(name) => {
                let came = self.house.engine.backend(&self.namespace.path, name, payload.cloned()).await;
                Ok(came.err().map(|refusal| refusal.code.to_string()))
            }
            By::Client(name) => {
                let Some(from) = from else {
                    return Err(format!("{name} is sent by a client: say with `--from` by whom"));
                };
                let sender = who::person(from, self.tests, &self.namespace.path, self.settings)?;
                let came = self.house.connect(&self.namespace.path, &sender.user, Value::Null).await;
                let seat = match came {
                    Ok(seat) => seat,
                    Err((code, _)) => return Ok(Some(code)),
                };
                self.seat_in(&seat, from_joined).await;
                let args: Vec<Value> = payload.cloned().into_iter().collect();
                self.house.emit(&seat, name, &args).await;
                Ok(None)
            }
            By::Connect | By::Itself(_) => Ok(None),
        }
    }

    fn not_sent(&self, event: &str, way: &Way, code: &str, found: &[Found], sender: &str) -> Answer {
        let sentence = format!("{} would not receive {event}", self.full());
        let mut answer = Answer { sentence, refusal: Some(self.told(code)), ..Answer::default() };
        answer.facts.push(format!("It is sent by {}, which is itself refused.", way.by.words()));
        if let By::Client(name) = &way.by {
            answer
                .hints
                .push(format!("To know why, ask `homeroom explain --as {sender} emit {name}` with the same data."));
        }
        if let Some(refused) = refusal(found) {
            answer.refusal = Some(self.told_of(refused));
            let span = refused.place.as_deref().and_then(|place| self.words(None).line(place));
            answer.marks.extend(span.map(|span| (span, "refused here".to_owned())));
        }
        answer
    }

    async fn reached(&self, event: &str, way: &Way, seat: &Seat, found: &[Found]) -> Answer {
        let received: Vec<Vec<Value>> = {
            let events = seat.tape.events.lock();
            events.iter().filter(|received| received.event == event).map(|received| received.args.clone()).collect()
        };
        let sent: Vec<&SentTo> = found
            .iter()
            .filter_map(|found| match found {
                Found::Sent(sent) if sent.event == event => Some(sent),
                _ => None,
            })
            .collect();
        let would = if received.is_empty() { "would not" } else { "would" };
        let sentence = format!("{} {would} receive {event}", self.full());
        let mut answer = Answer { yes: !received.is_empty(), sentence, ..Answer::default() };
        self.tell_sent(event, way, &sent, &mut answer);
        let rooms: Vec<String> = seat.session.rooms().iter().map(ToString::to_string).collect();
        answer.facts.push(format!("{} is in {}.", self.person.short(), listed(&rooms, "and")));
        match received.is_empty() {
            false => self.tell_received(event, &received, &sent, &rooms, &mut answer),
            true => {
                for sent in sent {
                    self.tell_missed(sent, &rooms, &mut answer).await;
                }
            }
        }
        answer
    }

    fn tell_sent(&self, event: &str, way: &Way, sent: &[&SentTo], answer: &mut Answer) {
        let by = capital(&way.by.words());
        if sent.is_empty() {
            answer.facts.push(format!("{by} sends no {event} with this data ({}).", way.place));
        }
        for one in sent {
            answer.facts.push(format!("{by} sends it to {} ({}).", one.to(), way.place));
        }
    }

    fn tell_received(
        &self,
        event: &str,
        received: &[Vec<Value>],
        sent: &[&SentTo],
        rooms: &[String],
        answer: &mut Answer,
    ) {
        for one in sent {
            let through: Vec<String> = one.rooms.iter().filter(|room| rooms.contains(room)).cloned().collect();
            if !through.is_empty() {
                answer.facts.push(format!("It comes through {}.", listed(&through, "and")));
            }
        }
        let role: Vec<String> = self.person.role().map(str::to_owned).into_iter().collect();
        if let Some(view) = self.written().view(event, &role) {
            answer.marks.push((view.span, format!("what {} sees of it", self.words(None).role())));
        }
        answer.would.extend(received.iter().map(|args| format!("bring {}", words::sent(args))));
    }

    /// Why an emission did not reach the one who asks.
    async fn tell_missed(&self, sent: &SentTo, rooms: &[String], answer: &mut Answer) {
        let short = self.person.short();
        if let Some(barred) = sent.except_rooms.iter().find(|room| rooms.contains(room)) {
            answer.facts.push(format!("It is kept from everyone in {barred}, and {short} is there."));
            return;
        }
        if sent.rooms.is_empty() && !sent.everyone {
            answer.facts.push("It goes to nobody but its sender.".to_owned());
            return;
        }
        let there: Vec<String> = sent.rooms.iter().filter(|room| rooms.contains(room)).cloned().collect();
        if sent.everyone || !there.is_empty() {
            let for_all = sent.forms.iter().any(Option::is_none);
            let roles: Vec<String> = sent.forms.iter().flatten().flatten().cloned().collect();
            let reached = if there.is_empty() { "everyone".to_owned() } else { listed(&there, "and") };
            answer.facts.push(match for_all {
                false => format!(
                    "{short} is among {reached}, but it is only for {}, and {short} is {}.",
                    words::any_of(&roles),
                    self.words(None).role()
                ),
                true => format!("{short} is among {reached}, but it is not sent back to its sender."),
            });
            return;
        }
        answer.facts.push(format!("{short} is in none of the rooms that it goes to."));
        for name in &sent.rooms {
            self.tell_room(name, answer).await;
        }
    }

    /// Whether the one who asks could be in a room, and how.
    async fn tell_room(&self, name: &str, answer: &mut Answer) {
        let Some((id, _)) = room_named(&self.namespace, name) else { return };
        let may_enter = self.may_enter(name).await;
        let asked = last_asked(self.house.found());
        if may_enter {
            let entered = self.entered_by(id, name);
            answer
                .hints
                .push(format!("{} may enter {name}, and would receive it there. {entered}", self.person.short()));
        } else if let Some(asked) = asked.clone().filter(Words::is_for_others) {
            let place = asked.rules.first().map_or(asked.place.as_str(), |rule| rule.place.as_str());
            answer.facts.push(format!("{name} admits nobody who is {} ({place}).", self.words(None).role()));
        } else if let Some(asked) = asked {
            answer.marks.extend(self.words(None).marks(&asked));
            answer.asked.push(asked);
        }
    }
}

fn capital(text: &str) -> String {
    match text.split_once(' ') {
        Some(("the", rest)) => format!("The {rest}"),
        _ => text.to_owned(),
    }
}
